// The harness proves itself: it must let a good page pass and catch each fault of a bad one.
import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { journeys } from '../harness/index.mjs';
import { ROOT } from '../harness/server.mjs';
import { sendPage, startTinyServer } from '../harness/tiny-server.mjs';

const BAD = [
  ['/wide', `<pre>${'x'.repeat(400)}</pre>`, /horizontal scroll at 390 px/],
  ['/alt', '<img src="/icons/icon.svg">', /img without alt/],
  ['/label', '<input name="q">', /control without label/],
  ['/heading', '<h1>twice</h1>', /2 h1 instead of one/],
  ['/nameless', '<button></button>', /nameless button/],
  ['/twice', '<p id="a"></p><p id="a"></p>', /id a stands 2 times/],
  ['/broken', '<img alt="" src="/missing.png">', /status 404 GET .*missing\.png/],
  ['/inline', '<script>1</script>', /console: .*Content Security Policy/i],
];
const lang = (request) => (/lang=zh/.test(request.headers.cookie ?? '') ? 'zh' : 'en');
const routes = {
  'GET /good': (request, response, body, names) => sendPage(response, names, { lang: lang(request), title: 'Good', main: '<label>A <input name="a"></label><img alt="" src="/icons/icon.svg">' }),
  'POST /preferences': (request, response, body) => {
    const wanted = new URLSearchParams(String(body)).get('lang') ?? lang(request);
    response.writeHead(303, { location: '/good', 'set-cookie': `lang=${wanted}; Path=/` }).end();
  },
};
for (const [path, main] of BAD) {
  routes[`GET ${path}`] = (request, response, body, names) => sendPage(response, names, { title: path, main });
}

journeys(
  'the harness',
  (journey) => {
    journey('lets a good page pass and measures it', {}, async (j) => {
      await j.visit('/good');
      const { total, byUrl } = await j.weigh('/good');
      assert.ok(total > 1000 && byUrl.size >= 3, `weight ${total} of ${byUrl.size} files`);
      await j.shot('harness-good');
      for (const name of ['390-zh', '1440-zh', '390-en', '1440-en']) await access(join(ROOT, `target/shots/harness-good-${name}.png`));
    });
    journey('works without script', { script: false }, async (j) => {
      await j.visit('/good');
      await j.press('button[name=lang]');
      assert.equal(await j.page.getAttribute('html', 'lang'), 'zh-CN');
    });
    for (const [path, , fault] of BAD) {
      journey(`catches ${path}`, {}, async (j) => {
        await assert.rejects(j.visit(path), (error) => {
          assert.match(`${error.message} ${JSON.stringify(error.actual)}`, fault);
          return true;
        });
        j.watched.expect(/./);
      });
    }
    journey('expects a refusal where it is told to', {}, async (j) => {
      await assert.rejects(j.visit('/nowhere'), /status of/);
      j.watched.expect(/./);
    });
  },
  () => startTinyServer(routes),
);
