// The receipt proves itself: report, save, check in the browser without a network; an altered byte is said plainly.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { journeys } from './harness/index.mjs';
import { report, words } from './harness/people.mjs';

const WHAT = '村委会门前的井盖响，车一过就跳。';
const MATTER = { what: WHAT, place: ['140823100000', '140823100200'], kind: '010501', name: '赵存证', phone: '13612340000' };

/** Saves the newest receipt from the page about the proof and answers its file. */
async function save(j, folder, name, since) {
  if (since !== undefined) await j.page.fill('#since', since);
  const [download] = await Promise.all([j.page.waitForEvent('download'), j.page.locator('form button.main').click()]);
  assert.match(download.suggestedFilename(), /^receipt-W\d{4}-\d{6}\.json$/);
  const file = join(folder, name);
  await download.saveAs(file);
  return file;
}

const outcome = (j, part) => j.page.locator(`[data-verify-${part}]`);

async function check(j, file) {
  await j.page.setInputFiles('#verify-file', file);
  await j.page.locator('[data-verify-good]:not([hidden]),[data-verify-bad]:not([hidden])').waitFor();
}

journeys('a receipt', (journey) => {
  journey('proves the report, to the byte', {}, async (j) => {
    const folder = await mkdtemp(join(tmpdir(), 'gongzhi-receipt-'));
    try {
      const { code, number } = await report(j, MATTER);
      const short = await j.page.locator('a[href^="/verify#"]').getAttribute('href');
      await j.shot('receipt-proof');
      await j.visit(`/follow/${code}`);
      await j.press('a[href$="/receipt"]');
      await j.shot('proof');
      const file = await save(j, folder, 'first.json');

      await j.visit('/verify');
      await j.shot('verify');
      await check(j, file);
      const told = await outcome(j, 'good').innerText();
      assert.ok(told.includes(WHAT) && told.includes(number), told);
      assert.ok(!told.includes(MATTER.phone) && !told.includes(MATTER.name), 'personal values stay sealed');
      await j.shot('verify-good', { langs: [], keep: true });

      // One letter of what was reported, changed by whoever has the file.
      const bad = JSON.parse(await readFile(file, 'utf8'));
      const body = Buffer.from(bad.entries[0].body, 'base64');
      body[body.indexOf(Buffer.from('井盖'))] ^= 1;
      bad.entries[0].body = body.toString('base64');
      await writeFile(join(folder, 'bad.json'), JSON.stringify(bad));
      await check(j, join(folder, 'bad.json'));
      assert.match(await outcome(j, 'fault').innerText(), /改动/);
      assert.ok(await outcome(j, 'good').isHidden());
      await j.shot('verify-bad', { langs: [], keep: true });
      // Chosen anew in the other language, the same is said.
      await j.switchLanguage('en');
      await j.page.locator('[data-verify-bad]:not([hidden])').waitFor();
      assert.match(await outcome(j, 'fault').innerText(), /has been changed/);
      await check(j, file);
      await j.shot('verify-good-en', { langs: [], keep: true });
      await j.switchLanguage('zh');

      await writeFile(join(folder, 'letter.txt'), 'a letter');
      await check(j, join(folder, 'letter.txt'));
      assert.match(await outcome(j, 'fault').innerText(), /不是回执文件/);

      // What the QR code holds is checked as soon as the page opens, and is sent to nobody.
      const asked = [];
      j.page.on('request', (request) => asked.push(request.url()));
      await j.page.goto('about:blank');
      await j.visit(short);
      await j.page.locator('[data-verify-good]:not([hidden])').waitFor();
      assert.equal(await j.page.locator('[data-verify-entries] > li').count(), 1);
      assert.ok(await outcome(j, 'short').isVisible());
      const digits = short.split('#')[1];
      assert.ok(asked.length > 0 && asked.every((url) => !url.split('#')[0].includes(digits.slice(0, 50))));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  journey('is extended by later events, and continues the earlier one', {}, async (j) => {
    const folder = await mkdtemp(join(tmpdir(), 'gongzhi-receipt-'));
    try {
      const { code } = await report(j, { ...MATTER, what: '村口公告栏的玻璃碎了一地，请清理。' });
      await j.visit(`/follow/${code}/receipt`);
      const first = JSON.parse(await readFile(await save(j, folder, 'first.json'), 'utf8'));
      const size = first.checkpoint.split('\n')[1];
      await j.visit(`/follow/${code}`);
      await j.page.locator('details:has(#form-add) summary').click();
      await j.page.fill('[name="add.addition"]', '碎玻璃在东侧');
      await j.press('#form-add .send button');
      await j.visit(`/follow/${code}/receipt`);
      const file = await save(j, folder, 'second.json', size);
      await j.visit('/verify');
      await j.page.locator('.told-keys summary').click();
      await j.page.fill('#verify-note', first.checkpoint);
      await check(j, file);
      const told = await outcome(j, 'good').innerText();
      assert.ok(told.includes('碎玻璃在东侧') && told.includes(`条目总数为 ${size} 的检查点`), told);
      // A checkpoint of another log, and words that are none.
      await j.page.fill('#verify-note', first.checkpoint.replace(/\n\d+\n/, '\n3\n'));
      await j.page.locator('.told-keys button').click();
      await outcome(j, 'bad').waitFor();
      await j.page.fill('#verify-note', 'nothing');
      await j.page.locator('.told-keys button').click();
      await outcome(j, 'note-error').waitFor();
      await j.page.fill('#verify-note', '');
      await j.page.fill('#verify-keys', 'no key');
      await j.page.locator('.told-keys button').click();
      await outcome(j, 'keys-error').waitFor();

      j.watched.expect(/422/);
      await j.visit(`/follow/${code}/receipt`);
      await j.page.fill('#since', '99999999');
      await j.press('form button.main');
      assert.equal(await j.page.locator('#since').inputValue(), '99999999');
      assert.match(await j.page.locator('#since-error').innerText(), /不大于/);
      await j.shot('proof-bad', { langs: [], keep: true });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  journey('is checked without a network once the page was opened', { context: { serviceWorkers: 'allow' } }, async (j) => {
    const { code } = await report(j, { ...MATTER, what: '田间道路被雨水冲断。' });
    await j.visit(`/receipt/${code}`);
    const short = await j.page.locator('a[href^="/verify#"]').getAttribute('href');
    await j.visit('/verify');
    await j.page.waitForFunction(async () => {
      const kept = await caches.match('/verify');
      const files = [...((await kept?.text()) ?? '').matchAll(/\/assets\/main-[^"]+/g)];
      return files.length > 0 && (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).some(({ url }) => url.includes('/verify-'))))).includes(true);
    });
    await j.page.waitForLoadState('networkidle');
    // What the browser asks for of itself then (the sign in its tab, a newer worker) is missing; whether the check works is seen below.
    j.watched.expect(/icon\.svg|sw\.js|ERR_INTERNET_DISCONNECTED/);
    await j.context.setOffline(true);
    await j.page.goto('about:blank');
    await j.page.goto(short);
    await j.page.locator('[data-verify-good]:not([hidden])').waitFor();
    await j.context.setOffline(false);
  });

  journey('tells without script how to check', { script: false }, async (j) => {
    await j.visit('/verify');
    assert.match(await words(j), /gongzhi receipt verify/);
    await j.shot('verify-no-script', { langs: [], keep: true });
    const { total } = await j.weigh('/verify');
    assert.ok(total < 50_000, `${total} bytes`);
  });
});
