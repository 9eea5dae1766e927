// The planner: a programme from a sheet, with faults and without, again with a change; its sheet on paper; a measure chased.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { journeys } from './harness/index.mjs';
import { asStaff, begin, expectStatus, fill, head, send, take, words } from './harness/people.mjs';

const HEADINGS = '目标,任务,牵头专班,措施,责任单位,配合单位,目标数,计量单位,完成期限';
const ROWS = [
  '建强组织体系,规范化建设,强基赋能专班,整顿软弱涣散村党组织,mzj,"zzzx、zjj",６,个,2027年3月1日',
  ',,,活动场所补短板,zjj,,24,处,2027/6/30',
  '办好群众的事,热线办理,f1,热线按期办结,zzzx,,100,件,2027-05-31',
];

/** A CSV file of the programme's sheet. */
const sheet = (rows) => ({ name: '任务书.csv', mimeType: 'text/csv', buffer: Buffer.from(`\uFEFF${[HEADINGS, ...rows].join('\r\n')}\r\n`) });

/** Draws up a programme and answers its page. */
async function programme(staff) {
  await staff.visit('/desk/new/programme/open');
  await fill(staff, { title: '乡村治理专项任务书', basis: '县委办通知' });
  await send(staff, 'open');
  return staff.page.url().split('?')[0];
}

/** Uploads a sheet on the page of the import. */
async function upload(staff, base, rows) {
  await staff.visit(`${base}/import/measure`);
  await staff.page.setInputFiles('[name=sheet]', sheet(rows));
  await staff.press('#import .send button');
}

/** What a link gives to be saved: its name and first bytes. */
async function saved(staff, folder, selector) {
  const [download] = await Promise.all([staff.page.waitForEvent('download'), staff.page.locator(selector).click()]);
  const path = join(folder, download.suggestedFilename());
  await download.saveAs(path);
  assert.ok((await stat(path)).size > 1_000, `${path} holds something`);
  return { name: download.suggestedFilename(), bytes: await readFile(path) };
}

