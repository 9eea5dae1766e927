// A month of a branch: the member promises and proves without an account, the secretary puts households on record, the organiser
// supervises, residents see the board and rate, and the rating decides.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { addPart, asStaff, expectStatus, PHOTO, take, words } from './harness/people.mjs';
import { ownServer } from './harness/server.mjs';

const DAY_MS = 86_400_000;
const VILLAGE = '140823204208';
const CODE = /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/;

/** The county's day so many days from now, counted by the machine's clock. */
const day = (days) => new Date(Date.now() + 8 * 3_600_000 + days * DAY_MS);

/**
 * Days until the 8th of a month, to which the demo's clock is set: the days by which a pledge is supervised and rated then all lie ahead, on
 * whatever day the journey is walked. In the last days of a month they may be over.
 */
const AHEAD = (() => {
  const today = day(0);
  const month = today.getUTCMonth() + (today.getUTCDate() > 8 ? 1 : 0);
  return (Date.UTC(today.getUTCFullYear(), month, 8) - Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate())) / DAY_MS;
})();

/** The code that the page of a receipt shows. */
async function shownCode(j) {
  const code = (await j.page.locator('p.code').innerText()).trim();
  assert.match(code, CODE);
  assert.doesNotMatch(await words(j), /已收到您的反映/, 'nobody has reported anything');
  return code;
}

/** Takes a step on the page of a code. */
async function step(j, name, fields) {
  const form = j.page.locator(`form[action$="/${name}"]`);
  await form.evaluate((node) => node.closest('details')?.setAttribute('open', ''));
  for (const [field, value] of Object.entries(fields)) {
    const named = `${name}.${field}`;
    if (value.choose) await j.page.locator(`[name="${named}"][value="${value.choose}"]`).check();
    else if (value.files) await j.page.setInputFiles(`[name="${named}"]`, value.files);
    else await j.page.fill(`[name="${named}"]`, value);
  }
  await j.press(form.locator('.send button'));
}

/** A member of a new branch, with the lasting code, and the member's pledge of this month. */
async function member(j, called) {
  let branch;
  await asStaff(j, 'organiser', async (staff) => {
    await staff.visit('/desk/new/branch/found');
    await staff.page.fill('[name=name]', `${called}支部`);
    const levels = ['140823204000', VILLAGE];
    const first = staff.page.locator('[name="where.0"]');
    if (await first.count()) {
      for (const [level, place] of levels.entries()) {
        const select = staff.page.locator(`[name="where.${level}"]`);
        await select.locator(`option[value="${place}"]`).waitFor({ state: 'attached' });
        await select.selectOption(place);
      }
    }
    await staff.press('#form-found .send button');
    branch = staff.page.url().split('?')[0];
  });
  let code;
  await asStaff(j, 'secretary.yangzhuang', async (staff) => {
    await staff.visit(branch);
    await addPart(staff, 'member', 'enter', { called });
    code = await shownCode(staff);
    await staff.visit(branch);
    await staff.press(staff.page.locator('.children a').filter({ hasText: called }));
    await staff.press(staff.page.getByRole('link', { name: '再看查询码' }));
    assert.equal(await shownCode(staff), code, 'a lost code is shown again to whoever hands it out');
  });
  // The month had opened before the member was entered: the administrator goes over it again.
  await asStaff(j, 'admin', async (staff) => {
    await staff.visit('/desk/rounds');
    await staff.shot('rounds');
    await staff.press('form[action="/desk/rounds/pledge"] button');
    assert.match(await staff.page.locator('.flash').innerText(), /补开/);
    await staff.press('form[action="/desk/rounds/pledge"] button');
    assert.match(await words(staff), /新开 0/, 'nothing opens twice');
  });
  return code;
}

