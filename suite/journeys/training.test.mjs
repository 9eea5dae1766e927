// A training from its announcement to the roster: units enrol their own staff, the host checks who came, the roster is printed and exported.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { journeys } from './harness/index.mjs';
import { timeless } from './harness/later.mjs';
import { asStaff, begin, expectStatus, fill, openRecord, send, take, words } from './harness/people.mjs';

const PHONE = { width: 390, height: 844 };
const UNITS = ['tongcheng', 'cgj', 'slj'];

/** The day so many days from now. */
function day(ahead) {
  return new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
}

/** Opens the enrolment of one's own unit from the inbox. */
async function enrolment(staff, subject) {
  await staff.visit('/desk');
  await staff.press(staff.page.locator('tr[data-row]').filter({ hasText: subject }).locator('[data-row-link]'));
}

/** What is saved behind a link. */
async function saved(staff, folder, selector) {
  const [download] = await Promise.all([staff.page.waitForEvent('download'), staff.page.locator(selector).click()]);
  const path = join(folder, download.suggestedFilename());
  await download.saveAs(path);
  return readFile(path);
}

const { begin: start, later } = timeless();

journeys('a training', (journey) => {
  journey('is announced, units enrol their staff, the host checks the roster and saves it', {}, async (j) => {
    const subject = '乡镇党建办业务培训';
    let page;
    let mine;
    await asStaff(j, 'planner', async (staff) => {
      await staff.visit('/desk/new/training/announce');
      await staff.shot('training-announce');
      await fill(staff, {
        subject, topic: { choose: 't1' }, contents: '六有建设逐项怎么做，佐证怎么留。', venue: '县委党校',
        starts_on: day(5), ends_on: day(6), enrol_by: day(5), seats: '2', invited: UNITS,
      });
      expectStatus(staff, 422);
      await send(staff, 'announce');
      assert.match(await words(staff), /报名应当在开班以前截止/);
      assert.equal(await staff.page.locator('[name=invited]:checked').count(), 3, 'what was chosen is kept');
      await staff.page.fill('[name=enrol_by]', day(3));
      await send(staff, 'announce');
      page = new URL(staff.page.url()).pathname;
      await staff.shot('training-announced');
    });

    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await enrolment(staff, subject);
      mine = /Y\d{4}-\d{3}\.\d/.exec(await words(staff))[0];
      await begin(staff, 'enrol');
      const offered = await staff.page.locator('[name=trainees][type=checkbox]').evaluateAll((all) => all.map((one) => one.value));
      assert.deepEqual(offered.toSorted(), ['leader.tongcheng', 'officer.tongcheng', 'officer.tongcheng2'], 'the staff of the own unit, and nobody else');
      await staff.shot('training-enrol');
      await fill(staff, { trainees: offered });
      expectStatus(staff, 422);
      await send(staff, 'enrol');
      assert.match(await words(staff), /超过了每单位名额/);
      assert.equal(await staff.page.locator('[name=trainees]:checked').count(), 3, 'nothing chosen is lost');
      await staff.page.locator('[name=trainees][value="leader.tongcheng"]').uncheck();
      await send(staff, 'enrol');
      assert.match(await words(staff), /已报名/);
      await begin(staff, 'replace');
      assert.equal(await staff.page.locator('[name=trainees]:checked').count(), 2, 'it begins with those who are enrolled');
      await staff.page.locator('[name=trainees][value="officer.tongcheng"]').uncheck();
      await send(staff, 'replace');
      await staff.shot('training-enrolled');
    }, { viewport: PHONE });
    await asStaff(j, 'officer.urban', async (staff) => {
      await enrolment(staff, subject);
      await take(staff, 'enrol', { trainees: ['officer.urban'] });
    });
    await asStaff(j, 'officer.water', async (staff) => {
      await enrolment(staff, subject);
      await take(staff, 'decline', { reason: '正在防汛值守，走不开' });
    });

    // A weekend or holiday may lie behind the day on which it ends.
    await later(j, 16, async (there) => {
      const folder = await mkdtemp(join(tmpdir(), 'gongzhi-training-'));
      try {
        await asStaff(there, 'planner', async (staff) => {
          await openRecord(staff, mine);
          assert.match(await words(staff), /待核对/);
          await begin(staff, 'correct');
          await staff.page.locator('[name=trainees][value="officer.tongcheng2"]').uncheck();
          await send(staff, 'correct');
          assert.match(await words(staff), /人数\s+0/, 'nobody came: the list is empty');
          await take(staff, 'correct', { trainees: ['officer.tongcheng', 'officer.tongcheng2'] });
          await staff.visit(`/desk/list?mechanism=enrolment&view=list&state=over`);
          for (const box of await staff.page.locator('input[name=id]').all()) await box.check();
          assert.equal(await staff.page.locator('input[name=id]:checked').count(), 2);
          await staff.page.selectOption('#bulk-step', 'confirm');
          await staff.press('.bulk-bar button');
          await staff.press('form.form .send .main');
          await staff.visit(page);
          const text = await words(staff);
          assert.match(text, /已办结/);
          assert.match(text, /参加人数\s+3/);
          assert.match(text, /没有派人的单位\s+1/);
          await staff.shot('training-closed');
          const pdf = await saved(staff, folder, '.papers a[href$="/print/roster.pdf"]');
          assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
          await staff.visit('/desk/list?mechanism=enrolment&view=roster');
          assert.equal(await staff.page.locator('tr[data-row]').count(), 3);
          const sheet = (await saved(staff, folder, 'a[href^="/desk/export/list.csv"]')).toString();
          assert.match(sheet, /桐城镇人民政府,"?[^,"]+、[^,"]+"?,2,/, 'who took part, by unit');
          await staff.visit('/desk/figures/training');
          await staff.shot('training-figures');
        });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
}, start);
