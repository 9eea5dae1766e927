// Handlers in a department and in a township, and the township's leader.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { PHOTO, asStaff, begin, fill, head, openRecord, report, send, take, words } from './harness/people.mjs';

const PLACE = ['140823100000', '140823100200'];

journeys('a handler', (journey) => {
  journey('has one inbox ordered by what is due', {}, async (j) => {
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await staff.visit('/desk');
      const due = await staff.page.locator('tr[data-row] .c-due time').evaluateAll((all) => all.map((time) => time.dateTime));
      assert.ok(due.length >= 3, `${due.length} rows with a deadline`);
      assert.deepEqual(due, [...due].sort(), 'the nearest comes first');
      await staff.shot('inbox-officer');
      await staff.press(staff.page.locator('[data-row-link]').first());
      assert.ok((await staff.page.locator('.actions li').count()) > 0, 'what waits for me offers steps');
      await staff.shot('record-officer');
    });
  });

  journey('refuses with reason and clause; the dispatcher reassigns; the next one accepts and answers with a file', {}, async (j) => {
    const { code, number } = await report(j, { place: PLACE, what: '西社村北头停水两天了，一滴水都没有。', kind: '010101' });
    await asStaff(j, 'officer.water', async (staff) => {
      const record = await openRecord(staff, number);
      await begin(staff, 'refuse');
      staff.watched.expect(/422/);
      await fill(staff, { reason: '本村供水由镇办水厂负责。' });
      await send(staff, 'refuse');
      assert.match(await staff.page.locator('[role=alert]').innerText(), /依据条款/, 'no refusal without a clause');
      assert.equal(await staff.page.locator('[name=reason]').inputValue(), '本村供水由镇办水厂负责。');
      await staff.shot('step-refused', { langs: [], keep: true });
      await fill(staff, { clause: '县级模板第三条' });
      await send(staff, 'refuse');
      await j.visit(`/follow/${code}`);
      assert.match(await words(j), /本村供水由镇办水厂负责/, 'the resident reads the reason');
      assert.ok(record);
    });
    await asStaff(j, 'dispatch', async (staff) => {
      await openRecord(staff, number);
      assert.match(await head(staff), /退回待重派/);
      await take(staff, 'reassign', { to_unit: { choose: 'cgj' }, reason: '经会商由城市管理局牵头。' });
      assert.match(await head(staff), /已派单待受理/);
      assert.match(await head(staff), /城市管理局/);
    });
    await asStaff(j, 'officer.urban', async (staff) => {
      await openRecord(staff, number);
      await take(staff, 'accept', { plan: '今天下午到现场。' });
      await take(staff, 'answer', { done: '已恢复供水。', result: { choose: 'solved' }, files: { files: { ...PHOTO, name: '现场.png' } } });
      assert.match(await head(staff), /已答复待评价/);
    });
    await j.visit(`/follow/${code}`);
    assert.match(await j.page.locator('.answer').innerText(), /已恢复供水/);
    assert.ok((await j.page.locator('.answer a[href*="/files/"]').count()) > 0, 'the file goes with the answer');
  });

  journey('three transfers raise it a level by themselves', {}, async (j) => {
    const { code, number } = await report(j, { place: PLACE, what: '西社村口污水外溢，没有人愿意管。', kind: '010501' });
    const pass = (login, to) =>
      asStaff(j, login, async (staff) => {
        await openRecord(staff, number);
        await take(staff, 'pass-on', { to_unit: { choose: to }, reason: '职责不在本单位，转主管单位。' });
      });
    await pass('officer.urban', 'slj');
    await pass('officer.water', 'cgj');
    await pass('officer.urban', 'slj');
    await j.visit(`/follow/${code}`);
    const text = await words(j);
    assert.match(text, /已提到上一级/, 'the resident sees that it was raised');
    assert.match(await j.page.locator('.status-card').innerText(), /综治中心|治理中心/, 'it lies with the unit above');
  });

  journey('a township whistles for a department, which reports in, replies and is confirmed', {}, async (j) => {
    const { number } = await report(j, { place: PLACE, what: '西社村内土路泥泞，希望硬化。', kind: '020103' });
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await openRecord(staff, number);
      await take(staff, 'accept');
      await take(staff, 'joint', { partners: ['jtj'], request: '请协助测算工程量。' });
      await take(staff, 'whistle', { partners: ['cgj'], request: '请到现场核实占道。', meet: '明天九点，村委会。' });
      assert.equal(await staff.page.locator('.children li').count(), 2, 'both parts stand on the page');
      await staff.shot('record-joint');
      const against = staff.page.locator('.actions li').filter({ has: staff.page.getByText('答复', { exact: true }) });
      assert.match(await against.innerText(), /协办单没有全部办完/, 'why there can be no answer yet stands beside the step');
      assert.equal(await against.locator('a, button').count(), 0);
      // Whoever has the form open already is told the same.
      await staff.visit(`/desk/r/${/r\/([0-9a-f]+)/.exec(staff.page.url())[1]}/do/answer`);
      await fill(staff, { done: '先答复。', result: { choose: 'planned' } });
      staff.watched.expect(/40\d|42\d/);
      await send(staff, 'answer');
      assert.match(await staff.page.locator('[role=alert]').innerText(), /协办单没有全部办完/, 'no answer while parts are open');
      assert.equal(await staff.page.locator('[name=done]').inputValue(), '先答复。');
    });
    await asStaff(j, 'officer.urban', async (staff) => {
      await openRecord(staff, number);
      await staff.press(staff.page.locator('.children a').filter({ hasText: '城市管理局' }));
      assert.match(await words(staff), /明天九点/);
      await take(staff, 'join');
      await take(staff, 'reply', { done: '已到现场，占道已清。' });
    });
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await openRecord(staff, number);
      await staff.press(staff.page.locator('.children a').filter({ hasText: '城市管理局' }));
      await take(staff, 'confirm');
      assert.match(await head(staff), /已完成/);
    });
  });

  journey('asks for an extension, which the leader approves', {}, async (j) => {
    const { code, number } = await report(j, { place: PLACE, what: '西社村太阳能路灯坏了一半。', kind: '020202' });
    let before;
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await openRecord(staff, number);
      await take(staff, 'accept');
      before = await staff.page.locator('.record-head time').first().getAttribute('datetime');
      await take(staff, 'ask-extension', { more_time: { choose: 'd7' }, reason: '灯杆需要订货。' });
      assert.match(await head(staff), /延期待批/);
    });
    await asStaff(j, 'leader.tongcheng', async (staff) => {
      await staff.visit('/desk');
      await staff.shot('inbox-leader');
      await openRecord(staff, number);
      await take(staff, 'approve-extension', { opinion: '同意，请告知群众。' });
      const after = await staff.page.locator('.record-head time').first().getAttribute('datetime');
      assert.ok(after > before, `the deadline moved: ${before} → ${after}`);
    });
    await j.visit(`/follow/${code}`);
    assert.match(await words(j), /灯杆需要订货/, 'the reason is told to the resident');
  });
});
