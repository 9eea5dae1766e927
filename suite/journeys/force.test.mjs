// A task force and its measures: seen, reported and chased in the unit's stead; altered with a reason and withdrawn by the programme office.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { addPart, asStaff, begin, expectStatus, fill, head, openRecord, PHOTO, send, take, words } from './harness/people.mjs';

const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** A programme with measures of the unit that keeps the street lamps, under a task of the first task force: their numbers once issued, and the programme's address. */
async function measures(j, titles) {
  return asStaff(j, 'planner', async (staff) => {
    await staff.visit('/desk/new/programme/open');
    await fill(staff, { title: '专班专项任务书', basis: '县委办通知' });
    await send(staff, 'open');
    const year = new URL(staff.page.url()).pathname;
    await addPart(staff, 'goal', 'set', { title: '照明到位' });
    await addPart(staff, 'task', 'set', { title: '修复路灯', force: { choose: 'f1' } });
    const task = staff.page.url();
    const numbers = [];
    for (const title of titles) {
      await staff.visit(new URL(task).pathname);
      await addPart(staff, 'measure', 'draft', { title, owner: { choose: 'cgj' }, target: '20', target_unit: '盏', due_on: day(60) });
      await take(staff, 'issue');
      numbers.push(/P\d{4}-\d{2}\.\d+\.\d+\.\d+/.exec(await words(staff))[0]);
    }
    return { numbers, year };
  });
}

const noticed = async (staff) => {
  await staff.visit('/desk/notices');
  return words(staff);
};

journeys('a task force', (journey) => {
  journey('sees its measure, reports and chases it; the unit and the force are told', {}, async (j) => {
    const { numbers: [number] } = await measures(j, [`专班督促的措施${Date.now() % 100_000}`]);
    await asStaff(j, 'officer.urban', async (staff) => {
      assert.match(await noticed(staff), new RegExp(`下达措施${number}`), 'the unit is told of what it is given');
      await openRecord(staff, number);
      await take(staff, 'start', { plan: '逐村排查，先主干道后背街小巷。' });
    });
    await asStaff(j, 'force.1', async (staff) => {
      await staff.visit('/desk/list?mechanism=measure&under=all');
      assert.match(await words(staff), /基础工作专班/);
      await openRecord(staff, number);
      await take(staff, 'report', { reached: '6', report: '专班到现场核对，修好六盏。', evidence: { files: PHOTO } });
      const text = await words(staff);
      assert.match(text, /目标数\s+20[\s\S]*已完成数\s+6[\s\S]*完成百分比\s+30/, 'target and done stand together');
      await take(staff, 'chase', { order: '请本周内报材料到货时间。' });
      await staff.shot('force-chased');
      assert.equal(await staff.page.locator('a[href*="/do/strike-off"], a[href*="/do/alter"]').count(), 0, 'the office’s steps are not the force’s');
    });
    await asStaff(j, 'officer.urban', async (staff) => {
      assert.match(await noticed(staff), new RegExp(`督办措施${number}：请本周内报材料到货时间`));
      await openRecord(staff, number);
      await take(staff, 'ask-extension', { new_due: day(90), reason: '配件没有到货' });
    });
    await asStaff(j, 'planner', async (staff) => {
      assert.match(await noticed(staff), new RegExp(`措施${number}申请延期到`));
    });
  });

  journey('follows what the office alters with a reason; what is withdrawn is counted no more', {}, async (j) => {
    const stamp = Date.now() % 100_000;
    const { numbers: [kept, mistaken], year } = await measures(j, [`保留的措施${stamp}`, `误录的措施${stamp}`]);
    await asStaff(j, 'planner', async (staff) => {
      await openRecord(staff, mistaken);
      await take(staff, 'withdraw', { ground: '与另一条重复' });
      assert.match(await head(staff), /已撤销/);
      await openRecord(staff, kept);
      await begin(staff, 'alter');
      assert.match(await staff.page.inputValue('[name=title]'), /保留的措施/, 'the form begins with what stands');
      await fill(staff, { target: '10', due_on: day(80) });
      expectStatus(staff, 422);
      await send(staff, 'alter');
      assert.equal(await staff.page.inputValue('[name=target]'), '10', 'what was typed is kept');
      await fill(staff, { ground: '十盏并入管网改造' });
      await send(staff, 'alter');
      assert.match(await words(staff), /目标数\s+10[\s\S]*十盏并入管网改造/);
      await staff.shot('measure-altered');
      await staff.visit(year);
      assert.match(await words(staff), /措施\s+1\s/, 'one measure stands');
    });
    await asStaff(j, 'force.1', async (staff) => {
      const told = await noticed(staff);
      assert.match(told, new RegExp(`措施${kept}有变更[^\\n]*十盏并入管网改造`));
      assert.match(told, new RegExp(`措施${mistaken}已撤销`));
    });
  });
});
