// Two programmes side by side: matrix, board, lists and figures of each are its own, and nothing is left out of a total.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { timeless } from './harness/later.mjs';
import { ownServer } from './harness/server.mjs';
import { addPart, asStaff, begin, fill, openRecord, send, take, words } from './harness/people.mjs';

const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** A programme with measures of the unit that keeps the street lamps, each due after so many days: its identifier, and the measures' numbers. */
async function programme(staff, title, dues) {
  await staff.visit('/desk/new/programme/open');
  await fill(staff, { title, basis: '县委办通知' });
  await send(staff, 'open');
  const id = new URL(staff.page.url()).pathname.split('/').pop();
  await addPart(staff, 'goal', 'set', { title: '照明到位' });
  await addPart(staff, 'task', 'set', { title: '修复路灯', force: { choose: 'f1' } });
  const task = new URL(staff.page.url()).pathname;
  const numbers = [];
  for (const [at, due] of dues.entries()) {
    await staff.visit(task);
    await addPart(staff, 'measure', 'draft', { title: `${title}第${at + 1}条`, owner: { choose: 'cgj' }, target: '20', target_unit: '盏', due_on: day(due) });
    await take(staff, 'issue');
    numbers.push(/P\d{4}-\d{2}\.\d+\.\d+\.\d+/.exec(await words(staff))[0]);
  }
  return { id, title, numbers };
}

/** What a matrix, its foot and the select over it say. */
const matrix = async (staff) => ({
  chips: await staff.page.locator('.matrix a.mx').count(),
  total: parseInt(await staff.page.locator('.matrix tfoot .total').innerText(), 10),
  heads: await staff.page.locator('.matrix thead th').allInnerTexts(),
  chosen: await staff.page.locator('#apart').inputValue(),
});

journeys('two programmes', (journey) => {
  for (const script of [true, false]) {
    journey(`are looked at apart, ${script ? 'with' : 'without'} script: matrix, board, list, figures`, { script }, async (j) => {
      const stamp = `${Date.now() % 100_000}`;
      await asStaff(j, 'planner', async (staff) => {
        const first = await programme(staff, `甲年任务书${stamp}`, [40, 70, 100]);
        // Of the second one a measure is due long after the others: it stands in no month of the page.
        const second = await programme(staff, `乙年任务书${stamp}`, [50, 900]);
        await staff.visit('/desk/list?mechanism=measure&view=forces');
        const newest = await matrix(staff);
        assert.equal(newest.chosen, second.id, 'the newest one that runs is shown unasked');
        assert.deepEqual([newest.chips, newest.total], [2, 2]);
        assert.match(newest.heads.at(-2), /更晚/, 'what is due later has a column');
        await staff.shot('programmes-matrix');
        // The later column opens exactly its measures.
        await staff.press(staff.page.locator('.matrix tbody tr td .all').last());
        assert.equal(await staff.page.locator('tr[data-row]').count(), 1);
        assert.match(await words(staff), new RegExp(second.numbers[1].replaceAll('.', '\\.')));
        await staff.shot('programmes-later');

        const choose = async (id) => {
          await staff.page.selectOption('#apart', id);
          await staff.press('form.apart button');
        };
        await staff.visit('/desk/list?mechanism=measure&view=forces');
        await choose(first.id);
        const older = await matrix(staff);
        assert.deepEqual([older.chosen, older.chips, older.total], [first.id, 3, 3]);
        // Views, filters and files stay with the one chosen.
        await staff.press(staff.page.locator('nav.tabs a', { hasText: '进度分栏' }));
        assert.equal(await staff.page.locator('#apart').inputValue(), first.id);
        const cards = await staff.page.locator('.board-column li[data-row]').allInnerTexts();
        assert.ok(cards.length >= 3 && cards.every((card) => !card.includes(second.title)), 'the board holds its measures only');
        await staff.press(staff.page.locator('nav.tabs a', { hasText: '措施清单' }));
        assert.equal(await staff.page.locator('tr[data-row]').count(), 3);
        const csv = await staff.page.request.get(await staff.page.locator('.under a[href*=".csv?"]').first().getAttribute('href'));
        assert.equal((await csv.text()).trim().split(/\r?\n/).length, 4, 'headings and three measures');
        await choose('all');
        assert.ok((await staff.page.locator('tr[data-row]').count()) >= 5, 'all together are more');

        // Figures by unit and force: each programme counts its own.
        for (const [one, n] of [[second, 2], [first, 3]]) {
          await staff.visit('/desk/figures/measure');
          if (one === first) await choose(first.id);
          assert.equal(await staff.page.locator('#apart').inputValue(), one.id);
          const unit = await staff.page.locator('#unit tbody tr').allInnerTexts();
          assert.equal(unit.length, 1, 'one unit is in charge of all of them');
          assert.match(unit[0], new RegExp(`\\b${n}\\b`));
          if (one === first) await staff.shot('programmes-figures');
          const href = await staff.page.locator('a[href*="indicator=measures"][href*="unit="]').first().getAttribute('href');
          await staff.visit(href);
          assert.equal(await staff.page.locator('tr[data-row]').count(), n, href);
        }
      });
    });
  }
  // A county of its own: which programme is the newest must not hang on what other journeys draw up meanwhile.
}, () => ownServer(['--no-past']));

