// People's ways through the product that several journeys share: reporting, signing in, finding a record, taking a step.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DESKTOP, Journey } from './journey.mjs';

/** The demo county's password; the server prints it on its sign-in page. */
const PASSWORD = 'gongzhi-demo';
/** Where sessions are kept between test files: signing in anew for each would run into the brake on guessing. */
const SESSIONS = process.env.GONGZHI_SESSIONS ?? tmpdir();
const NO_TRACE = /panicked|stack backtrace|RUST_BACKTRACE|\.rs:\d+|thread '/;

/** A photo as small as one can be. */
export const PHOTO = {
  name: 'lamp.png',
  mimeType: 'image/png',
  buffer: Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC',
    'base64',
  ),
};

/** A desk journey of a member of staff beside `j`; it checks its last page and closes when `walk` is done. */
export async function asStaff(j, login, walk, options = {}) {
  const file = join(SESSIONS, `session-${new URL(j.url).port}-${login}.json`);
  const known = existsSync(file);
  const staff = await Journey.open(j.browser, j.url, {
    viewport: DESKTOP,
    lang: j.options.lang,
    ...options,
    context: { ...options.context, ...(known ? { storageState: file } : {}) },
  });
  try {
    if (!known) {
      await staff.signIn({ login, password: PASSWORD });
      await staff.context.storageState({ path: file });
    }
    const answer = await walk(staff);
    staff.watched.assertQuiet();
    return answer;
  } finally {
    await staff.close();
  }
}

/** The words of the page's body as people read them; also proves that nothing of the machinery shows. */
export async function words(j) {
  const text = await j.page.locator('body').innerText();
  assert.doesNotMatch(text, NO_TRACE, 'the page shows the inside of the program');
  return text;
}

/** Chooses a place level by level. */
export async function choosePlace(j, codes) {
  for (const [level, code] of codes.entries()) {
    const select = j.page.locator(`[name="where.${level}"]`);
    await select.locator(`option[value="${code}"]`).waitFor({ state: 'attached' });
    await select.selectOption(code);
    if (j.options.script === false && level + 1 < codes.length) await j.press(j.page.locator('.levels [name=_pick]'));
  }
  if (j.options.script !== false) await j.page.locator('.place-chosen').waitFor();
}

/** Chooses a kind by its code, opening the group that holds it. */
export async function chooseKind(j, code, field = 'kind') {
  const select = j.page.locator(`select[name="${field}"]`);
  if (await select.count()) return void (await select.selectOption(code));
  const radio = j.page.locator(`[name="${field}"][value="${code}"]`).last();
  await radio.evaluate((input) => input.closest('details')?.setAttribute('open', ''));
  await radio.check();
}

/** Fills in the report's form without sending it. */
export async function fillReport(j, { what, place, kind, name, phone, photo }) {
  await j.page.fill('[name=what]', what);
  await choosePlace(j, place);
  if (kind) await chooseKind(j, kind);
  if (name) await j.page.fill('[name=contact_name]', name);
  if (phone) await j.page.fill('[name=contact_phone]', phone);
  if (photo) await j.page.setInputFiles('[name=photos]', photo);
}

/** Reports a matter as a resident and answers what the receipt says: `{ code, number, text }`. */
export async function report(j, matter) {
  await j.visit('/report');
  await fillReport(j, matter);
  await j.press('#form-report .send button');
  return receipt(j);
}

/** What the receipt on the screen says. */
export async function receipt(j) {
  const code = (await j.page.locator('p.code').innerText()).trim();
  const text = await words(j);
  const number = /W\d{4}-\d{6}/.exec(text)?.[0];
  assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/, 'the form of a receipt code');
  assert.ok(number, 'the receipt has a number');
  return { code, number, text };
}

/** Opens a record at the desk by its number. */
export async function openRecord(staff, number) {
  await staff.visit(`/desk/list?q=${number}`);
  const row = staff.page.locator('tr[data-row]').filter({ hasText: number }).locator('[data-row-link]');
  assert.equal(await row.count(), 1, `${number} is found once`);
  await staff.press(row);
  return staff.page.url().split('?')[0];
}

/** Opens the form of a step from a record's page, or takes it where nothing is asked. */
export async function begin(staff, step) {
  const link = staff.page.locator(`.actions a[href$="/do/${step}"], .actions form[action$="/do/${step}"] button`);
  assert.equal(await link.count(), 1, `the step ${step} is offered at ${staff.page.url()}: ${await staff.page.locator('.actions').innerText()}`);
  await staff.press(link);
}

/** Takes a step from a record's page: texts are filled in, `{ choose: value }` picks among choices, a list checks several. */
export async function take(staff, step, fields = {}) {
  await begin(staff, step);
  await fill(staff, fields);
  if (await staff.page.locator(`#form-${step}`).count()) await send(staff, step);
  assert.match(staff.page.url(), new RegExp(`done=${step}|/desk$`), `${step} was taken: ${await staff.page.locator('main').innerText()}`);
}

/** Sends the form of a step. */
export async function send(staff, step) {
  await staff.press(`#form-${step} .send button`);
}

/** Opens a part from its parent's page: its form, filled in and sent. */
export async function addPart(staff, mechanism, step, fields) {
  await staff.press(staff.page.locator(`.actions a[href*="/desk/new/${mechanism}/${step}"]`));
  await fill(staff, fields);
  await send(staff, step);
}

/** Fills in a step's form. */
export async function fill(staff, fields) {
  for (const [name, value] of Object.entries(fields)) {
    if (Array.isArray(value)) for (const one of value) await staff.page.locator(`[name="${name}"][value="${one}"]`).check();
    else if (value.choose !== undefined) await choose(staff, name, value.choose);
    else if (value.files !== undefined) await staff.page.setInputFiles(`[name="${name}"]`, value.files);
    else await staff.page.fill(`[name="${name}"]`, value);
  }
}

async function choose(staff, name, value) {
  const select = staff.page.locator(`select[name="${name}"]`);
  if (await select.count()) await select.selectOption(value);
  else await chooseKind(staff, value, name);
}

/** Excuses a refusal that a journey provokes. */
export function expectStatus(j, status) {
  j.watched.expect(new RegExp(`status ${status} (GET|POST)|responded with a status of ${status}`));
}

/** The marks and state at the head of a record's page. */
export function head(j) {
  return j.page.locator('.record-head').innerText();
}
