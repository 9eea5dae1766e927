// Each island against a page as the templates render it, in the real browser.
import assert from 'node:assert/strict';
import { journeys } from '../harness/index.mjs';
import { sendPage, startTinyServer } from '../harness/tiny-server.mjs';

const PLACES = [
  { code: '11', name: 'East', path: 'Town', level: 'village', more: false },
  { code: '12', name: 'East Gate', path: 'Town', level: 'village', more: false },
];
const FORM = (error = '', text = '') => `${error ? `<div role="alert" tabindex="-1" class="summary">${error}</div>` : ''}
<form id="f" method="post" action="/report" enctype="multipart/form-data" data-island="draft once" data-draft-key="report" data-text-saved="kept"
 data-text-restored="restored" data-text-sending="sending" data-text-waiting="again in {n}" data-text-failed="failed">
<input type="hidden" name="command_id" value="id-${(FORM.n = (FORM.n ?? 0) + 1)}"><p><span role="status" data-draft-status></span>
<button type="button" data-draft-clear hidden>clear</button></p><progress data-send-progress aria-label="p" hidden></progress>
<label>What <textarea name="what" maxlength="50" data-island="count" data-text-left="{n} left" data-count-out="left">${text}</textarea></label><p id="left" hidden></p>
<div data-personal><label>Phone <input name="phone"></label></div>
<label>Kind <select name="kind"><option value="">-</option><option value="a">A</option></select></label>
<div data-island="photo" data-max-files="2" data-max-bytes="3000000" data-max-edge="200" data-text-too-big="too big" data-text-not-image="no picture"
 data-text-too-many="too many" data-text-remove="remove" data-text-shrinking="shrinking"><label>Photo <input type="file" name="photo" multiple></label>
<ul data-photo-list></ul><p role="status"></p></div>
<div data-island="place" data-search="/places?q=" data-children="/children/" data-near="/near" data-text-none="none" data-text-found="{n} found">
<p class="place-chosen" hidden><strong data-place-chosen></strong></p><input type="hidden" name="place" value="" data-place-value>
<label>Search <input data-place-query></label><button name="_pick" data-noscript>search</button><ul data-place-results></ul><p role="status"></p>
<div class="level"><label>Town <select data-place-level="0"><option value="">-</option><option value="1">Town</option></select></label></div>
<div class="level empty"><label>Village <select data-place-level="1" disabled><option value="">-</option></select></label></div></div>
<div data-island="map-picker" data-outline="/outline" data-tiles="" data-center="35.3,111.2" data-text-chosen="{lat} {lon}" data-text-denied="denied" data-text-map="Map">
<button type="button" data-map-locate hidden>locate</button><button type="button" data-map-open hidden>map</button><p role="status"></p>
<div class="map" data-map-canvas hidden></div><label>Lat <input name="lat" data-map-lat></label><label>Lon <input name="lon" data-map-lon></label></div>
<button class="main">Send</button></form>`;

