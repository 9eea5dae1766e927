// The work programme in its views: matrix, cells, saved filters, chosen columns, one step of many.
import assert from 'node:assert/strict';
import { DESKTOP, journeys } from './harness/index.mjs';
import { asStaff as enter, expectStatus, words } from './harness/people.mjs';

let LIST;
/** Walks with the list of the year's own programme, which is the oldest: other journeys may have drawn up newer ones. */
const asStaff = (j, login, walk, options) => enter(j, login, async (staff) => {
  if (!LIST && login === 'planner') {
    await staff.visit('/desk/list?mechanism=programme');
    const href = await staff.page.locator('[data-row-link]').last().getAttribute('href');
    LIST = `/desk/list?mechanism=measure&under=${href.split('/').pop()}`;
  }
  await walk(staff);
}, options);
const rows = (staff) => staff.page.locator('tr[data-row]').count();

journeys('views of the work programme', (journey) => {
  journey('a cell of the matrix opens exactly its records', { viewport: DESKTOP }, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      await staff.visit(`${LIST}&view=forces`);
      await staff.shot('matrix');
      assert.equal(await staff.page.locator('.matrix tbody tr').count(), 8, 'eight forces');
      assert.equal(await staff.page.locator('.matrix thead th').count(), 14, 'a force, twelve months, a total');
      assert.ok((await staff.page.locator('.matrix-legend li').count()) >= 5, 'colours are told in words');
      const chips = await staff.page.locator('.matrix a.mx').evaluateAll((all) => all.map((a) => a.title));
      assert.ok(chips.length > 40 && chips.every((words) => words.includes(' · ')), 'every measure tells its state in words');
      const cells = await staff.page.locator('.matrix td .all').evaluateAll((all) => all.map((a) => ({ href: a.getAttribute('href'), n: parseInt(a.textContent, 10) })));
      for (const { href, n } of [cells[0], cells.at(-1)]) {
        await staff.visit(href);
        assert.equal(await rows(staff), n, href);
      }
      await staff.press(staff.page.locator('[data-row-link]').first());
      assert.match(staff.page.url(), /\/desk\/r\//);
    }, { viewport: DESKTOP });
  });

  journey('the other views show the same measures', { viewport: DESKTOP }, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      for (const view of ['owners', 'progress', 'calendar', 'course', 'book']) {
        await staff.visit(`${LIST}&view=${view}`);
        await staff.shot(`view-${view}`);
        assert.ok((await staff.page.locator('main a[href^="/desk/r/"]').count()) > 0, view);
      }
      await staff.visit('/desk/lists');
      await staff.shot('lists');
    }, { viewport: DESKTOP });
  });

  journey('every view is taken along: the matrix as it looks, the others as their records, the month for calendar programs', {}, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      const file = async (ending) => {
        const link = staff.page.locator(`.under a[href*=".${ending}?"]`);
        const answer = await staff.page.request.get(await link.first().getAttribute('href'));
        assert.equal(answer.status(), 200, ending);
        return answer.body();
      };
      const lines = async () => (await file('csv')).toString('utf8').replace('\uFEFF', '').trim().split(/\r?\n/);
      await staff.visit(`${LIST}&view=forces`);
      const told = await staff.page.locator('.matrix tfoot .total').innerText();
      const counts = await lines();
      assert.equal(counts.length, 10, 'headings, eight forces, totals');
      assert.equal(counts.at(-1).split(',').at(-1), told);
      const sums = counts.slice(1, -1).map((line) => line.split(',').slice(1, -1).reduce((sum, n) => sum + Number(n), 0));
      assert.equal(String(sums.reduce((sum, n) => sum + n, 0)), told, 'the cells add up');
      assert.equal((await file('xlsx')).subarray(0, 2).toString(), 'PK');
      for (const view of ['progress', 'course']) {
        await staff.visit(`${LIST}&view=${view}`);
        assert.equal((await lines()).length - 1, Number(told), `${view}: as many as the matrix counts`);
      }
      await staff.visit(`${LIST}&view=calendar&at=2026-12`);
      const records = (await lines()).length - 1;
      assert.ok(records > 0);
      const days = (await file('ics')).toString('utf8');
      assert.equal(days.match(/BEGIN:VEVENT/g).length, records);
      assert.match(days, /DTSTART;VALUE=DATE:202612\d\d/);
      // What the view of sites shows of closed ones, its file and the lists behind it show too.
      await staff.visit('/desk/list?mechanism=follow-up&view=progress');
      for (const column of await staff.page.locator('.board-column h2 a').evaluateAll((all) => all.map((a) => [a.getAttribute('href'), parseInt(a.nextElementSibling.textContent, 10)]))) {
        await staff.visit(column[0]);
        assert.ok((await rows(staff)) >= Math.min(column[1], 15), column[0]);
      }
    });
  });

  journey('on a telephone the chosen view is in sight among the tabs; a long list is chosen from as a whole', {}, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      for (const view of ['list', 'calendar', 'book']) {
        await staff.visit(`${LIST}&view=${view}`);
        const [bar, tab] = [await staff.page.locator('nav.tabs').boundingBox(), await staff.page.locator('nav.tabs [aria-current]').boundingBox()];
        assert.ok(tab.x >= bar.x - 1 && tab.x + tab.width <= bar.x + bar.width + 1, view);
      }
      await staff.visit(`${LIST}&view=list`);
      assert.equal(await rows(staff), 30);
      await staff.shot('list-short');
      await staff.press('.bulk-bar a');
      const all = await rows(staff);
      assert.ok(all > 100, `${all} measures on one page`);
      assert.equal(await staff.page.locator('.bulk-bar a').count(), 0);
      await staff.page.locator('.bulk-bar input[name=all]').check();
      await staff.page.selectOption('#bulk-step', 'issue');
      await staff.press('.bulk-bar button');
      assert.equal(await staff.page.locator('.bulk-lines tbody tr').count(), all);
    });
  });

  journey('a file tells the same day as the page by which something is due', { viewport: DESKTOP }, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      const list = `${LIST}&view=list&cols=number,due&show=open`;
      await staff.visit(list);
      const pairs = await staff.page.locator('tr[data-row]').evaluateAll((all) => all.map((row) => [row.querySelector('.c-number, .c-title > a')?.textContent.trim(), row.querySelector('.c-due time')?.getAttribute('datetime')]));
      const told = pairs.filter(([, due]) => due);
      assert.ok(told.length > 0, 'something is due');
      const href = await staff.page.locator('.under a[href*=".csv?"]').first().getAttribute('href');
      const lines = (await (await staff.page.request.get(href)).text()).split(/\r?\n/);
      for (const [number, due] of told) assert.ok(lines.some((line) => line.includes(number) && line.includes(due.replace('T', ' '))), `${number} ${due}`);
    }, { viewport: DESKTOP });
  });

  journey('a search tells how many there are and pages on', {}, async (j) => {
    await asStaff(j, 'dispatch', async (staff) => {
      await staff.visit(`/desk/list?q=${encodeURIComponent('村')}`);
      const [, last, all] = (await staff.page.locator('.paging span').innerText()).match(/(\d+)件，共([\d,]+)件/);
      assert.equal(last, '50');
      const first = await staff.page.locator('tr[data-row] a').first().getAttribute('href');
      await staff.press('.paging a[rel=next]');
      assert.match(await staff.page.locator('.paging span').innerText(), new RegExp(`第51–.*共${all}件`));
      assert.notEqual(await staff.page.locator('tr[data-row] a').first().getAttribute('href'), first);
      await staff.shot('search-second');
    });
  });

  journey('a filter is saved under a name and found again; columns are chosen', {}, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      await staff.visit(`${LIST}&view=list&f.overdue=true`);
      const before = await rows(staff);
      assert.ok(before > 0, 'something is overdue');
      await staff.page.locator('.save-list summary').click();
      await staff.page.fill('#save-name', 'late ones');
      await staff.press('.save-list button');
      await staff.visit(`${LIST}&view=list`);
      await staff.press(staff.page.locator('.saved a', { hasText: 'late ones' }));
      assert.equal(await rows(staff), before);
      await staff.press('.saved button');
      assert.equal(await staff.page.locator('.saved a', { hasText: 'late ones' }).count(), 0, 'it is forgotten');
      await staff.page.locator('.columns-of summary').click();
      await staff.page.locator('.columns-of input[value=chased]').check();
      await staff.press('.columns-of button[class=quiet]');
      assert.equal(await staff.page.locator('th', { hasText: /督办次数|Times chased/ }).count(), 1);
      await staff.page.locator('.columns-of summary').click();
      await staff.press('.columns-of button[name=reset]');
      assert.equal(await staff.page.locator('th', { hasText: /督办次数|Times chased/ }).count(), 0);
    });
  });

  journey('a name that cannot be kept is refused in words', {}, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      await staff.visit(`${LIST}&view=list&f.overdue=true`);
      await staff.page.locator('.save-list summary').click();
      await staff.press('.save-list button');
      assert.match(await staff.page.locator('.flash').innerText(), /名称|name/);
    });
  });

  for (const script of [true, false]) {
    journey(`overdue measures are chased together, ${script ? 'with' : 'without'} script; one is refused`, { script }, async (j) => {
      await asStaff(j, 'supervise', async (staff) => {
        // What is struck off can't be chased: it is chosen along with the others.
        await staff.visit(`${LIST}&view=list&state=done`);
        const done = await staff.page.locator('input[name=id]').first().getAttribute('value');
        await staff.visit(`${LIST}&view=list&f.overdue=true`);
        const open = await staff.page.locator('input[name=id]').evaluateAll((all) => all.slice(0, 3).map((input) => input.value));
        assert.ok(open.length >= 2);
        for (const id of open) await staff.page.locator(`input[name=id][value="${id}"]`).check();
        // The last of them is swapped for one that is done, as if it had been struck off meanwhile.
        await staff.page.selectOption('#bulk-step', 'chase');
        if (script) await staff.page.locator(`input[name=id][value="${open.at(-1)}"]`).evaluate((input, value) => { input.value = value; }, done);
        await staff.press('.bulk-bar button');
        const refused = script ? 1 : 0;
        const chosen = async () => {
          assert.equal(await staff.page.locator('.bulk-lines tbody tr').count(), open.length);
          assert.equal(await staff.page.locator('.bulk-lines .chip.tone-late').count(), refused);
        };
        await chosen();
        // The switches keep the choice and what was typed, and carry nothing out.
        await staff.page.fill('[name=order]', '尚未写完');
        for (const lang of ['en', 'zh']) {
          await staff.switchLanguage(lang);
          await chosen();
          assert.equal(await staff.page.locator('.summary').count(), 0, 'nothing has been sent yet');
          assert.equal(await staff.page.locator('[name=order]').inputValue(), '尚未写完');
        }
        await staff.page.locator('[name=_type]').click();
        await staff.page.waitForFunction(() => document.documentElement.dataset.type === 'large');
        await chosen();
        await staff.page.locator('[name=_type]').click();
        await staff.page.waitForFunction(() => document.documentElement.dataset.type === 'normal');
        await staff.page.fill('[name=order]', '');
        expectStatus(staff, 422);
        await staff.press('form.form .send .main');
        assert.ok(await staff.page.locator('.summary').count(), 'the order is missing, and said so');
        await staff.page.fill('[name=order]', '三日内报进展。');
        await staff.press('form.form .send .main');
        await staff.shot('bulk-preview');
        const told = await staff.page.locator('.bulk-lines').innerText();
        await staff.switchLanguage('en');
        assert.match(await staff.page.locator('form.form .send .main').innerText(), /\d/, 'still the last step before it is carried out');
        await staff.switchLanguage('zh');
        assert.equal(await staff.page.locator('.bulk-lines').innerText(), told, 'the preview stands as it was');
        assert.equal(await staff.page.locator('[name=order]').inputValue(), '三日内报进展。', 'nothing typed is lost');
        assert.equal(await staff.page.locator('.bulk-lines .chip.tone-late').count(), refused);
        if (refused) assert.ok(await staff.page.locator('.why-not a.clause').count(), 'the refusal tells its clause');
        await staff.press('form.form .send .main');
        await staff.page.locator('p.flash').waitFor();
        assert.equal(await staff.page.locator('.bulk-lines .chip.tone-good').count(), open.length - refused);
        assert.equal(await staff.page.locator('.bulk-lines .chip.tone-late').count(), refused);
        await staff.shot('bulk-done');
        // The switches tell the same once more, and carry nothing out.
        const dones = () => staff.page.locator('.bulk-lines .chip.tone-good').count();
        for (const lang of ['en', 'zh']) {
          await staff.switchLanguage(lang);
          assert.match(await words(staff), lang === 'en' ? /Taken/ : /已办理/);
          assert.equal(await dones(), open.length - refused);
          assert.equal(await staff.page.locator('.bulk-lines .chip.tone-late').count(), refused);
        }
      }, { script });
    });
  }

  journey('the figures of the programme open what they count', { viewport: DESKTOP }, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      await staff.visit('/desk/list?mechanism=programme');
      // The year's own programme, which is the oldest: the planner's journey may have drawn up another one.
      await staff.press(staff.page.locator('[data-row-link]').last());
      const figures = await staff.page.locator('a[href*="/counted/"]').evaluateAll((all) => all.map((a) => ({ href: a.getAttribute('href'), n: parseInt(a.textContent.replace(/\D/g, ''), 10) })));
      assert.ok(figures.length >= 4, 'goals, tasks, measures, struck off');
      for (const { href, n } of figures) {
        await staff.visit(href);
        let seen = await rows(staff);
        while (await staff.page.locator('.under a[rel=next]').count()) {
          await staff.press('.under a[rel=next]');
          seen += await rows(staff);
        }
        assert.equal(seen, n, href);
      }
    }, { viewport: DESKTOP });
  });
});
