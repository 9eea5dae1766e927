// Bad input: a clear message, typed text kept, nothing half done, no stack trace.
import assert from 'node:assert/strict';
import { DESKTOP, journeys } from './harness/index.mjs';
import { PHOTO, asStaff, begin, choosePlace, expectStatus, fill, fillReport, head, openRecord, receipt, report, send, take, words } from './harness/people.mjs';

const PLACE = ['140823100000', '140823100200'];

journeys('bad input', (journey) => {
  for (const script of [true, false]) {
    const how = script ? 'with' : 'without';
    journey(`a text too short and no place, ${how} JavaScript`, { script }, async (j) => {
      await j.visit('/report');
      await j.page.fill('[name=what]', '坏');
      await j.page.fill('[name=contact_name]', '王打字');
      expectStatus(j, 422);
      await j.press('#form-report .send button');
      const alert = await j.page.locator('[role=alert]').innerText();
      assert.match(alert, /2/, 'says how many characters are needed');
      assert.match(alert, /在哪里/, 'both faults at once');
      assert.equal(await j.page.inputValue('[name=what]'), '坏');
      assert.equal(await j.page.inputValue('[name=contact_name]'), '王打字');
      await words(j);
      if (script) await j.shot('report-faults', { langs: [], keep: true });
      await j.page.fill('[name=what]', '坏了，路灯坏了。');
      await choosePlace(j, PLACE);
      await j.press('#form-report .send button');
      await receipt(j);
    });
  }

  journey('a place that does not exist', { lang: 'en' }, async (j) => {
    await j.visit('/report');
    await j.page.fill('[name=what]', 'Somebody changed the form.');
    await j.page.evaluate(() => { document.querySelector('[data-place-value]').value = '999999999999'; });
    expectStatus(j, 422);
    await j.press('#form-report .send button');
    assert.match(await j.page.locator('[role=alert]').innerText(), /no place/);
    assert.equal(await j.page.inputValue('[name=what]'), 'Somebody changed the form.');
  });

  journey('a file that is no photo', { script: false }, async (j) => {
    await j.visit('/report');
    await fillReport(j, { place: PLACE, what: '附件不是照片。', photo: { name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no photo at all') } });
    expectStatus(j, 422);
    await j.press('#form-report .send button');
    assert.match(await j.page.locator('[role=alert]').innerText(), /照片/);
    assert.equal(await j.page.inputValue('[name=what]'), '附件不是照片。');
    await j.page.setInputFiles('[name=photos]', PHOTO);
    await j.press('#form-report .send button');
    await receipt(j);
  });

  journey('the script says at once that a file is no photo', {}, async (j) => {
    await j.visit('/report');
    await j.page.setInputFiles('[name=photos]', { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('notes') });
    await j.page.locator('.files-in .status', { hasText: /照片/ }).waitFor();
  });

  journey('a stale page in two tabs and a step out of order', {}, async (j) => {
    const { number } = await report(j, { place: PLACE, what: '两个窗口同时办理的一件。', kind: '010501' });
    await asStaff(j, 'officer.urban', async (one) => {
      const record = await openRecord(one, number);
      await take(one, 'accept');
      await begin(one, 'answer');
      await fill(one, { done: '第一个窗口写好的长答复。', result: { choose: 'solved' } });
      await asStaff(j, 'officer.urban', async (two) => {
        await two.visit(record);
        await take(two, 'ask-resident', { question: '请问是哪一栋楼？' });
      });
      expectStatus(one, 409);
      await send(one, 'answer');
      assert.equal(await one.page.inputValue('[name=done]'), '第一个窗口写好的长答复。', 'typed text is kept');
      const alert = await one.page.locator('[role=alert]').innerText();
      assert.match(alert, /请反映人补充/, 'says what happened meanwhile');
      await words(one);
      await one.shot('stale', { langs: [], keep: true });
      await send(one, 'answer');
      assert.match(await head(one), /已答复待评价/, 'sent again after reading, it goes through');
      await one.visit(`${record}/do/accept`, { status: 409 });
      assert.match(await words(one), /受理/);
    });
  });

  journey('a form whose step has gone shows what was typed, to be copied', {}, async (j) => {
    const { number } = await report(j, { place: PLACE, what: '退回写到一半，别人已经受理。', kind: '010501' });
    await asStaff(j, 'officer.urban', async (one) => {
      const record = await openRecord(one, number);
      await begin(one, 'refuse');
      await fill(one, { reason: '写了很久的退回理由。', clause: '县级模板第三条' });
      await asStaff(j, 'officer.urban', async (two) => {
        await two.visit(record);
        await take(two, 'accept');
      });
      expectStatus(one, 409);
      await send(one, 'refuse');
      assert.ok((await one.page.locator('.kept textarea').evaluateAll((all) => all.map((text) => text.value.trim()))).includes('写了很久的退回理由。'));
      await one.visit(record);
      assert.match(await head(one), /办理中/, 'nothing was done twice');
    });
  });

  journey('wrong addresses and rights', {}, async (j) => {
    await j.visit('/no/such/page', { status: 404 });
    await words(j);
    await j.shot('not-found', { langs: [], keep: true });
    await j.visit('/receipt/nothing', { status: 404 });
    await words(j);
    await asStaff(j, 'officer.water', async (staff) => {
      await staff.visit('/desk/r/00000000000000000000000000000000', { status: 404 });
      await staff.visit('/desk/r/not-an-id', { status: 404 });
      await words(staff);
    });
    const { number } = await report(j, { place: PLACE, what: '别的单位看不到这一件。', kind: '010501' });
    const path = await asStaff(j, 'officer.urban', (staff) => openRecord(staff, number));
    await asStaff(j, 'officer.water', async (staff) => {
      await staff.visit(path, { status: 404 });
      assert.doesNotMatch(await words(staff), /别的单位看不到这一件/);
    });
  });

  journey('a wrong password', { viewport: DESKTOP }, async (j) => {
    await j.visit('/desk');
    assert.match(j.page.url(), /\/desk\/sign-in/, 'the desk asks to sign in first');
    await j.shot('sign-in');
    const form = j.page.locator('main form').filter({ has: j.page.locator('[type=password]') });
    await form.locator('[name=login]').fill('window');
    await form.locator('[name=password]').fill('wrong-password');
    j.watched.expect(/40\d|42\d/);
    await j.press(form.locator('.send button'));
    assert.equal(await j.page.inputValue('[name=login]'), 'window');
    assert.equal(await j.page.inputValue('[name=password]'), '', 'a password is never sent back');
    assert.match(await words(j), /不对|错误|不正确/);
    await j.page.goto('/desk');
    assert.match(j.page.url(), /\/desk\/sign-in/);
  });

  journey('a form from another visit is refused without its token', {}, async (j) => {
    await asStaff(j, 'window', async (staff) => {
      await staff.visit('/desk/new/matter/report');
      await staff.page.evaluate(() => { document.querySelector('#form-report [name=_csrf]').value = 'forged'; });
      await staff.page.fill('[name=what]', '伪造的表单');
      expectStatus(staff, 403);
      await staff.press('#form-report .send button');
      await words(staff);
    });
  });
});
