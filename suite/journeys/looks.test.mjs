// Personal data: covered unless a purpose is stated; each look is listed.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { asStaff, expectStatus, openRecord, report, words } from './harness/people.mjs';

const PHONE = '13612344321';
const DISPATCHER = '贺晓禾';
const PURPOSE = '电话核实污水位置';

journeys('personal data', (journey) => {
  journey('of members of staff stand on their own page, with who looked and why', {}, async (j) => {
    const why = `核对值班电话${Date.now() % 100_000}`;
    await asStaff(j, 'dispatch', async (staff) => {
      await staff.visit('/desk/account');
      const own = await staff.page.locator('#own').innerText();
      assert.match(own, /联系电话[\s\S]*0359-555-\d{4}[\s\S]*工作联系和通知/, 'his own data are not covered for him');
      assert.ok(!own.includes(why));
      await staff.shot('account-own');
    });
    await asStaff(j, 'admin', async (staff) => {
      await staff.visit(`/desk/list?mechanism=people&q=${encodeURIComponent('dispatch')}`);
      await staff.press(staff.page.locator('tr[data-row]', { hasText: DISPATCHER }).locator('[data-row-link]'));
      await staff.page.locator('#personal summary').first().click();
      await staff.page.fill('[name=purpose]', why);
      await staff.press('#look .send button');
    });
    await asStaff(j, 'dispatch', async (staff) => {
      await staff.visit('/desk/account');
      assert.match(await staff.page.locator('#own li', { hasText: why }).innerText(), /联系电话/);
    });
  });

  journey('stays covered until a purpose is stated, and the look is listed', {}, async (j) => {
    const { number } = await report(j, {
      place: ['140823100000', '140823100200'], what: '西社村污水井盖丢了，请联系我。', kind: '010501', name: '赵遮盖', phone: PHONE,
    });
    await asStaff(j, 'officer.urban', async (staff) => {
      const record = await openRecord(staff, number);
      assert.ok(!(await staff.page.content()).includes(PHONE), 'the number is not in the page at all');
      assert.ok(!(await staff.page.content()).includes('赵遮盖'));
      assert.match(await staff.page.locator('#personal').innerText(), /\*|•|＊|×/, 'a cover stands in its place');
      await staff.page.locator('#personal summary').first().click();
      expectStatus(staff, 422);
      await staff.press('#look .send button');
      assert.ok(!(await staff.page.content()).includes(PHONE), 'no look without a purpose');
      await staff.page.fill('[name=purpose]', PURPOSE);
      await staff.press('#look .send button');
      const shown = await staff.page.locator('#personal').innerText();
      assert.ok(shown.includes(PHONE) && shown.includes('赵遮盖'), shown);
      await staff.shot('looked', { langs: [], keep: true });
      await staff.visit(record);
      assert.ok(!(await staff.page.content()).includes(PHONE), 'covered again on the next visit');
      await staff.press(staff.page.locator('#personal a[href$="/looks"]'));
      const looks = await words(staff);
      assert.ok(looks.includes(PURPOSE) && !looks.includes(PHONE), looks);
      await staff.shot('looks');
    });
    await asStaff(j, 'audit', async (staff) => {
      const record = await openRecord(staff, number);
      assert.ok(!(await staff.page.content()).includes(PHONE));
      assert.equal(await staff.page.locator('#look').count(), 0, 'an auditor may not uncover');
      await staff.visit(`${record}/looks`);
      assert.match(await words(staff), new RegExp(PURPOSE));
    });
  });
});
