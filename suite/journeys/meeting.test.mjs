// A meeting from its call to the last follow-up struck off: agenda from late measures, sign-in, minutes, follow-ups, calendar.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { asStaff, begin, expectStatus, openRecord, send, take, words } from './harness/people.mjs';

/** A time so many minutes from now, as a form takes it: the county's clock. */
function soon(minutes) {
  return new Date(Date.now() + (8 * 60 + minutes) * 60_000).toISOString().slice(0, 16);
}

/** Times of today for which a room may be free, the next first, and the rooms. */
const SPANS = Array.from({ length: 40 }, (_, n) => [2 + n * 6, 7 + n * 6]);
const ROOMS = ['r3', 'r2', 'r1'];

/** Fills in the call of a meeting. */
async function call(staff, { subject, room, from, to, units }) {
  const { page } = staff;
  await staff.visit('/desk/new/meeting/call');
  await page.fill('[name=subject]', subject);
  await page.locator('[name=sort][value=special]').check();
  await page.locator('select[name=room]').selectOption(room);
  await page.fill('[name=starts_at]', from);
  await page.fill('[name=ends_at]', to);
  for (const unit of units) await page.locator(`[name=invited][value="${unit}"]`).check();
}

/** Calls a meeting where a room is free; answers the room and the minutes from now, between which another one would be in its way. */
async function callWhereFree(staff, meeting) {
  for (const room of ROOMS) {
    for (const [from, to] of SPANS) {
      await call(staff, { ...meeting, room, from: soon(from), to: soon(to) });
      expectStatus(staff, 409);
      await send(staff, 'call');
      if (!/这个时间会议室已经有会/.test(await words(staff))) return { room, from: soon(from + 1), to: soon(to - 1) };
    }
  }
  throw new Error('no room is free today');
}

journeys('a meeting', (journey) => {
  journey('is called with what is late, held, minuted and followed up until all is struck off', {}, async (j) => {
    const subject = `照明措施专题调度会${Date.now() % 100_000}`;
    let number;
    let page;
    await asStaff(j, 'planner', async (staff) => {
      await staff.visit('/desk/new/meeting/call');
      const topics = await staff.page.locator('[name^="agenda."][name$=".topic"]').evaluateAll((all) => all.map((one) => one.value).filter(Boolean));
      assert.ok(topics.length >= 3, `the agenda begins with late and stale measures: ${topics}`);
      const about = await staff.page.locator('[name="agenda.0.about"]').inputValue();
      assert.match(about, /^P\d{4}-/, 'each with its number');
      await staff.shot('meeting-call');
      const taken = await callWhereFree(staff, { subject, units: ['tongcheng', 'cgj'] });
      number = /J\d{4}-\d{3}/.exec(await words(staff))[0];
      page = new URL(staff.page.url()).pathname;
      await staff.shot('meeting-called');

      await call(staff, { subject: '同一时间的另一个会', ...taken, units: ['cgj'] });
      expectStatus(staff, 409);
      await send(staff, 'call');
      const refused = await words(staff);
      assert.match(refused, /这个时间会议室已经有会/);
      assert.ok(refused.includes(number), 'the meeting in the way is named');
      assert.equal(await staff.page.inputValue('[name=subject]'), '同一时间的另一个会', 'nothing typed is lost');
      await staff.shot('meeting-clash');
    });
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await openRecord(staff, `${number}.2`);
      await take(staff, 'sign');
    });
    await asStaff(j, 'planner', async (staff) => {
      await staff.visit(page);
      await take(staff, 'begin');
      await begin(staff, 'minute');
      const due = soon(5 * 24 * 60).slice(0, 10);
      await staff.page.fill('[name=minutes]', '会议听取了进度汇报，定下一件事，由桐城镇办理。');
      await staff.page.fill('[name="decided.0.what"]', '换完剩余的路灯');
      await staff.page.locator('[name="decided.0.owner"]').selectOption('tongcheng');
      await staff.page.fill('[name="decided.0.due_on"]', due);
      await staff.shot('meeting-minutes');
      await send(staff, 'minute');
      assert.match(await words(staff), /跟进中/);
      await staff.shot('meeting-minuted');
    });
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await openRecord(staff, `${number}-1`);
      await take(staff, 'report', { result: '三十盏路灯全部换完' });
    });
    await asStaff(j, 'planner', async (staff) => {
      await openRecord(staff, `${number}-1`);
      await take(staff, 'strike-off');
      await staff.visit(page);
      assert.match(await words(staff), /已办结/, 'all is struck off, so the meeting is closed');
      await staff.shot('meeting-closed');
    });
  });

  journey('stands in the calendar of whoever is invited', {}, async (j) => {
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await staff.visit('/desk/notices/settings');
      await staff.press('form[action="/desk/notices/calendar"] button');
      const shown = await staff.page.locator('#calendar .flash').innerText();
      const { pathname, search } = new URL(/https?:\/\/\S+calendar\.ics\?token=[0-9a-f]{64}/.exec(shown)[0]);
      const text = await (await fetch(`${j.url}${pathname}${search}`)).text();
      assert.match(text, /SUMMARY:J\d{4}-\d{3}/, 'meetings stand in it');
      assert.match(text, /DTEND:/);
    });
  });
});
