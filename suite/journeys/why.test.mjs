// Anybody who asks why: each deadline shows its start, the days that do not count, and its clause.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { asStaff, openRecord, report, take, words } from './harness/people.mjs';

const PLACE = ['140823100000', '140823100200'];

/** The clause that a page links to must stand on the page of the rules. */
async function clauseStands(j) {
  const clause = j.page.locator('.derivation a.clause').first();
  const href = await clause.getAttribute('href');
  assert.match(href, /^\/help\/[a-z]+#/);
  await j.press(clause);
  const anchor = decodeURIComponent(new URL(j.page.url()).hash.slice(1));
  assert.equal(await j.page.evaluate((id) => document.getElementById(id) !== null, anchor), true, `${href} leads to a heading`);
}

journeys('anybody who asks why', (journey) => {
  journey('a resident sees how the deadline was computed', {}, async (j) => {
    const { code } = await report(j, { place: PLACE, what: '西社村污水外溢，想知道什么时候办。', kind: '010501' });
    await j.visit(`/follow/${code}`);
    await j.press(j.page.locator('.status-card a.why'));
    const text = await words(j);
    assert.match(text, /时限/);
    assert.ok((await j.page.locator('ol.count li').count()) >= 2, 'beginning and end');
    assert.match(text, /开始|起/);
    await j.shot('why-resident');
    await clauseStands(j);
  });

  journey('working days that are skipped are named with their reason', {}, async (j) => {
    const { number } = await report(j, { place: PLACE, what: '西社村巷道泥泞，需要几家一起办。', kind: '020103' });
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await openRecord(staff, number);
      await take(staff, 'accept');
      await take(staff, 'joint', { partners: ['jtj'], request: '请测算工程量。' });
    });
    await asStaff(j, 'dispatch', async (staff) => {
      // Records of past months: their answers were counted over weekends and holidays.
      await staff.visit('/desk/list?show=late');
      const links = await staff.page.locator('[data-row-link]').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
      let seen = false;
      for (const href of links.slice(0, 12)) {
        await staff.visit(href);
        const all = (await staff.page.locator('#deadlines').textContent().catch(() => '')) ?? '';
        if (/不计入|不算|周末|假/.test(all)) {
          seen = true;
          assert.match(all, /周末|休息日|节/, 'the reason stands beside the days');
          await staff.page.locator('#deadlines details').last().evaluate((details) => details.setAttribute('open', ''));
          await staff.shot('record-deadlines', { langs: [], keep: true });
          break;
        }
      }
      assert.ok(seen, 'one of the late ones was counted over days that do not count');
    });
  });

  journey('the rules can be read, clause by clause, in both languages', {}, async (j) => {
    await j.visit('/help');
    const groups = await j.page.locator('article section').evaluateAll((all) => all.map((one) => [...one.querySelectorAll('a')].map((a) => a.getAttribute('href'))));
    assert.equal(groups.length, 3, 'rules, what they name, where their examples play');
    assert.ok(groups[0].includes('/help/matter') && !groups[0].includes('/help/example-county') && !groups[0].includes('/help/units'));
    assert.deepEqual(groups[2], ['/help/example-county']);
    await j.shot('help');
    await j.press(j.page.locator('main a[href="/help/matter"]'));
    for (const link of await j.page.locator('.contents ol a').all()) {
      const id = decodeURIComponent((await link.getAttribute('href')).split('#')[1]);
      assert.equal(await j.page.evaluate((wanted) => document.getElementById(wanted) !== null, id), true, id);
    }
    await j.shot('help-matter');
  });
});
