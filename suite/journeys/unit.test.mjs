// A unit and its measure: begun, reported against the target with evidence, extended, handed in, sent back, struck off by the programme office.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { addPart, asStaff, begin, expectStatus, fill, head, openRecord, PHOTO, send, take, words } from './harness/people.mjs';

const PHONE = { width: 390, height: 844 };

/** A day so many days from now. */
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** A programme with one measure of the unit that keeps the street lamps: its number once it is issued. */
async function measure(j, title) {
  return asStaff(j, 'planner', async (staff) => {
    await staff.visit('/desk/new/programme/open');
    await fill(staff, { title: '照明专项任务书', basis: '县委办通知' });
    await send(staff, 'open');
    await addPart(staff, 'goal', 'set', { title: '照明到位' });
    await addPart(staff, 'task', 'set', { title: '修复路灯', force: { choose: 'f1' } });
    await addPart(staff, 'measure', 'draft', { title, owner: { choose: 'cgj' }, target: '20', target_unit: '盏', due_on: day(60) });
    await take(staff, 'issue');
    return /P\d{4}-\d{2}\.\d+\.\d+\.\d+/.exec(await words(staff))[0];
  });
}

/** A step whose form is refused: its words, with what was typed still there. */
async function refused(staff, step, fields) {
  await begin(staff, step);
  await fill(staff, fields);
  expectStatus(staff, 422);
  await send(staff, step);
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') assert.equal(await staff.page.inputValue(`[name="${name}"]`), value, `${name} is kept`);
  }
  const told = staff.page.locator('.summary');
  assert.ok(await told.locator('a[href^="/help/programme#"]').count(), 'the clause');
  return told.innerText();
}

journeys('a unit', (journey) => {
  journey('reports against its target, has it extended, checked, sent back and struck off', {}, async (j) => {
    const title = `修复全部损坏的路灯${Date.now() % 100_000}`;
    const number = await measure(j, title);
    const asUnit = (walk) => asStaff(j, 'officer.urban', async (staff) => {
      await openRecord(staff, number);
      await walk(staff);
    }, { viewport: PHONE });
    const asOffice = (walk) => asStaff(j, 'planner', async (staff) => {
      await openRecord(staff, number);
      await walk(staff);
    });

    await asUnit(async (staff) => {
      assert.match(await words(staff), /目标数\s+20/);
      await take(staff, 'start', { plan: '逐村排查，先主干道后背街小巷。' });
      await take(staff, 'report', { reached: '8', report: '主干道八盏已经修好。', evidence: { files: { ...PHOTO, name: '验收单.png' } } });
      const text = await words(staff);
      assert.match(text, /已完成数\s+8/);
      assert.match(text, /完成百分比\s+40/, 'counted, not typed');
      assert.ok(await staff.page.locator('.timeline a', { hasText: '验收单' }).count(), 'the evidence stands with the report');
      await staff.shot('unit-reported');
      assert.match(await refused(staff, 'submit', { reached: '12', report: '已经修好十二盏。', evidence: { files: PHOTO } }), /还没有达到目标/);
      const files = await staff.page.locator('.files-in').evaluate((root) => [root.querySelectorAll('[name="evidence.kept"]').length, root.querySelector('[type=file]').files.length]);
      assert.deepEqual(files, [1, 0], 'what was uploaded is kept, and not sent twice');
      await staff.shot('unit-short-of-target', { keep: true });
    });

    // More time: asked for, refused with a reason, asked for again, granted; the day moves with it.
    await asUnit(async (staff) => {
      assert.match(await refused(staff, 'ask-extension', { new_due: day(30), reason: '配件没有到货' }), /新的期限应当晚于原期限/);
      await staff.visit(staff.page.url().split('/do/')[0]);
      await take(staff, 'ask-extension', { new_due: day(120), reason: '配件没有到货' });
      assert.match(await head(staff), /延期待批/);
      await staff.shot('unit-extension-asked');
    });
    await asOffice(async (staff) => {
      assert.match(await words(staff), /配件没有到货/, 'the office reads the reason');
      await take(staff, 'refuse', { opinion: '请先修已有配件的。' });
    });
    await asUnit(async (staff) => {
      assert.match(await words(staff), /请先修已有配件的/);
      assert.match(await head(staff), /实施中/);
      await take(staff, 'ask-extension', { new_due: day(90), reason: '其余配件下月到货' });
    });
    await asOffice(async (staff) => {
      await take(staff, 'approve');
      assert.match(await head(staff), /实施中/);
      await staff.press(staff.page.locator('a[href$="/why/completion"]').first());
      assert.match(await words(staff), /任务书所列期限/, 'the new day is told with what it rests on');
    });

    // Handed in, sent back for want of proof, handed in again, struck off.
    const whole = { reached: '20', report: '二十盏全部修好。', evidence: { files: PHOTO } };
    await asUnit((staff) => take(staff, 'submit', whole));
    await asOffice(async (staff) => {
      assert.match(await head(staff), /待核验/);
      await staff.shot('unit-to-be-checked');
      await take(staff, 'send-back', { opinion: '缺西社村的验收照片。' });
    });
    await asUnit(async (staff) => {
      assert.match(await words(staff), /缺西社村的验收照片/, 'why it came back');
      await staff.shot('unit-sent-back');
      // Two units did it: their parts sum to what was reached, else it is not taken, and what was typed stays.
      const again = { ...whole, report: '二十盏全部修好，补上西社村的照片。' };
      const parts = (mine, theirs) => ({ 'shares.0.unit': { choose: 'cgj' }, 'shares.0.part': mine, 'shares.1.unit': { choose: 'slj' }, 'shares.1.part': theirs });
      assert.match(await refused(staff, 'submit', { ...again, ...parts('12', '7') }), /各单位完成数的合计，应当等于已完成数/);
      await staff.shot('unit-shares', { keep: true });
      await fill(staff, parts('12', '8'));
      await send(staff, 'submit');
      assert.match(staff.page.url(), /done=submit/);
    });
    await asOffice(async (staff) => {
      await take(staff, 'strike-off');
      assert.match(await head(staff), /已销号/);
      assert.match(await words(staff), /完成百分比\s+100/);
      assert.match(await words(staff), /各单位完成数[\s\S]*水利局[\s\S]*8/, 'who did how much stands on record');
    });
    await asUnit(async (staff) => {
      assert.equal(await staff.page.locator('.actions a[href*="/do/"], .actions form').count(), 0, 'nothing is left to do');
      await staff.shot('unit-struck-off');
    });
  });

  journey('may not check its own measure or ask in the office’s place', {}, async (j) => {
    const number = await measure(j, `整修背街小巷路灯${Date.now() % 100_000}`);
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await staff.visit(`/desk/list?q=${number}`);
      assert.equal(await staff.page.locator('tr[data-row]').count(), 0, 'another unit does not see it');
    });
    await asStaff(j, 'officer.urban', async (staff) => {
      await openRecord(staff, number);
      for (const step of ['strike-off', 'approve', 'amend', 'chase']) {
        assert.equal(await staff.page.locator(`.actions [href$="/do/${step}"], .actions [action$="/do/${step}"]`).count(), 0, step);
      }
    });
  });
});
