// Keeps hashed files for good and one page for when there is no network. Never keeps what belongs to a person:
// pages of the desk, of a receipt code, answers for machines.
declare const self: ServiceWorkerGlobalScope;
declare const PRECACHE: string[];
declare const VERIFY_FILES: string[];
declare const ASSETS_URL: string;
declare const CACHE_VERSION: string;

const STATIC = `static-${CACHE_VERSION}`;
/** Outlives a new version, so that there is always a page to fall back to. */
const PAGES = 'pages';
const OFFLINE = '/offline';
/** Checks receipts on the device, and so without a network as well. */
const VERIFY = '/verify';
/** Never read from or written to a cache. */
const PRIVATE = /^\/(desk|follow|receipt|api|healthz|readyz|metrics)(\/|$)/;

self.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(STATIC);
      await cache.addAll(PRECACHE);
      await keepOffline();
      // Whoever once opened it goes on having it, with the files of this version.
      if (await (await caches.open(PAGES)).match(VERIFY)) await keepVerify();
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith('static-') && name !== STATIC) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin || PRIVATE.test(url.pathname)) {
    // Even there a cut connection deserves a readable page; nothing is kept.
    if (request.method === 'GET' && request.mode === 'navigate' && url.origin === self.location.origin) event.respondWith(page(request));
    return;
  }
  if (url.pathname.startsWith(ASSETS_URL)) event.respondWith(asset(request));
  else if (request.mode === 'navigate') event.respondWith(page(request));
});

self.addEventListener('message', (event) => {
  // The page tells its language: the page for no network should speak the same.
  const lang = (event.data as { lang?: unknown } | null)?.lang;
  if (typeof lang === 'string') event.waitUntil(relearnOffline(lang));
  // A page that works without a network asks to be kept.
  const keep = (event.data as { keep?: unknown } | null)?.keep;
  if (keep === VERIFY) event.waitUntil(keepVerify());
});

/** Cache first: the name changes with the content. */
async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(STATIC);
  const known = await cache.match(request);
  if (known) return known;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

/** Network first; without one, the page that says so. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    const kept = new URL(request.url).pathname === VERIFY ? await caches.match(VERIFY) : undefined;
    return kept ?? (await caches.match(OFFLINE)) ?? Response.error();
  }
}

function keepOffline(): Promise<void> {
  return keepPage(OFFLINE);
}

async function keepVerify(): Promise<void> {
  await keepPage(VERIFY);
  await (await caches.open(STATIC)).addAll(VERIFY_FILES).catch(() => undefined);
}

async function keepPage(path: string): Promise<void> {
  try {
    const response = await fetch(path, { cache: 'no-cache' });
    if (response.ok) await (await caches.open(PAGES)).put(path, response);
  } catch {
    // Kept at the next chance.
  }
}

async function relearnOffline(lang: string): Promise<void> {
  const kept = await (await caches.open(PAGES)).match(OFFLINE);
  const spoken = /<html[^>]*\slang="([^"]*)"/.exec((await kept?.text()) ?? '')?.[1];
  if (spoken !== lang) await keepOffline();
}
export {};
