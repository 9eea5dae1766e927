// A little server that stands in for the product where the harness and the islands themselves are tested. It sends the built
// files of `web/dist`, a page with islands, and lets a test cut connections.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ROOT } from './server.mjs';

const DIST = join(ROOT, 'web/dist');
const MEDIA = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json' };
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; worker-src 'self'; connect-src 'self'; form-action 'self'";

/** Starts it; `routes` maps `METHOD /path` to `(request, response, body) => …`. Answers `{ url, stop, names }`. */
export async function startTinyServer(routes) {
  const names = JSON.parse(await readFile(join(DIST, 'manifest.json'), 'utf8'));
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const route = routes[`${request.method} ${pathname}`];
    if (route) return route(request, response, body, names);
    const file = pathname.replace(/^\/assets\//, '/');
    try {
      if (file.includes('..')) throw new Error('outside');
      const content = await readFile(join(DIST, file));
      response.writeHead(200, { 'content-type': MEDIA[extname(file)] ?? 'application/octet-stream' }).end(content);
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const stop = () => new Promise((done) => {
    server.close(done);
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, stop, names };
}

/** Sends a whole page. */
export function sendPage(response, names, { lang = 'en', large = false, title, main, status = 200 }) {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY }).end(`<!doctype html>
<html lang="${lang === 'zh' ? 'zh-CN' : 'en'}" data-theme="auto" data-type="${large ? 'large' : 'normal'}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><link rel="icon" href="/icons/icon.svg">
<link rel="stylesheet" href="/assets/${names['main.css']}"><script type="module" src="/assets/${names['main.js']}"></script></head>
<body><form method="post" action="/preferences"><button name="lang" value="${lang === 'zh' ? 'en' : 'zh'}">L</button>
<button name="type" value="large">T</button></form><main id="main" class="wrap" tabindex="-1"><h1>${title}</h1>${main}</main></body></html>`);
}