journeys('a branch', (journey) => {
  journey('promises, proves, is rated in public and keeps its word', {}, async (j) => {
    const called = `段满仓·${Date.now() % 100000}`;
    const code = await member(j, called);
    await j.visit(`/follow/${code}`);
    await j.press(j.page.locator('#opened-h ~ ul a').first());
    const pledge = j.page.url().split('?')[0];
    await step(j, 'promise', { deed: '换井房的门锁', households: '0', until: '2099-01-25' }).catch(() => undefined);
    await j.visit(new URL(pledge).pathname);
    await step(j, 'promise', { deed: '给两户独居老人换电线', households: '2', until: day(AHEAD + 2).toISOString().slice(0, 10) });
    assert.match(await words(j), /已承诺/);
    await j.shot('pledge-member');

    // On the public board, for anybody.
    await j.visit(`/places/${VILLAGE}`);
    const card = j.page.locator('.cards > li').filter({ hasText: called });
    assert.match(await card.innerText(), /给两户独居老人换电线/);
    await j.press(card.locator('a'));
    const open = new URL(j.page.url()).pathname;
    assert.doesNotMatch(await words(j), /您/, 'the holder is not the reader');

    let household;
    await asStaff(j, 'secretary.yangzhuang', async (staff) => {
      await staff.visit('/desk');
      const id = open.split('/').pop();
      await staff.visit(`/desk/r/${id}`);
      await addPart(staff, 'visit', 'record', { what: '换了老化的电线' });
      household = await shownCode(staff);
      await staff.visit(`/desk/r/${id}`);
      await addPart(staff, 'visit', 'record', { what: '换了开关' });
      await shownCode(staff);
    });
    await asStaff(j, 'organiser', async (staff) => {
      await staff.visit(`/desk/r/${open.split('/').pop()}`);
      await take(staff, 'supervise', { remark: '两户都已记录' });
    });

    // The household says whether it was done and how well.
    await j.visit(`/follow/${household}`);
    await step(j, 'confirm', { mark: { choose: 'good' }, remark: '换得很好' });
    assert.match(await words(j), /群众已确认/);

    await j.visit(new URL(pledge).pathname);
    await step(j, 'deliver', { result: '两户都换好了', photos: { files: PHOTO } });
    assert.match(await words(j), /待评议/);

    await asStaff(j, 'rep.yangzhuang', async (staff) => {
      const id = open.split('/').pop();
      await staff.visit(`/desk/r/${id}`);
      await addPart(staff, 'voice', 'give', { mark: { choose: 'good' } });
      await staff.visit(`/desk/r/${id}`);
      expectStatus(staff, 422);
      await addPart(staff, 'voice', 'give', { mark: { choose: 'poor' } });
      assert.match(await words(staff), /每人一票，您已经评过了/);
      await staff.shot('voice-again', { keep: true, langs: [] });
    });

    await j.visit(open);
    const facts = await j.page.locator('dl.facts').first().innerText();
    assert.match(facts, /承诺户数\s+2/);
    assert.match(facts, /记录户数\s+2/);
    assert.match(facts, /群众确认\s+1/);
    assert.match(facts, /满意\s+2/);
    assert.equal(await j.page.locator('.children li').count(), 2, 'the households on record can be checked one by one');
    assert.ok((await j.page.locator('main img').count()) >= 1, 'the proof is seen');
    await j.shot('public-record');

    await asStaff(j, 'secretary.yangzhuang', async (staff) => {
      await staff.visit(`/desk/r/${open.split('/').pop()}`);
      await staff.press('.actions form[action$="/do/conclude"] button');
      assert.match(await words(staff), /已兑现/);
    });
    await j.visit(`/places/${VILLAGE}`);
    assert.match(await j.page.locator('.cards > li').filter({ hasText: called }).innerText(), /已兑现/);
    await j.shot('public-board');
    const { total } = await j.weigh(`/places/${VILLAGE}`);
    assert.ok(total < 50_000, `the board weighs ${total} bytes`);
  });

  journey('stands in public without JavaScript, month by month', { script: false, lang: 'en' }, async (j) => {
    await j.visit('/');
    await j.press('a[href^="/places/"]');
    await j.shot('public-county');
    await j.visit(`/places/${VILLAGE}`);
    await j.press('.months a');
    assert.ok((await j.page.locator('.cards > li').count()) > 0, 'the month before has its pledges');
    const text = await words(j);
    assert.match(text, /Households claimed/);
    assert.match(text, /Only the name on the branch's notice board/);
    await j.press(j.page.locator('.cards > li a').first());
    await j.visit('/places/nowhere', { status: 404 });
    await j.visit(`/places/${VILLAGE}/0123`, { status: 404 });
  });
}, () => ownServer(['--ahead', String(AHEAD)]));
