// A form for the villages: what registers hold already is told, what another form asks is merged, the rest is admitted and may be cancelled.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { timeless } from './harness/later.mjs';
import { asStaff, expectStatus, openRecord, take, words } from './harness/people.mjs';

/** Fills in the application; what is not shown yet is asked for by “more rows”. */
async function apply(staff, { subject, items, households = '10' }) {
  await staff.visit('/desk/new/form/apply');
  await staff.page.fill('[name=subject]', subject);
  await staff.page.fill('[name=founded_on]', '示例办法第8条');
  for (const [row, [what, sort, at]] of items.entries()) {
    if (!(await staff.page.locator(`[name="items.${row}.what"]`).count())) await staff.press('button[name=_pick][value=items]');
    await staff.page.fill(`[name="items.${row}.what"]`, what);
    await pick(staff, `items.${row}.sort`, sort);
    if (at) await pick(staff, `items.${row}.at`, at);
  }
  await pick(staff, 'period', 'monthly');
  await staff.page.locator('[name=to][value=tongcheng]').check();
  await staff.page.fill('[name=fillers]', households);
  await staff.press('#form-apply .send button');
}

async function pick(staff, name, value) {
  const select = staff.page.locator(`select[name="${name}"]`);
  if (await select.count()) return void (await select.selectOption(value));
  await staff.page.locator(`[name="${name}"][value="${value}"]`).check();
}

/** The number of the record whose page is open. */
const number = async (staff) => /B\d{4}-\d{4}/.exec(await words(staff))?.[0];

journeys('forms', (journey) => {
  journey('are applied for; what registers hold is not asked again', {}, async (j) => {
    const mark = Date.now() % 100000;
    let first;
    let second;
    await asStaff(j, 'officer.urban', async (staff) => {
      expectStatus(staff, 422);
      await apply(staff, { subject: `工作人员通讯录${mark}`, items: [['手机号', 'text'], ['姓名', 'text'], ['归谁管', 'text', 'units.superior']] });
      assert.match(await words(staff), /请从台账取，不必再向基层要/);
      assert.ok(await staff.page.locator('[role=alert] a[href^="/help/forms"]').count(), 'the clause');
      assert.equal(await staff.page.inputValue('[name="items.1.what"]'), '姓名', 'what was typed stands');
      await staff.shot('form-held', { keep: true, langs: [] });
      await apply(staff, { subject: `护林防火月报${mark}`, items: [['联系方式', 'text'], [`巡山次数${mark}`, 'number'], [`隐患处数${mark}`, 'number']] });
      first = await number(staff);
      assert.ok(first, await words(staff));
      const text = await words(staff);
      assert.match(text, /申请要的项数\s+3/);
      assert.match(text, /准许要的项数\s+2/);
      assert.match(text, /电话/, 'the register’s field that holds it');
      await staff.shot('form-applied');
    });
    await asStaff(j, 'officer.water', async (staff) => {
      await apply(staff, { subject: `护林防火统计表${mark}`, items: [[`巡山次数${mark}`, 'number'], [`隐患处数${mark}`, 'number']] });
      second = await number(staff);
      assert.ok(second && second !== first);
    });
    await asStaff(j, 'dispatch', async (staff) => {
      await openRecord(staff, first);
      await take(staff, 'admit');
      await openRecord(staff, second);
      assert.match(await words(staff), new RegExp(first), 'another form that asks the same is shown');
      await staff.shot('form-same');
      await take(staff, 'merge', { into: first });
      assert.match(await words(staff), /已合并/);
      await openRecord(staff, first);
      await take(staff, 'cancel', { reason: '不再需要' });
      assert.match(await words(staff), /已取消/);
      assert.match(await words(staff), /准许要的项数\s+0/, 'what it asked is saved, and said so');
    });
  });
});

const { begin, later } = timeless();

journeys('an admitted form', (journey) => {
  journey('ends by itself after a year, and whoever still needs it applies anew', {}, async (j) => {
    let form;
    await asStaff(j, 'officer.urban', async (staff) => {
      await apply(staff, { subject: '路灯巡查月报', items: [['联系方式', 'text'], ['路灯盏数', 'number'], ['损坏盏数', 'number']] });
      form = await number(staff);
    });
    await asStaff(j, 'dispatch', async (staff) => {
      await openRecord(staff, form);
      await take(staff, 'admit');
      const text = await words(staff);
      assert.match(text, /已准入/);
      assert.match(text, /有效期/, 'the day on which it ends is told');
      await staff.shot('form-admitted');
    });

    // Thirty days before its term ends it is told, and nothing has changed.
    await later(j, 340, async (there) => {
      await asStaff(there, 'officer.urban', async (staff) => {
        await openRecord(staff, form);
        const text = await words(staff);
        assert.match(text, /已准入/);
        assert.match(text, /准许要的项数\s+2/);
        await staff.shot('form-near-its-end');
      });
    });

    // A weekend or holiday may lie at the end of the year's term.
    await later(j, 376, async (there) => {
      await asStaff(there, 'officer.urban', async (staff) => {
        await staff.visit('/desk');
        assert.match(await words(staff), /路灯巡查月报/, 'it waits for whoever had applied for it');
        await openRecord(staff, form);
        const text = await words(staff);
        assert.match(text, /已到期/);
        assert.match(text, /准许要的项数\s+0/, 'nobody need fill it in any more');
        assert.match(text, /到期停用/);
        await staff.shot('form-ended');
        await take(staff, 'renew', { founded_on: '示例办法第8条' });
        const anew = await words(staff);
        assert.match(anew, /待审/);
        assert.match(anew, /准许要的项数\s+2/, 'and it asks again what no register holds');
      });
      await asStaff(there, 'dispatch', async (staff) => {
        await openRecord(staff, form);
        await take(staff, 'admit');
        assert.match(await words(staff), /已准入/);
      });
    });
  });
}, begin);