journeys('a planner', (journey) => {
  journey('imports the programme: faults by row, preview, all at once, again with a change; saves it and chases a measure', {}, async (j) => {
    const folder = await mkdtemp(join(tmpdir(), 'gongzhi-planner-'));
    try {
      await asStaff(j, 'planner', async (staff) => {
        const base = await programme(staff);
        await staff.press('.papers a[href$="/import/measure"]');
        assert.match(await words(staff), /填表说明/);
        await staff.shot('import-blank');
        const form = await saved(staff, folder, 'a[href$="/form.xlsx"]');
        assert.match(form.name, /\.xlsx$/);
        assert.equal(form.bytes.subarray(0, 2).toString(), 'PK');

        // Faults: told by row and column, nothing imported.
        expectStatus(staff, 422);
        await upload(staff, base, [...ROWS, ',,,没有这个单位的措施,民政居,,0,个,明年', ROWS[1]]);
        const told = await staff.page.locator('.summary ~ table').first().innerText();
        assert.match(told, /第5行[\s\S]*E 责任单位[\s\S]*民政居[\s\S]*没有/);
        assert.match(told, /第5行[\s\S]*G 目标数/);
        assert.match(told, /第5行[\s\S]*I 完成期限[\s\S]*明年/);
        assert.match(await words(staff), /什么也没有导入/);
        assert.equal(await staff.page.locator('#apply').count(), 0, 'nothing to press');
        await staff.shot('import-faults');
        await staff.visit(base);
        assert.doesNotMatch(await words(staff), /整顿软弱涣散村党组织/);

        // Another file altogether.
        await staff.visit(`${base}/import/measure`);
        await staff.page.setInputFiles('[name=sheet]', { name: 'x.csv', mimeType: 'text/csv', buffer: Buffer.from('姓名,电话\n张三,1\n') });
        await staff.press('#import .send button');
        assert.match(await staff.page.locator('[role=alert]').innerText(), /不是要导入的表格.*应有栏名：目标、任务/);

        // What is no table, and one without rows: said so, and nothing is said to be kept.
        const file = async (text, name) => {
          await staff.visit(`${base}/import/measure`);
          await staff.page.setInputFiles('[name=sheet]', { name, mimeType: 'text/csv', buffer: Buffer.from(text) });
          await staff.press('#import .send button');
        };
        await file('hello\n', 'x.xlsx');
        assert.match(await staff.page.locator('[role=alert]').innerText(), /不是要导入的表格/);
        assert.doesNotMatch(await words(staff), /都还在/);
        await staff.shot('import-no-table');
        await file('%PDF-1.4\n', 'x.xlsx');
        assert.match(await staff.page.locator('[role=alert]').innerText(), /不是表格文件/);
        await file(`${HEADINGS}\n`, 'x.csv');
        assert.match(await words(staff), /只有栏名/);

        // The good one: shown as it was understood, then carried out. A column that is not asked for is named.
        await file([`${HEADINGS},备注`, ...ROWS.map((row) => `${row},紧急`)].join('\n'), 'x.csv');
        assert.match(await staff.page.locator('#preview-h ~ .inset').innerText(), /没有读：备注/);
        await upload(staff, base, ROWS);
        const preview = await words(staff);
        assert.match(preview, /全部导入（7项）/);
        assert.match(preview, /整顿软弱涣散村党组织[\s\S]*民政局[\s\S]*目标数：6 · 计量单位：个 · 完成期限：2027年3月1日/);
        await staff.shot('import-preview');
        await staff.press('#apply .send button');
        assert.match(await words(staff), /新登记7项，更新0项/);
        await staff.shot('programme-imported');

        // Again with one change: only that is written.
        await upload(staff, base, [ROWS[0].replace('６', '8'), ROWS[1], ROWS[2]]);
        const again = await words(staff);
        assert.match(again, /全部导入（1项）/);
        assert.match(again, /目标数：6 → 8/);
        await staff.press('#apply .send button');
        assert.match(await words(staff), /新登记0项，更新1项/);
        await upload(staff, base, [ROWS[0].replace('６', '8'), ROWS[1], ROWS[2]]);
        assert.match(await words(staff), /不用导入/);

        // On paper.
        await staff.visit(base);
        const xlsx = await saved(staff, folder, '.papers a[href$="/sheet/measure.xlsx"]');
        assert.equal(xlsx.bytes.subarray(0, 2).toString(), 'PK');
        const pdf = await saved(staff, folder, '.papers a[href$="/sheet/measure.pdf"]');
        assert.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-');
        // What was saved is what is there: imported again it changes nothing.
        await staff.visit(`${base}/import/measure`);
        await staff.page.setInputFiles('[name=sheet]', join(folder, xlsx.name));
        await staff.press('#import .send button');
        assert.match(await words(staff), /不用导入/);

        // Those drafted are issued together: what asks nothing takes one press after it was shown.
        const drafts = `/desk/list?mechanism=measure&view=list&state=drafted&under=${base.split('/').pop()}`;
        await staff.visit(drafts);
        const chosen = ['整顿软弱涣散村党组织', '活动场所补短板'];
        for (const title of chosen) await staff.page.locator('tr[data-row]', { hasText: title }).first().locator('input[name=id]').check();
        await staff.page.selectOption('#bulk-step', 'issue');
        await staff.press('.bulk-bar button');
        assert.match(await staff.page.locator('form.form .send .main').innerText(), /2/);
        await staff.press('form.form .send .main');
        assert.equal(await staff.page.locator('.bulk-lines .chip.tone-good').count(), chosen.length);
        await staff.visit(drafts);
        for (const title of chosen) assert.equal(await staff.page.locator('tr[data-row]', { hasText: title }).count(), 0, title);

        // A measure issued and chased.
        await staff.visit(base);
        await staff.press(staff.page.locator('.children a').filter({ hasText: '办好群众的事' }).first());
        await staff.press(staff.page.locator('.children a').filter({ hasText: '热线办理' }).first());
        await staff.press(staff.page.locator('.children a').filter({ hasText: '热线按期办结' }).first());
        await take(staff, 'issue');
        await take(staff, 'chase', { order: '请本周内报告进展。' });
        assert.match(await head(staff), /已下达/);
        assert.match(await words(staff), /请本周内报告进展/);
        const print = await saved(staff, folder, '.papers a[href$="/print/measure-sheet.pdf"]');
        assert.equal(print.bytes.subarray(0, 5).toString(), '%PDF-');
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  journey('renames by the number in the sheet; a name nearly the same and what was withdrawn are told', {}, async (j) => {
    const folder = await mkdtemp(join(tmpdir(), 'gongzhi-planner-'));
    try {
      await asStaff(j, 'planner', async (staff) => {
        const base = await programme(staff);
        await upload(staff, base, ROWS);
        await staff.press('#apply .send button');
        // The form of a programme that is there holds its measures with their numbers: imported as it is it changes nothing.
        await staff.visit(`${base}/import/measure`);
        const form = await saved(staff, folder, 'a[href$="/form.xlsx"]');
        await staff.page.setInputFiles('[name=sheet]', join(folder, form.name));
        await staff.press('#import .send button');
        const same = await words(staff);
        assert.match(same, /不用导入/);
        assert.equal((same.match(/没有变化/g) ?? []).length >= 3, true, 'each row says that nothing becomes of it');
        const number = /P\d{4}-\d{2}(\.\d+){3}/.exec(await staff.page.locator('main tr', { hasText: '热线按期办结' }).last().innerText())[0];

        // Without its number a changed name is a new measure, and the page says what it may be.
        const renamed = ROWS[2].replace('热线按期办结', '热线按时办结');
        await upload(staff, base, [ROWS[0], ROWS[1], renamed]);
        const told = await words(staff);
        assert.match(told, /全部导入（1项）/);
        assert.match(told, new RegExp(`“热线按时办结”会新登记[\\s\\S]*${number.replaceAll('.', '\\.')} 热线按期办结名称相近`));
        await staff.shot('import-alike');

        // With it the name is what changes, also that of the task above it.
        const numbered = async (row) => {
          await staff.visit(`${base}/import/measure`);
          const text = `措施编号,${HEADINGS},任务变更理由\r\n${row}\r\n`;
          await staff.page.setInputFiles('[name=sheet]', { name: 'x.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
          await staff.press('#import .send button');
        };
        await numbered(`${number},${renamed.replace('热线办理', '热线办理提速')},改名`);
        const changed = await words(staff);
        assert.match(changed, /全部导入（2项）/);
        assert.match(changed, /措施：热线按期办结 → 热线按时办结/);
        assert.match(changed, /任务：热线办理 → 热线办理提速/);
        await staff.shot('import-renamed');
        await staff.press('#apply .send button');
        assert.match(await words(staff), /新登记0项，更新2项/);

        // Another task that is there: the measure goes to it with its number, and the preview says so.
        const elsewhere = renamed.replace('办好群众的事,热线办理,f1', ROWS[0].split(',').slice(0, 3).join(','));
        assert.notEqual(elsewhere, renamed);
        await numbered(`${number},${elsewhere},`);
        assert.match(await words(staff), /从P[\s\S]*热线办理提速移到P[\s\S]*规范化建设/);
        await staff.shot('import-moved');

        // A number that is none, and a name that another one has.
        expectStatus(staff, 422);
        await numbered(`P1999-01.1.1.1,${renamed},`);
        assert.match(await words(staff), /这里没有这个编号的事项/);
        await numbered(`${number},${ROWS[0]},`);
        assert.match(await words(staff), /在另一项下面|已经叫这个名称/);

        // What was withdrawn since stands unchanged in the sheet, and is named.
        await staff.visit(base);
        await staff.press(staff.page.locator('.children a').filter({ hasText: '办好群众的事' }).first());
        await staff.press(staff.page.locator('.children a').filter({ hasText: '热线办理提速' }).first());
        await staff.press(staff.page.locator('.children a').filter({ hasText: '热线按时办结' }).first());
        await take(staff, 'withdraw', { ground: '不再做了' });
        await numbered(`${number},${renamed.replace('热线办理', '热线办理提速')},`);
        assert.match(await words(staff), /没有变化：P[\s\S]*已撤销/);
        await staff.shot('import-ended');
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  for (const script of [true, false]) {
    journey(`moves a measure to another task on its own page, ${script ? 'with' : 'without'} script: what comes of it is shown first`, { script }, async (j) => {
      await asStaff(j, 'planner', async (staff) => {
        const base = await programme(staff);
        await upload(staff, base, ROWS);
        await staff.press('#apply .send button');
        for (const part of ['办好群众的事', '热线办理', '热线按期办结']) {
          await staff.press(staff.page.locator('.children a').filter({ hasText: part }).first());
        }
        const number = /P\d{4}-\d{2}(\.\d+){3}/.exec(await words(staff))[0];
        const record = new URL(staff.page.url()).pathname;
        await take(staff, 'issue');
        await begin(staff, 'alter');
        const select = staff.page.locator('select[name=parent]');
        const options = await select.locator('optgroup option').allInnerTexts();
        assert.equal(options.filter((option) => /热线办理|规范化建设/.test(option)).length, options.length, 'the tasks of this programme');
        assert.match(await select.locator('option:checked').innerText(), /热线办理$/, 'it begins where the measure stands');
        await staff.shot('move-form');

        // Something is missing: said so, and where it was to go is kept.
        expectStatus(staff, 422);
        await select.selectOption({ label: options.find((option) => /规范化建设/.test(option)) });
        await staff.page.fill('[name=ground]', '');
        await send(staff, 'alter');
        assert.ok(await staff.page.locator('.summary').count());
        assert.match(await select.locator('option:checked').innerText(), /规范化建设$/);

        // Shown first, nothing written: the number stays, the force follows its task, both tasks count anew.
        await fill(staff, { ground: '归口管理' });
        await send(staff, 'alter');
        const told = await staff.page.locator('#moving').innerText();
        assert.match(told, new RegExp(`${number.replaceAll('.', '\\.')}编号不变，从P\\S+ 热线办理移到P\\S+ 规范化建设`));
        assert.match(told, /工作专班：基础工作专班 → 强基赋能专班/);
        assert.match(told, /热线办理\s+措施：1 → 0/);
        assert.match(told, /规范化建设\s+措施：2 → 3/);
        await staff.shot('move-preview', { langs: ['zh'], keep: true });
        assert.equal(await staff.page.locator('[name=ground]').inputValue(), '归口管理', 'what was typed stands there');
        await staff.switchLanguage('en');
        assert.match(await staff.page.locator('#moving').innerText(), /keeps its number/, 'also in the other language');
        await staff.switchLanguage('zh');
        assert.equal(await staff.page.locator('[name=ground]').inputValue(), '归口管理');
        const other = await staff.context.newPage();
        await other.goto(record);
        assert.match(await other.locator('main').innerText(), /基础工作专班/, 'nothing is written yet');
        await other.close();

        assert.match(await staff.page.locator('.send .main').innerText(), /确认移动/);
        await send(staff, 'alter');
        assert.match(staff.page.url(), /done=alter/);
        const after = await words(staff);
        assert.match(after, new RegExp(number.replaceAll('.', '\\.')));
        assert.match(after, /强基赋能专班/);
        assert.match(await staff.page.locator('.timeline').innerText(), /移到[\s\S]*规范化建设/);
        await staff.press(staff.page.locator('main a', { hasText: /^P\S+$/ }).first());
        assert.match(await words(staff), /热线按期办结/, 'it stands under its new task');

        // Without its number it would be entered twice by the old sheet: the preview says so.
        await upload(staff, base, ROWS);
        const hint = await staff.page.locator('#preview-h ~ .inset').innerText();
        assert.match(hint, new RegExp(`“热线按期办结”会新登记[\\s\\S]*规范化建设下面已经有${number.replaceAll('.', '\\.')}`));
        await staff.shot('import-elsewhere', { langs: ['zh'], keep: true });
      }, { script });
    });
  }

  journey('is told nothing of the import where others may not do it', {}, async (j) => {
    await asStaff(j, 'supervise', async (staff) => {
      await staff.visit('/desk/list?mechanism=programme');
      await staff.press(staff.page.locator('[data-row-link]').first());
      assert.equal(await staff.page.locator('a[href$="/import/measure"]').count(), 0);
      assert.ok((await staff.page.locator('a[href$="/sheet/measure.xlsx"]').count()) > 0, 'who reads it may save it');
      const base = staff.page.url().split('?')[0];
      await staff.visit(`${new URL(base).pathname}/import/measure`, { status: 403 });
    });
  });
});