const got = { commands: [], photos: [], cut: 0, refuse: 0 };
const json = (response, value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
const lang = (request) => (/lang=zh/.test(request.headers.cookie ?? '') ? 'zh' : 'en');
const routes = {
  'GET /report': (q, r, b, names) => sendPage(r, names, { lang: lang(q), large: /type=large/.test(q.headers.cookie ?? ''), title: 'Report', main: FORM() }),
  'POST /report': (request, response, body, names) => {
    const part = (name) => new RegExp(`name="${name}"\\r\\n\\r\\n([^\\r]*)`).exec(body.toString('latin1'))?.[1];
    got.commands.push(part('command_id'));
    if (got.cut > 0) {
      got.cut -= 1;
      return request.socket.destroy();
    }
    got.photos.push(body.length);
    if (got.refuse > 0) {
      got.refuse -= 1;
      return sendPage(response, names, { title: 'Report', status: 422, main: FORM('say more', part('what')) });
    }
    got.place = part('place');
    response.writeHead(303, { location: '/receipt' }).end();
  },
  'GET /receipt': (q, r, b, names) =>
    sendPage(r, names, {
      title: 'Receipt',
      main: `<article data-island="code" data-draft-done="report" data-code="K7QF" data-url="u" data-text-copied="copied">
<button type="button" data-code-print hidden>print</button><p role="status"></p></article>`,
    }),
  'GET /follow': (q, r, b, names) => sendPage(r, names, { title: 'Follow', main: '<label>Code <input id="code" data-island="code-entry"></label>' }),
  'GET /board': (q, r, b, names) =>
    sendPage(r, names, {
      title: 'Board',
      main: `<div data-island="live" data-src="/live" data-text-changed="{n} new" hidden><span role="status"></span> <a href="/board" data-live-reload>see</a></div>
<figure data-island="chart"><svg viewBox="0 0 100 50" role="group" aria-label="c"><g data-point data-label="May" data-value="81 %"><circle cx="20" cy="20" r="6"/></g>
<g data-point data-label="June" data-value="90 %"><circle cx="60" cy="20" r="6"/></g></svg><output data-chart-out hidden></output></figure>
<form id="new"><label>Text <input name="what"></label></form><section data-island="dups" data-form="new" data-src="/dups?mechanism=matter" data-fields="text=what" data-needs="text"
 data-href="/desk/{id}" data-text-found="{n} alike" data-text-likeness="{n} %" data-text-metres="{n} m"><p role="status"></p><ul data-dups-list hidden></ul></section>
<fieldset data-island="filter" data-text-none="none"><legend>Kinds</legend><label hidden>Find <input data-filter-query></label>
<details data-filter-group><summary>G</summary><div data-filter-item data-words="street light">light</div></details>
<details data-filter-group><summary>H</summary><div data-filter-item data-words="water">water</div></details></fieldset>
<div data-island="keys"><a href="#x" data-key="g i" id="x">go</a><div data-row><a href="#r1" data-row-link>r1</a></div><div data-row><a href="#r2" data-row-link>r2</a></div></div>`,
    }),
  'GET /live': (q, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: changed\ndata: {"n":1}\n\nevent: changed\ndata: {"n":2}\n\n');
  },
  'GET /dups': (request, response) =>
    json(response, { items: [{ record: { id: 'r/1', number: 'W-1', title: new URL(request.url, 'http://x').searchParams.get('text') }, likeness: 80, metres: 40 }] }),
  'GET /places': (q, r) => json(r, { items: PLACES }),
  'GET /near': (q, r) => json(r, { items: [PLACES[1]] }),
  'GET /children/1': (q, r) => json(r, { items: PLACES }),
  'GET /outline': (q, r) =>
    json(r, {
      type: 'FeatureCollection',
      features: [[111.1, 35.2, 'West'], [111.3, 35.4, 'East']].map(([lon, lat, name]) => ({
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [lon, lat] },
        properties: { name, level: 'township' },
      })),
    }),
  'GET /offline': (q, r, b, names) => sendPage(r, names, { lang: lang(q), title: 'Offline', main: '' }),
  'POST /preferences': (request, response, body) => {
    const cookies = [...new URLSearchParams(String(body))].map(([name, value]) => `${name}=${value}; Path=/`);
    response.writeHead(303, { location: '/report', 'set-cookie': cookies }).end();
  },
};

/** A noisy picture, drawn by the browser itself, as a file for an input. */
async function picture(page, width, height) {
  const data = await page.evaluate(([w, h]) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
    const context = canvas.getContext('2d');
    for (let x = 0; x < w; x += 8) {
      context.fillStyle = `hsl(${x} 80% 50%)`;
      context.fillRect(x, (x * 7) % h, 8, h);
    }
    return canvas.toDataURL('image/png').split(',')[1];
  }, [width, height]);
  return { name: 'pit.png', mimeType: 'image/png', buffer: Buffer.from(data, 'base64') };
}

