// The register of documents: issued, read by each addressee, asked about, and linked to the mechanism that it founds.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { asStaff, openRecord, take, words } from './harness/people.mjs';

journeys('the register of documents', (journey) => {
  journey('tells who has read a notice, and what it founds', {}, async (j) => {
    const subject = `关于公示每月一件事的通知 ${Date.now() % 100000}`;
    let notice;
    await asStaff(j, 'officer.urban', async (staff) => {
      await staff.visit('/desk/new/notice/issue');
      await staff.page.fill('[name=subject]', subject);
      await staff.page.fill('[name=gist]', '每个村把党员每月承诺的事在公示页上公开。');
      const founds = staff.page.locator('select[name=founds]');
      if (await founds.count()) await founds.selectOption('pledge');
      else await staff.page.locator('[name=founds][value=pledge]').check();
      for (const unit of ['tongcheng', 'slj']) await staff.page.locator(`[name=to][value=${unit}]`).check();
      await staff.press('#form-issue .send button');
      notice = /T\d{4}-\d{4}/.exec(await words(staff))?.[0];
      assert.ok(notice, await words(staff));
      const text = await words(staff);
      assert.match(text, /每月一件事/, 'the mechanism that it founds');
      assert.equal(await staff.page.locator('.children li').count(), 2, 'one receipt for each addressee');
      assert.match(text, /待阅/);
      await staff.shot('notice-issued');
    });
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await staff.visit('/desk/notices');
      await staff.press(staff.page.locator('.notices a').filter({ hasText: subject }).first());
      await take(staff, 'ask', { question: '从哪个月开始？' });
    });
    await asStaff(j, 'officer.urban', async (staff) => {
      await openRecord(staff, notice);
      await staff.press(staff.page.locator('.children li').filter({ hasText: '有疑问' }).locator('a').first());
      await take(staff, 'answer', { reply: '从下个月开始。' });
    });
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await staff.visit('/desk/notices');
      await staff.press(staff.page.locator('.notices a').filter({ hasText: subject }).first());
      assert.match(await words(staff), /从下个月开始/);
      await staff.press('.actions form[action$="/do/confirm"] button');
      assert.match(await words(staff), /已阅/);
    });
    await asStaff(j, 'officer.urban', async (staff) => {
      await openRecord(staff, notice);
      const parts = staff.page.locator('.children li');
      assert.equal(await parts.filter({ hasText: '已阅' }).count(), 1);
      assert.equal(await parts.filter({ hasText: '待阅' }).count(), 1, 'who has not read it yet');
      const rule = await staff.page.locator('a[href^="/help/pledge"]').count();
      assert.ok(rule >= 1, 'from the notice to the rule that it founds');
      await staff.shot('notice-read');
      // And back: the rule names the notices that found it, for whoever may read them.
      await staff.press(staff.page.locator('a[href^="/help/pledge"]').first());
      const founded = staff.page.locator('.founded li').filter({ hasText: subject });
      assert.match(await founded.innerText(), new RegExp(`通知 ${notice}`));
      await staff.shot('rule-founded');
      await staff.press(founded.locator('a'));
      assert.match(await words(staff), new RegExp(notice));
    });
    await j.visit('/help/pledge');
    assert.equal(await j.page.locator('.founded').count(), 0, 'notices are no business of the public');
    assert.ok((await j.page.locator('.others a').count()) > 5);
    await asStaff(j, 'secretary.yangzhuang', async (staff) => {
      await staff.visit('/help/pledge');
      assert.equal(await staff.page.locator('.founded li').filter({ hasText: subject }).count(), 0, 'who may not read it is not told of it');
    });
  });
});
