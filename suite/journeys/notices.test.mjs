// Who is meant is told: in the application, by message, in the calendar; what cannot be sent is put right.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { journeys } from './harness/index.mjs';
import { asStaff, expectStatus, report, words } from './harness/people.mjs';
import { binary } from './harness/server.mjs';

const PLACE = ['140823100000', '140823100200'];

/** A program that takes messages, and answers with `status`. */
async function robot() {
  const state = { status: 404, taken: [] };
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      state.taken.push(JSON.parse(Buffer.concat(parts).toString()));
      response.writeHead(state.status).end('no such robot');
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { state, port: server.address().port, close: () => server.close() };
}

/** Looks at a page again until `found`. */
async function until(staff, path, found) {
  for (let tries = 0; tries < 40; tries += 1) {
    await staff.visit(path);
    if (await found()) return;
    await staff.page.waitForTimeout(500);
  }
  assert.fail(`it did not come: ${await words(staff)}`);
}

journeys('notices', (journey) => {
  journey('tell of a new matter, open it and are read', {}, async (j) => {
    const { number } = await report(j, { place: PLACE, what: '井盖松动，请派人看看。', kind: '010501' });
    await asStaff(j, 'officer.urban', async (staff) => {
      await staff.visit('/desk');
      const badge = staff.page.locator('nav a[href="/desk/notices"] .badge');
      assert.ok((await badge.count()) === 1, 'the number of unread ones stands in the navigation');
      await staff.press('nav a[href="/desk/notices"]');
      const row = staff.page.locator('.notices li').filter({ hasText: number });
      assert.match(await row.getAttribute('class'), /unread/);
      assert.match(await row.innerText(), /派到你单位/);
      assert.ok(!(await row.innerText()).includes('井盖'), 'nothing that somebody typed');
      const clause = await row.locator('a[href^="/help/"]').getAttribute('href');
      await staff.shot('notices');
      await staff.press(row.locator('a').first());
      assert.match(await staff.page.locator('.record-head').innerText(), new RegExp(number));
      await staff.visit('/desk/notices');
      assert.equal(await staff.page.locator('.notices li.unread').filter({ hasText: number }).count(), 0);
      const all = staff.page.locator('form[action="/desk/notices/read"] button');
      if (await all.count()) await staff.press(all);
      await staff.visit(clause);
    });
  });

  journey('go where the person chooses', { lang: 'en' }, async (j) => {
    await asStaff(j, 'officer.water', async (staff) => {
      await staff.visit('/desk/notices/settings');
      await staff.page.locator('[name=mail][value=at-once]').check();
      await staff.page.fill('[name=address]', 'li at county');
      await staff.page.locator('[name=hook][value=daily]').check();
      await staff.page.fill('[name=url]', 'https://10.0.0.9/robot');
      expectStatus(staff, 422);
      await staff.press('#notice-settings .send button');
      const alert = await staff.page.locator('[role=alert]').innerText();
      assert.match(alert, /whole e-mail address/);
      assert.match(alert, /inside the network/);
      assert.equal(await staff.page.inputValue('[name=address]'), 'li at county', 'what was typed stands again');
      await staff.shot('notice-settings-faults', { keep: true, langs: [] });
      await staff.page.fill('[name=address]', 'li@county.example');
      await staff.page.locator('[name=hook][value=off]').check();
      await staff.page.fill('[name=url]', '');
      await staff.press('#notice-settings .send button');
      assert.match(await staff.page.locator('.flash').innerText(), /Saved/);
      await staff.press('form[action="/desk/notices/test/mail"] button');
      assert.match(await staff.page.locator('.flash').innerText(), /in the queue/);
      await staff.press('form[action="/desk/notices/calendar"] button');
      const shown = await staff.page.locator('#calendar .flash').innerText();
      const address = /https?:\/\/\S+calendar\.ics\?token=[0-9a-f]{64}/.exec(shown)?.[0];
      assert.ok(address, shown);
      await staff.shot('notice-settings', { keep: true, langs: [] });
      const { pathname, search } = new URL(address);
      const feed = async () => fetch(`${j.url}${pathname}${search}`);
      const calendar = await feed();
      assert.equal(calendar.status, 200);
      assert.match(calendar.headers.get('content-type'), /^text\/calendar/);
      assert.match(await calendar.text(), /^BEGIN:VCALENDAR\r\n[^]*END:VCALENDAR\r\n$/);
      await staff.press('form[action="/desk/notices/calendar/end"] button');
      assert.equal((await feed()).status, 404, 'the address has ended');
      await staff.visit('/desk/notices/settings');
      assert.doesNotMatch(await words(staff), /token=/, 'the address was shown once');
      await staff.shot('notice-settings-saved');
      await staff.page.locator('[name=mail][value=off]').check();
      await staff.press('#notice-settings .send button');
    });
  });

  journey('that cannot be sent are put right by the administrator', {}, async (j) => {
    const data = process.env.GONGZHI_DATA;
    assert.ok(data, 'GONGZHI_DATA names the data directory of the running server');
    const { state, port, close } = await robot();
    try {
      execFileSync(binary(), ['outgoing', '--data', data, 'allow', '127.0.0.1']);
      await asStaff(j, 'supervise', async (staff) => {
        await staff.visit('/desk/notices/settings');
        await staff.page.locator('[name=hook][value=at-once]').check();
        await staff.page.locator('[name=form]').selectOption('json');
        await staff.page.fill('[name=url]', `http://127.0.0.1:${port}/in`);
        await staff.press('#notice-settings .send button');
        assert.match(await staff.page.locator('.flash').innerText(), /已保存/);
        await staff.press('form[action="/desk/notices/test/hook"] button');
        expectStatus(staff, 404);
        await staff.visit('/desk/dead-letters', { status: 404 });
      });
      await asStaff(j, 'admin', async (staff) => {
        const letters = staff.page.locator('.notices li');
        await until(staff, '/desk/dead-letters', async () => (await letters.count()) > 0);
        assert.match(await letters.first().innerText(), /HTTP 404 no such robot/);
        await staff.shot('dead-letters');
        await staff.press(letters.first().locator('a.grave'));
        assert.match(await letters.first().innerText(), /不再发送/, 'throwing away is asked about');
        await staff.shot('dead-letters-sure');
        await staff.press(letters.first().locator('.presses a'));
        assert.equal(await letters.count(), 1, 'nothing was thrown away');
        state.status = 200;
        await staff.press(letters.first().locator('button').first());
        assert.match(await staff.page.locator('.flash').innerText(), /重新排队/);
        assert.match(await staff.page.locator('.plain-table').innerText(), /重发/, 'who decided is kept');
        await until(staff, '/desk/dead-letters', async () => state.taken.length >= 2);
        assert.equal(state.taken[0].id, state.taken.at(-1).id, 'the same message');
        assert.equal(await letters.count(), 0);
      });
    } finally {
      close();
      execFileSync(binary(), ['outgoing', '--data', data, 'forbid', '127.0.0.1']);
    }
  });
});
