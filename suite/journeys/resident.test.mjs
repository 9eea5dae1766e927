// A resident, without an account: reports, follows, adds, rates, has the matter reopened.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { PHOTO, asStaff, fillReport, openRecord, receipt, report, take, words } from './harness/people.mjs';

const WAY = { place: ['140823100000', '140823100200'] };
const LIMIT = 50 * 1024;

journeys('a resident', (journey) => {
  journey('finds the way in from the front page', {}, async (j) => {
    await j.visit('/');
    assert.match(await words(j), /闻喜县/);
    await j.shot('home');
    await j.press('.cta');
    assert.equal(new URL(j.page.url()).pathname, '/report');
    await j.shot('report');
    await j.visit('/rates');
    await j.shot('rates');
  });

  journey('chooses the place on a slow line, before the script has come', {}, async (j) => {
    let arrive;
    const slow = new Promise((go) => { arrive = go; });
    await j.page.route(/\/assets\/.*\.js$/, async (route) => { await slow; await route.continue(); });
    await j.page.goto('/report', { waitUntil: 'commit' });
    const county = j.page.locator('[name="where.0"]');
    await county.selectOption(WAY.place[0]);
    assert.equal(await j.page.locator('[name="where.1"] option').count(), 1, 'no script yet');
    arrive();
    await j.page.locator(`[name="where.1"] option[value="${WAY.place[1]}"]`).waitFor({ state: 'attached' });
    await j.page.selectOption('[name="where.1"]', WAY.place[1]);
    assert.match(await j.page.locator('.place-chosen').innerText(), /西社/);
  });

  journey('reports with place, kind, photo and contact, and gets a printable receipt', {}, async (j) => {
    const { code, number, text } = await report(j, {
      ...WAY, what: '西社村口的污水冒出来，流到路上三天了。', kind: '010501', name: '张小雨', phone: '13800135791', photo: PHOTO,
    });
    assert.match(text, /西社/);
    assert.match(text, /闻喜县城市管理局/, 'the rules sent it to the office for this kind');
    assert.ok((await j.page.locator('.qr svg rect, .qr svg path').count()) > 0, 'the QR code is drawn');
    assert.ok(await j.page.locator('[data-code-print]').isVisible(), 'the print button shows where there is script');
    await j.page.emulateMedia({ media: 'print' });
    assert.ok(await j.page.locator('.paper').isVisible(), 'the paper receipt names the address');
    assert.ok(!(await j.page.locator('.screen').first().isVisible()), 'buttons stay off the paper');
    await j.page.emulateMedia({ media: null });
    await j.shot('receipt');
    await j.press('.send.screen .main');
    const page = await words(j);
    assert.match(page, /13800135791/, 'who holds the code sees what they gave');
    assert.match(page, /城市管理局/);
    assert.ok((await j.page.locator('main a[href*="/files/"]').count()) > 0, 'the photo is kept');
    await j.shot('follow');
    await j.visit(`/follow?code=${code.toLowerCase().replaceAll('-', ' ')}`);
    assert.match(j.page.url(), new RegExp(`/follow/${code}$`), 'small letters and spaces do not matter');
    await j.visit(`/receipt/${code}`);
    assert.match(await words(j), new RegExp(number));
  });

  journey('reports without JavaScript', { script: false }, async (j) => {
    await j.visit('/report');
    await fillReport(j, { ...WAY, what: '村口的路灯不亮，没有脚本也要能反映。', photo: PHOTO });
    await j.press('#form-report .send button');
    const { code } = await receipt(j);
    await j.press('.send.screen .main');
    assert.match(await words(j), /没有脚本也要能反映/);
    const form = j.page.locator('form#form-add');
    await j.page.locator('details', { has: form }).locator('summary').first().click();
    await form.locator('[name="add.addition"]').fill('补充：是从南往北数第二盏。');
    await j.press(form.locator('.send button'));
    assert.match(j.page.url(), new RegExp(`/follow/${code}`));
    assert.match(await words(j), /已完成|补充情况/);
  });

  journey('chooses the place by typing its name', { lang: 'en' }, async (j) => {
    await j.visit('/report');
    await j.page.fill('[data-place-query]', '西社');
    const hit = j.page.locator('[data-place-results] button').first();
    await hit.waitFor();
    await hit.click();
    assert.notEqual(await j.page.locator('[data-place-value]').inputValue(), '');
    await j.page.fill('[name=what]', 'The lamp at the village gate is out.');
    await j.press('#form-report .send button');
    assert.match(await words(j), /We have received your report/);
  });

  journey('sending the same form twice makes one matter', {}, async (j) => {
    await j.visit('/report');
    await fillReport(j, { ...WAY, what: '同一张表提交两次，只应收到一件。', kind: '010501' });
    const urls = await j.page.evaluate(async () => {
      const form = document.querySelector('#form-report');
      const send = async () => (await fetch(form.action, { method: 'POST', body: new FormData(form) })).url;
      return [await send(), await send()];
    });
    assert.equal(urls[0], urls[1], 'both times the same receipt');
    assert.match(urls[0], /\/receipt\//);
  });

  journey('adds, reads the answer, rates it, and has it reopened', {}, async (j) => {
    const { code, number } = await report(j, { ...WAY, what: '桐城镇西社村下水道堵了，污水回流进院子。', kind: '010501' });
    await j.visit(`/follow/${code}`);
    const add = j.page.locator('form#form-add');
    await j.page.locator('details', { has: add }).locator('summary').first().click();
    await add.locator('[name="add.addition"]').fill('补充：第三户门口最严重。');
    await j.press(add.locator('.send button'));
    await asStaff(j, 'officer.urban', async (staff) => {
      await openRecord(staff, number);
      assert.match(await words(staff), /第三户门口最严重/, 'the handler reads the addition');
      await take(staff, 'accept');
      await take(staff, 'answer', { done: '已疏通管道并清洗路面。', result: { choose: 'solved' } });
    });
    await j.visit(`/follow/${code}`);
    assert.match(await words(j), /已疏通管道并清洗路面/);
    assert.match(await j.page.locator('.status-card').innerText(), /已答复待评价/);
    await j.shot('follow-answered');
    const rate = j.page.locator('form#form-rate');
    const fold = j.page.locator('details', { has: rate });
    if ((await fold.getAttribute('open')) === null) await fold.locator('summary').first().click();
    await rate.locator('[name="rate.solved"][value=no]').check();
    await rate.locator('[name="rate.satisfied"][value=so-so]').check();
    await j.press(rate.locator('.send button'));
    assert.match(await j.page.locator('.status-card').innerText(), /已办结/);
    assert.equal(await j.page.locator('form#form-rate').count(), 0, 'what has been rated is not offered for rating again');
    const hindered = j.page.locator('.hindered');
    assert.match(await hindered.innerText(), /评价：这次办理您已经评价过了/, 'and it is said why');
    assert.match(await hindered.locator('a.clause').getAttribute('href'), /^\/help\/matter#/, 'with the clause');
    await j.shot('follow-rated');
    const reopen = j.page.locator('form#form-reopen');
    const second = j.page.locator('details', { has: reopen });
    if ((await second.getAttribute('open')) === null) await second.locator('summary').first().click();
    await reopen.locator('[name="reopen.reason"]').fill('昨天又堵了，没有真正解决。');
    await j.press(reopen.locator('.send button'));
    assert.match(await j.page.locator('.status-card').innerText(), /办理中/);
    assert.match(await j.page.locator('.status-card').innerText(), /城市管理局/, 'the same office stays responsible');
  });

  journey('a wrong code gets a message and keeps what was typed', {}, async (j) => {
    await j.visit('/follow?code=ABCD-EFGH-JKMN-PQRS', { status: 404 });
    assert.match(await words(j), /没有|不对/);
    assert.equal(await j.page.locator('#code').inputValue(), 'ABCD-EFGH-JKMN-PQRS');
    await j.shot('follow-wrong', { langs: [], keep: true });
  });

  journey('the report page weighs at most 50 KB on a first visit', {}, async (j) => {
    for (const lang of ['zh-CN', 'en-GB']) {
      const { total, byUrl } = await j.weigh('/report');
      const parts = [...byUrl].map(([url, bytes]) => `${new URL(url, j.url).pathname} ${bytes}`).join(', ');
      assert.ok(total > 1000 && total <= LIMIT, `${lang}: ${total} bytes: ${parts}`);
    }
  });
});