journeys(
  'islands',
  (journey) => {
    journey('keep what was typed, but no personal field', {}, async (j) => {
      await j.visit('/report');
      await j.page.fill('[name=what]', 'dark lamp');
      await j.page.fill('[name=phone]', '123');
      await j.page.selectOption('[name=kind]', 'a');
      await j.page.waitForFunction(() => document.querySelector('[data-draft-status]').textContent === 'kept');
      assert.equal(await j.page.textContent('#left'), '41 left');
      await j.visit('/report');
      await j.page.waitForFunction(() => document.querySelector('[data-draft-status]').textContent === 'restored');
      assert.deepEqual(
        [await j.page.inputValue('[name=what]'), await j.page.inputValue('[name=kind]'), await j.page.inputValue('[name=phone]')],
        ['dark lamp', 'a', ''],
      );
      await j.page.click('[data-draft-clear]');
      await j.visit('/report');
      assert.equal(await j.page.inputValue('[name=what]'), '');
    });

    journey('send again under the same command id when the connection is cut', {}, async (j) => {
      await j.visit('/report');
      await j.page.fill('[name=what]', 'dark lamp');
      await j.page.setInputFiles('[name=photo]', await picture(j.page, 900, 600));
      await j.page.waitForSelector('[data-photo-list] img');
      const size = await j.page.evaluate(async () => {
        const image = await createImageBitmap(document.querySelector('[name=photo]').files[0]);
        return [image.width, image.height, document.querySelector('[name=photo]').files[0].type];
      });
      assert.deepEqual(size, [200, 133, 'image/jpeg']);
      // Chromium itself tries once more on a connection that it kept open.
      got.cut = 4;
      got.commands = [];
      j.watched.expect(/ERR_EMPTY_RESPONSE|ERR_CONNECTION/);
      await j.page.click('button.main');
      await j.page.waitForFunction(() => /^again in/.test(document.querySelector('[data-draft-status]').textContent));
      await j.page.waitForURL('**/receipt', { timeout: 20_000 });
      assert.equal(got.commands.length, 5);
      assert.equal(new Set(got.commands).size, 1);
      await j.check();
      assert.equal(await j.page.evaluate(() => localStorage.length), 0);
      // The script shows it, a moment after the page has come.
      await j.page.waitForSelector('[data-code-print]', { state: 'visible' });
    });

    journey('show a refusal in place with words and photos kept', {}, async (j) => {
      await j.visit('/report');
      await j.page.fill('[name=what]', 'lamp');
      await j.page.setInputFiles('[name=photo]', await picture(j.page, 300, 300));
      await j.page.waitForSelector('[data-photo-list] img');
      got.refuse = 1;
      j.watched.expect(/status 422|status of 422/);
      await j.page.click('button.main');
      await j.page.waitForSelector('[role=alert]');
      await j.page.waitForSelector('[data-photo-list] img');
      assert.equal(await j.page.inputValue('[name=what]'), 'lamp');
      assert.equal(await j.page.evaluate(() => document.querySelector('[name=photo]').files.length), 1);
      await j.check();
      await j.page.click('button.main');
      await j.page.waitForURL('**/receipt');
    });

    journey('refuse what is no photo, too big or too many', {}, async (j) => {
      await j.visit('/report');
      const status = (text) => j.page.waitForFunction((t) => document.querySelector('[data-island=photo] [role=status]').textContent === t, text);
      await j.page.setInputFiles('[name=photo]', { name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('nothing') });
      await status('no picture');
      await j.page.setInputFiles('[name=photo]', { name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.alloc(3_000_001) });
      await status('too big');
      const one = await picture(j.page, 50, 50);
      await j.page.setInputFiles('[name=photo]', [one, one, one]);
      await status('too many');
      assert.equal(await j.page.locator('[data-photo-list] li').count(), 2);
      await j.page.locator('[data-photo-list] button').first().click();
      assert.equal(await j.page.evaluate(() => document.querySelector('[name=photo]').files.length), 1);
    });

    journey('find places by name, by level and by point', { context: { permissions: ['geolocation'], geolocation: { latitude: 35.3, longitude: 111.2 } } }, async (j) => {
      await j.visit('/report');
      const value = () => j.page.inputValue('[data-place-value]');
      await j.page.click('[data-map-locate]');
      await j.page.waitForFunction(() => document.querySelector('[data-place-value]').value === '12');
      assert.equal(await j.page.inputValue('[name=lat]'), '35.300000');
      await j.page.fill('[data-place-query]', 'east');
      await j.page.waitForSelector('[data-place-results] .result');
      await j.page.press('[data-place-query]', 'ArrowDown');
      await j.page.keyboard.press('Enter');
      assert.equal(await value(), '11');
      assert.equal(await j.page.textContent('[data-place-chosen]'), 'Town / East');
      await j.page.selectOption('[data-place-level="0"]', '1');
      await j.page.waitForFunction(() => document.querySelector('[data-place-level="1"]').options.length === 3);
      await j.page.selectOption('[data-place-level="1"]', '12');
      assert.equal(await value(), '12');
      assert.ok(!(await j.page.isVisible('[data-noscript]')));
    });

    journey('choose a point on the map by hand and by keys', {}, async (j) => {
      await j.visit('/report');
      const first = await j.weigh('/report');
      assert.ok(![...first.byUrl.keys()].some((url) => url.includes('maplibre')), 'the map is not loaded before it is asked for');
      await j.page.click('[data-map-open]');
      await j.page.waitForSelector('.maplibregl-marker', { state: 'attached', timeout: 30_000 });
      await j.page.waitForFunction(() => document.activeElement?.matches('.maplibregl-canvas'), undefined, { timeout: 30_000 });
      const labels = await j.page.locator('.maplibregl-marker').allTextContents();
      assert.deepEqual(labels.sort(), ['East', 'West']);
      await j.page.locator('.maplibregl-canvas').click({ position: { x: 60, y: 80 } });
      const byHand = await j.page.inputValue('[name=lat]');
      assert.match(byHand, /^35\.\d{6}$/);
      await j.page.keyboard.press('Enter');
      await j.page.waitForFunction((old) => document.querySelector('[name=lat]').value !== old, byHand);
      assert.match(await j.page.inputValue('[name=lat]'), /^35\.30/);
      await j.check();
      await j.shot('islands-map', { keep: true });
    });

    journey('switch language and type without losing words', {}, async (j) => {
      await j.visit('/report');
      await j.page.fill('[name=what]', 'dark lamp');
      await j.page.evaluate(() => (window.sameDocument = true));
      await j.page.click('button[name=type]');
      await j.page.waitForFunction(() => document.documentElement.dataset.type === 'large');
      await j.switchLanguage('zh');
      assert.equal(await j.page.inputValue('[name=what]'), 'dark lamp');
      assert.equal(await j.page.getAttribute('html', 'data-type'), 'large');
      assert.equal(await j.page.evaluate(() => window.sameDocument), true);
    });

    journey('group a code while it is typed', {}, async (j) => {
      await j.visit('/follow');
      await j.page.waitForLoadState('networkidle');
      await j.page.locator('#code').pressSequentially('k7qf２m9x4');
      assert.equal(await j.page.inputValue('#code'), 'K7QF-2M9X-4');
    });

    journey('tell of changes, marks, duplicates, choices and keys', {}, async (j) => {
      await j.visit('/board');
      await j.page.waitForSelector('[data-island=live]:not([hidden])');
      await j.page.waitForFunction(() => document.querySelector('[data-island=live] [role=status]').textContent === '3 new');
      await j.page.hover('[data-label=June] circle');
      assert.equal(await j.page.textContent('[data-chart-out]'), 'June 90 %');
      await j.page.fill('#new [name=what]', 'dark lamp');
      await j.page.waitForSelector('[data-dups-list] a');
      assert.equal(await j.page.getAttribute('[data-dups-list] a', 'href'), '/desk/r%2F1');
      assert.equal(await j.page.textContent('[data-dups-list] small'), 'W-1 · 80 % · 40 m');
      await j.page.fill('[data-filter-query]', 'LIGHT');
      assert.equal(await j.page.locator('[data-filter-group]:not([hidden])').count(), 1);
      await j.page.locator('[data-row-link]').first().focus();
      await j.page.keyboard.press('j');
      assert.equal(await j.page.evaluate(() => document.activeElement.textContent), 'r2');
      await j.page.keyboard.press('g');
      await j.page.keyboard.press('i');
      assert.ok(j.page.url().endsWith('#x'));
    });

    journey('say so when there is no network', { context: { serviceWorkers: 'allow' } }, async (j) => {
      await j.visit('/report');
      await j.page.evaluate(() => navigator.serviceWorker.ready);
      await j.page.waitForFunction(() => caches.match('/offline').then(Boolean));
      await j.context.setOffline(true);
      await j.page.goto('/receipt');
      assert.equal(await j.page.textContent('h1'), 'Offline');
      const kept = await j.page.evaluate(async () => {
        const urls = [];
        for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) urls.push(new URL(url).pathname);
        return urls.filter((path) => !path.startsWith('/assets/'));
      });
      assert.deepEqual(kept, ['/offline']);
      j.watched.expect(/./);
    });
  },
  () => startTinyServer(routes),
);
