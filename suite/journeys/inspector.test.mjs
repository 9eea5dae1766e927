// Standards and sites: a unit checks itself, an inspector checks point by point, what falls short is put right.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { addPart, asStaff, begin, expectStatus, fill, head, openRecord, PHOTO, send, take, words } from './harness/people.mjs';
import { ownServer } from './harness/server.mjs';

const POINTS = ['p1', 'p2', 'p3', 'p4', 'p5'];
const PHONE = { width: 390, height: 844 };

/** Ticks the boxes of a check list, all but some. */
async function tick(staff, table, column, but = []) {
  const rows = await staff.page.locator(`[name^="${table}."][name$=".item"]`).evaluateAll((all) => all.map((one) => [one.name.split('.')[1], one.value]));
  for (const [row, item] of rows) await staff.page.locator(`[type=checkbox][name="${table}.${row}.${column}"]`).setChecked(!but.includes(item));
  return rows.map(([, item]) => item);
}

// A site is planned at a village or community of one township.
async function plan(staff, name, place) {
  await staff.visit('/desk/new/site/plan');
  const { page } = staff;
  await page.fill('[name=name]', name);
  for (const [level, code] of ['140823100000', place].entries()) {
    const select = page.locator(`[name="where.${level}"]`);
    await select.locator(`option[value="${code}"]`).waitFor({ state: 'attached' });
    await select.selectOption(code);
  }
  await page.fill('[name=theme]', '邻里议事');
  await page.locator('select[name=builder]').selectOption('tongcheng');
  await page.fill('[name=due_on]', new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10));
  await send(staff, 'plan');
}

journeys('an inspector', (journey) => {
  journey('accepts a site the second time; the first time it fell short', {}, async (j) => {
    const name = `邻里议事亭${Date.now() % 100_000}（演示）`;
    let number;
    await asStaff(j, 'planner', async (staff) => {
      await plan(staff, name, '140823100200');
      number = /S\d{4}-\d{3}/.exec(await words(staff))[0];
    });
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await openRecord(staff, number);
      await take(staff, 'start', { plan: '利用旧戏台搭建议事亭，设意见簿和公开栏。' });
      await take(staff, 'submit', { account: '已经建成', photos: { files: PHOTO } });
    }, { viewport: PHONE });
    await asStaff(j, 'inspector', async (staff) => {
      await openRecord(staff, number);
      await begin(staff, 'inspect');
      assert.deepEqual(await tick(staff, 'points', 'fine', ['p2']), POINTS, 'one row for each point');
      await staff.shot('site-inspect');
      await send(staff, 'inspect');
      await take(staff, 'demand', { demand: '加固栏杆', right_by: new Date(Date.now() + 12 * 86_400_000).toISOString().slice(0, 10) });
    });
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await openRecord(staff, number);
      await take(staff, 'submit', { account: '栏杆已加固', photos: { files: PHOTO } });
    });
    await asStaff(j, 'inspector', async (staff) => {
      await openRecord(staff, number);
      await begin(staff, 'inspect');
      await tick(staff, 'points', 'fine');
      await send(staff, 'inspect');
      assert.match(await words(staff), /待命名/);
      await staff.shot('site-accepted');
    });
    await asStaff(j, 'planner', async (staff) => {
      await openRecord(staff, number);
      await take(staff, 'name');
      assert.match(await words(staff), /已命名/);
    });
  });

  journey('sees that the offices meet the six, each figure with its records', {}, async (j) => {
    await asStaff(j, 'inspector', async (staff) => {
      await staff.visit('/desk/list?mechanism=standard');
      assert.equal(await staff.page.locator('tr[data-row]').count(), 13, 'the centre and twelve offices');
      await staff.shot('standards');
      await staff.press(staff.page.locator('tr[data-row] [data-row-link]').first());
      await staff.shot('standard');
      const told = await staff.page.locator('.timeline .what').allInnerTexts();
      assert.ok(told.length > 3 && told.some((line) => line.includes('记入检查结果')));
      assert.equal(new Set(told).size, told.length, `a result is taken once, even where all is met at once: ${told}`);
      await staff.visit('/desk/list?mechanism=round');
      await staff.press(staff.page.locator('tr[data-row] [data-row-link]').last());
      assert.match(await words(staff), /逐项检查/);
      await staff.shot('round');
    });
  });

  journey('does not let a name be given twice in one place', {}, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      const name = `同名示范点${Date.now() % 100_000}（演示）`;
      const same = () => plan(staff, name, '140823100206');
      await same();
      const number = /S\d{4}-\d{3}/.exec(await words(staff))[0];
      expectStatus(staff, 409);
      await same();
      const refused = await words(staff);
      assert.match(refused, /这里已经有同名的示范点/);
      assert.ok(refused.includes(number));
    });
  });
});