const { begin: start, later } = timeless();

journeys('a measure', (journey) => {
  journey('that is late offers no step that would be refused; a change of its unit tells both', {}, async (j) => {
    const stamp = `${Date.now() % 100_000}`;
    let number;
    let late;
    await asStaff(j, 'planner', async (staff) => {
      ({ numbers: [number, late] } = await programme(staff, `丙年任务书${stamp}`, [30, 3]));
      await openRecord(staff, number);
      await take(staff, 'alter', { title: '换了单位的措施', owner: { choose: 'slj' }, due_on: day(35), ground: '分工调整' });
    });
    for (const login of ['officer.urban', 'officer.water']) {
      await asStaff(j, login, async (staff) => {
        await staff.visit('/desk/notices');
        assert.match(await words(staff), new RegExp(`措施${number}有变更`), login);
      });
    }
    await asStaff(j, 'force.1', async (staff) => {
      await staff.visit('/desk');
      assert.match(await words(staff), new RegExp(number.replaceAll('.', '\\.')), 'what waits for the force stands in its inbox');
    });
    await asStaff(j, 'officer.urban', async (staff) => {
      await openRecord(staff, late);
      await take(staff, 'start', { plan: '逐村排查，先主干道后背街小巷。' });
    });
    await later(j, 10, async (there) => {
      await asStaff(there, 'force.1', async (staff) => {
        await staff.visit('/desk/list?mechanism=measure&view=list&under=all&f.overdue=true&state=under-way');
        assert.equal(await staff.page.locator('tr[data-row]').count(), 1);
        await staff.press(staff.page.locator('[data-row-link]').first());
        const steps = staff.page.locator('.actions');
        const main = await steps.locator('.main').allInnerTexts();
        assert.deepEqual(main, ['报告进展'], 'late, and nothing reached yet: what can be done is to report');
        assert.match(await steps.locator('li').last().innerText(), /申请延期[\s\S]*应当在到期前申请延期/);
        const course = await staff.page.locator('.timeline .what strong').allInnerTexts();
        assert.equal(course.filter((title) => title.startsWith('超期')).length, 1, 'what passed and what the system did by it stand in one place');
        await staff.shot('late-measure');
      });
      await asStaff(there, 'planner', async (staff) => {
        await staff.visit('/desk/list?mechanism=programme');
        await staff.press(staff.page.locator('[data-row-link]').first());
        const against = staff.page.locator('.actions li', { hasText: '办结任务书' });
        assert.match(await against.innerText(), /还有措施没有销号/, 'why it can’t be taken now stands beside it');
        assert.equal(await against.locator('a, button').count(), 0);
        await staff.shot('not-now');
        // The office may still alter what is late.
        await openRecord(staff, late);
        await begin(staff, 'alter');
      });
    });
  });
}, start);
