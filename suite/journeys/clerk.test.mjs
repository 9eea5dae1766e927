// The clerk at the window: takes a report for somebody, sees what is already there, merges, classifies.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { asStaff, chooseKind, fillReport, head, openRecord, receipt, report, take, words } from './harness/people.mjs';

const PLACE = ['140823100000', '140823100201'];
const WORDS = '中社村东头变压器旁边的污水井一直往外冒污水。';

journeys('a clerk', (journey) => {
  journey('takes a report for somebody and sees that it is here already', {}, async (j) => {
    const first = await report(j, { place: PLACE, what: WORDS, kind: '010501' });
    await asStaff(j, 'window', async (staff) => {
      await staff.visit('/desk');
      await staff.shot('inbox-clerk');
      await staff.visit('/desk/new/matter/report');
      await staff.shot('new-clerk');
      await fillReport(staff, { place: PLACE, what: WORDS, name: '李来访', phone: '13900246801' });
      await staff.press('button[name=_check]');
      const panel = staff.page.locator('#duplicates');
      assert.match(await panel.innerText(), new RegExp(first.number), 'the matter of before is listed');
      assert.equal(await staff.page.locator('[name=what]').inputValue(), WORDS, 'what was typed stays');
      assert.equal(await staff.page.locator('[name=contact_phone]').inputValue(), '13900246801');
      await staff.shot('new-duplicates', { langs: [], keep: true });
      await chooseKind(staff, '');
      await staff.press('#form-report .send button');
      const second = await receipt(staff);
      await openRecord(staff, second.number);
      assert.match(await head(staff), /待分类派单/, 'without a kind it waits to be classified');
      assert.match(await words(staff), /窗口/, 'the channel is noted');
      const merge = staff.page.locator('.duplicates li').filter({ hasText: first.number }).locator('form button');
      await staff.press(merge.first());
      assert.match(await head(staff), /已并办/);
      await openRecord(staff, first.number);
      const reporters = staff.page.locator('dl.facts > div').filter({ hasText: '反映人数' });
      assert.match(await reporters.first().innerText(), /2/, 'both who reported are counted');
    });
  });

  journey('classifies, and the rules name the handler by kind and place', {}, async (j) => {
    const { number } = await report(j, { place: PLACE, what: '不知道归谁管：中社村水压太小上不去水。' });
    const other = await report(j, { place: PLACE, what: '中社村另一件：广场健身器材坏了。' });
    await asStaff(j, 'window', async (staff) => {
      await openRecord(staff, number);
      await take(staff, 'link', { related: other.number });
      await take(staff, 'classify', { kind: { choose: '010102' } });
      assert.match(await head(staff), /已派单待受理/);
      assert.match(await head(staff), /水利局/);
      assert.match(await words(staff), /自动派单|按类别和地点派单/);
      assert.match(await words(staff), new RegExp(other.number), 'the linked one is named');
    });
  });
});