/** The rows of a check list: the number by which a row's fields are called, by its point. */
async function points(staff, table) {
  const rows = await staff.page.locator(`[name^="${table}."][name$=".item"]`).evaluateAll((all) => all.map((one) => [one.value, one.name.split('.')[1]]));
  return new Map(rows);
}

journeys('a standard', (journey) => {
  journey('is checked by the office itself and by an inspector; what falls short is put right, looked at again and then met', {}, async (j) => {
    const soon = new Date(Date.now() + 12 * 86_400_000).toISOString().slice(0, 10);
    let round;
    let page;
    await asStaff(j, 'planner', async (staff) => {
      await staff.visit('/desk/new/standard/list');
      await fill(staff, { unit: { choose: 'tongcheng' }, rubric: { choose: 'six' } });
      await send(staff, 'list');
      assert.match(await head(staff), /未检查/);
      await addPart(staff, 'round', 'spot-check', {});
      round = /K\d{4}-\d{4}/.exec(await words(staff))[0];
      page = new URL(staff.page.url()).pathname;
    });
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await openRecord(staff, round);
      await begin(staff, 'check');
      for (const row of (await points(staff, 'cells')).values()) {
        await staff.page.locator(`[type=checkbox][name="cells.${row}.done"]`).check();
        await staff.page.fill(`[name="cells.${row}.account"]`, '已经做到，佐证在办公室。');
      }
      await staff.shot('self-check', { langs: [], keep: true });
      await send(staff, 'check');
      assert.match(await head(staff), /待检查/);
    }, { viewport: PHONE });
    await asStaff(j, 'inspector', async (staff) => {
      await openRecord(staff, round);
      await begin(staff, 'inspect');
      assert.equal((await tick(staff, 'findings', 'met', ['six-2'])).length, 6);
      expectStatus(staff, 422);
      await send(staff, 'inspect');
      assert.match(await words(staff), /没有达到的项要写明整改要求和期限/);
      assert.equal(await staff.page.locator('[type=checkbox][name^="findings."][name$=".met"]:checked').count(), 5, 'what was ticked is kept');
      const row = (await points(staff, 'findings')).get('six-2');
      await fill(staff, { [`findings.${row}.demand`]: '会议室装修完工', [`findings.${row}.right_by`]: soon });
      await staff.shot('inspect-short', { langs: [], keep: true });
      await send(staff, 'inspect');
      assert.match(await head(staff), /整改中/);
      await staff.shot('round-righting');
    });
    const order = `${round}.1`;
    const right = (account) =>
      asStaff(j, 'officer.tongcheng', async (staff) => {
        await openRecord(staff, order);
        await take(staff, 'right', { account, photos: { files: PHOTO } });
      });
    const inspector = (walk) =>
      asStaff(j, 'inspector', async (staff) => {
        await openRecord(staff, order);
        await walk(staff);
      });
    await right('墙面已经刷好');
    await inspector((staff) => take(staff, 'send-back', { opinion: '桌椅还没有到位' }));
    await right('桌椅已经到位');
    await inspector(async (staff) => {
      await take(staff, 'close');
      assert.match(await head(staff), /已销单/);
      await staff.visit(page);
      assert.match(await head(staff), /已达标/, 'with its last order the round is met');
      await staff.shot('round-met');
      await staff.visit('/desk/list?mechanism=standard');
      assert.match(await staff.page.locator('tr[data-row]').innerText(), /六有[\s\S]*是/, 'the office meets its standard');
      await staff.press(staff.page.locator('[data-row-link]').first());
      assert.match(await words(staff), /要点数\s+6\s+已达到\s+6/, 'and so is the office');
    });
  });
  // Nothing has been listed there: the offices of the demo's past would be listed already.
}, () => ownServer(['--no-past']));
