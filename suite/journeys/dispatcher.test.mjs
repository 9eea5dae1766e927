// The county's dispatcher and supervisor: figures that open their records, chasing, raising.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { asStaff, head, openRecord, report, take, words } from './harness/people.mjs';

/** Follows the pages of a list and counts its rows. */
async function rows(staff) {
  let count = 0;
  for (let pages = 0; pages < 40; pages += 1) {
    count += await staff.page.locator('tr[data-row]').count();
    const next = staff.page.locator('.under a').filter({ hasText: /下一页|Next/ });
    if ((await next.count()) === 0) return count;
    await staff.press(next.first());
  }
  throw new Error('the list does not end');
}

journeys('a dispatcher', (journey) => {
  journey('each figure of the board opens exactly its records', {}, async (j) => {
    await asStaff(j, 'dispatch', async (staff) => {
      await staff.visit('/desk/board');
      await staff.shot('board');
      const gauges = await staff.page.locator('.figures a').evaluateAll((all) =>
        all.map((a) => ({ href: a.getAttribute('href'), label: a.querySelector('.f-label').textContent, value: Number(a.querySelector('.f-value').textContent.replace(/\D/g, '')) })));
      assert.ok(gauges.length >= 3 && gauges[0].value > 30);
      for (const { href, label, value } of gauges) {
        await staff.visit(href);
        assert.match(await staff.page.locator('.record-head .big').innerText(), new RegExp(`^${value}`), label);
        assert.equal(await rows(staff), value, `records behind ${label}`);
      }
      await staff.visit(gauges[1].href);
      await staff.shot('drill');
      await staff.visit('/desk/board');
      const cell = staff.page.locator('#rates td').filter({ has: staff.page.locator('a.v') }).first();
      const [of, to] = (await cell.locator('small').innerText()).split('/').map(Number);
      await staff.press(cell.locator('a.v'));
      assert.equal(await rows(staff), to, 'the base of a rate');
      await staff.visit(staff.page.url().replace(/&after=[^&]*/, '').replace('part=base', 'part=counted'));
      assert.equal(await rows(staff), of, 'those that count in a rate');
    });
  });

  journey('opens places, kinds and units, and what is longest overdue', {}, async (j) => {
    await asStaff(j, 'dispatch', async (staff) => {
      for (const table of ['open-place', 'open-kind', 'open-unit']) {
        await staff.visit('/desk/board');
        const bar = staff.page.locator(`#${table} a`).first();
        assert.ok(await bar.count(), table);
        await staff.press(bar);
        assert.ok((await staff.page.locator('tr[data-row]').count()) > 0, table);
      }
      await staff.visit('/desk/list?show=late');
      const due = await staff.page.locator('tr[data-row] .c-due time').evaluateAll((all) => all.map((time) => time.dateTime));
      assert.deepEqual(due, [...due].sort());
      await staff.shot('list-late');
    });
  });

  journey('opens a village and sees what is open there, down to its grids', {}, async (j) => {
    const { number } = await report(j, { place: ['140823204000', '140823204208'], what: '阳庄村文化广场的健身器材松动了。', kind: '010502' });
    await asStaff(j, 'dispatch', async (staff) => {
      await openRecord(staff, number);
      await staff.press(staff.page.locator('main a[href="/desk/places/140823204208"]').first());
      const section = staff.page.locator('section', { has: staff.page.locator('#matter-open') });
      const places = await section.locator('a[href^="/desk/places/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
      assert.ok(places.length > 0 && places.every((href) => href.startsWith('/desk/places/140823204208')), 'of this village only');
      await staff.shot('village');
      await staff.press(section.locator('.head a'));
      let found = 0;
      for (let pages = 0; pages < 9 && !found; pages += 1) {
        found = await staff.page.locator('tr[data-row]', { hasText: number }).count();
        if (!found) await staff.press(staff.page.locator('.under a[rel=next]'));
      }
      assert.equal(found, 1, 'the whole list holds it');
    });
  });

  journey('chases in words, and so does the supervisor; the unit above takes it', {}, async (j) => {
    const { code, number } = await report(j, { place: ['140823100000', '140823100202'], what: '东社村下水道堵了一个月没人管。', kind: '010502' });
    await asStaff(j, 'dispatch', async (staff) => {
      await openRecord(staff, number);
      await take(staff, 'supervise', { order: '今天内受理。' });
      assert.match(await words(staff), /今天内受理/);
    });
    await asStaff(j, 'supervise', async (staff) => {
      await staff.visit('/desk');
      await staff.shot('inbox-supervisor');
      await openRecord(staff, number);
      await take(staff, 'supervise', { order: '两小时内回话。' });
      const chased = staff.page.locator('dl.facts > div').filter({ hasText: '督办次数' });
      assert.match(await chased.first().innerText(), /2/);
      await take(staff, 'lift', { reason: '群众等得太久。' });
      assert.match(await head(staff), /治理中心|综治中心/);
    });
    await j.visit(`/follow/${code}`);
    assert.match(await words(j), /人工提级/);
  });
});
