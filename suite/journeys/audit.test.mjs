// The auditor verifies the log and sees every look at personal data; nobody else does.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { asStaff, expectStatus, openRecord, report, words } from './harness/people.mjs';

const PHONE = '13712345678';
const PURPOSE = '电话核实断路位置';

/** Waits until the verification has ended; the page comes again by itself. */
async function ended(j) {
  await j.page.locator('#last-h').waitFor({ timeout: 60_000 });
  await j.page.locator('progress').waitFor({ state: 'detached', timeout: 60_000 });
  await j.check();
  return j.page.locator('section:has(#last-h)').innerText();
}

journeys('an auditor', (journey) => {
  journey('verifies all, a record and a period, and sees who looked', {}, async (j) => {
    const { number } = await report(j, {
      place: ['140823100000', '140823100200'], what: '西社村田间路被雨水冲断。', kind: '010501', name: '赵审计', phone: PHONE,
    });
    await asStaff(j, 'officer.urban', async (staff) => {
      await openRecord(staff, number);
      await staff.page.locator('#personal summary').first().click();
      await staff.page.fill('[name=purpose]', PURPOSE);
      await staff.press('#look .send button');
      await staff.visit('/desk/audit', { status: 404 });
      await staff.visit('/desk/audit/looks', { status: 404 });
      assert.equal(await staff.page.locator('nav a[href="/desk/audit"]').count(), 0);
    });
    await asStaff(j, 'audit', async (staff) => {
      await staff.visit('/desk');
      await staff.press('nav a[href="/desk/audit"]');
      await staff.press('button[value=whole]');
      assert.match(await ended(staff), /核验通过：[\d,]+ 条无误/);
      await staff.shot('audit');

      await staff.page.fill('#record', number.toLowerCase());
      await staff.press('button[value=record]');
      assert.match(await ended(staff), new RegExp(`核验通过：\\d+ 条无误[^]*${number}`));

      const today = new Date().toISOString().slice(0, 10);
      await staff.page.fill('#from', today);
      await staff.page.fill('#to', '2099-01-01');
      await staff.press('button[value=period]');
      assert.match(await ended(staff), /核验通过|没有条目/);

      expectStatus(staff, 422);
      await staff.page.fill('#record', 'W2026-999999');
      await staff.press('button[value=record]');
      assert.match(await staff.page.locator('#record-error').innerText(), /没有这个编号/);
      assert.equal(await staff.page.locator('#record').inputValue(), 'W2026-999999', 'what was typed stays');
      await staff.page.fill('#record', '01a21febf75f45e1597e29302c21b3b4');
      await staff.press('button[value=record]');
      assert.match(await staff.page.locator('#record-error').innerText(), /没有这个编号/, 'an identifier that no record has');
      await staff.page.fill('#from', '2026-05-02');
      await staff.page.fill('#to', '2026-05-01');
      await staff.press('button[value=period]');
      await staff.page.locator('#period-error').waitFor();
      await staff.shot('audit-bad', { langs: [], keep: true });

      await staff.visit('/desk/audit/looks');
      const told = await words(staff);
      assert.ok(told.includes(PURPOSE) && told.includes(number) && !told.includes(PHONE), told);
      await staff.shot('audit-looks');
      await staff.page.fill('#person', 'window');
      await staff.press('#looks-filter button');
      const others = await words(staff);
      assert.ok(!others.includes(PURPOSE) && !others.includes('还没有人查看过'), 'another person has not looked');
      await staff.page.fill('#person', '无此人');
      await staff.press('#looks-filter button');
      assert.match(await staff.page.locator('#person-error').innerText(), /没有这个人/);
      await staff.visit('/desk/audit/looks?person=officer.urban');
      await staff.press(staff.page.locator('tbody a').filter({ hasText: number }).first());
      assert.ok((await words(staff)).includes(PURPOSE));
    });
  });
});
