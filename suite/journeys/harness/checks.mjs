// What must hold on every page that a journey visits.
import assert from 'node:assert/strict';

/** Faults in the markup and layout of the page as it stands; empty when there are none. */
export async function pageFaults(page) {
  const faults = await page.evaluate(() => {
    const found = [];
    const tell = (element) => element.outerHTML.replace(/\s+/g, ' ').slice(0, 140);
    if (!document.documentElement.lang) found.push('html has no lang');
    if (!document.title.trim()) found.push('the page has no title');
    const headings = document.querySelectorAll('h1').length;
    if (headings !== 1) found.push(`${headings} h1 instead of one`);
    for (const image of document.querySelectorAll('img:not([alt])')) found.push(`img without alt: ${tell(image)}`);
    const named = (control) =>
      [...(control.labels ?? [])].some((label) => label.textContent.trim() || label.querySelector('img[alt]')) ||
      control.getAttribute('aria-label')?.trim() ||
      (control.getAttribute('aria-labelledby') ?? '').split(/\s+/).some((id) => id && document.getElementById(id)?.textContent.trim());
    const controls = 'input:not([type=hidden],[type=submit],[type=button],[type=reset],[type=image]),select,textarea';
    for (const control of document.querySelectorAll(controls)) if (!named(control)) found.push(`control without label: ${tell(control)}`);
    for (const button of document.querySelectorAll('button,a[href]')) {
      const name = button.textContent.trim() || button.getAttribute('aria-label') || button.querySelector('img[alt]')?.alt || button.title;
      if (!name) found.push(`nameless ${button.localName}: ${tell(button)}`);
    }
    const ids = new Map();
    for (const { id } of document.querySelectorAll('[id]')) ids.set(id, (ids.get(id) ?? 0) + 1);
    for (const [id, times] of ids) if (times > 1) found.push(`id ${id} stands ${times} times`);
    return found;
  });
  const wide = await widthFault(page);
  return wide ? [...faults, wide] : faults;
}

/** Tells what sticks out where the page would scroll sideways. */
async function widthFault(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return undefined;
    const wide = [...document.body.querySelectorAll('*')].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1 && !element.closest('.vh');
    });
    const names = wide.slice(-3).map((element) => element.outerHTML.replace(/\s+/g, ' ').slice(0, 100));
    return `horizontal scroll at ${width} px (${document.documentElement.scrollWidth} px): ${names.join(' | ')}`;
  });
}

// What frames the data: it must be in the page's language. Names, words of residents and titles of laws are data.
const CHROME = 'header.top, footer, h2, th, legend, button, .help, dt, label, .tabs a, .nav a, .empty, .inset, .optional';
const DATA = '[lang=zh-CN], [lang=zh], .seal, .clause, .who, .record-head, .demo-accounts, a.clause, .duplicates, .rows td, .list-table td, .board-column li, .said, .prose, #rec-h, .derivation blockquote';

/** Bare keys in a page, and Chinese in what frames the data of an English one. */
export async function strayWords(page) {
  return page.evaluate(([chrome, data]) => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      const parent = walker.currentNode.parentElement;
      if (!text || parent.closest('script, style, .mono, code, pre')) continue;
      if (/^[a-z]+(-[a-z0-9]+)+$/.test(text)) found.push(`key: ${text}`);
      if (document.documentElement.lang.startsWith('en') && /[㐀-鿿]/.test(text) && parent.closest(chrome) && !parent.closest(data)) {
        found.push(`Chinese in ${parent.localName}.${parent.className}: ${text.slice(0, 40)}`);
      }
    }
    return found;
  }, [CHROME, DATA]);
}

/**
 * Watches a page: console errors, script errors, requests that failed or that the server refused, and bytes on the wire.
 * `expect(pattern)` excuses what a journey provokes on purpose.
 */
export async function watch(page) {
  const troubles = [];
  const excused = [];
  const bytes = { total: 0, byUrl: new Map() };
  const note = (text) => troubles.push(text);
  // A refused request is told twice: by the console with its address and by the response.
  page.on('console', (message) => {
    if (message.type() === 'error') note(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (fault) => note(`script: ${fault.message}`));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // Leaving a page ends its open requests (the event stream, a search still asked); that is no fault.
    if (why !== 'net::ERR_ABORTED') note(`request: ${why} ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) note(`status ${response.status()} ${response.request().method()} ${response.url()}`);
  });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  const urls = new Map();
  cdp.on('Network.responseReceived', ({ requestId, response }) => urls.set(requestId, response.url));
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    bytes.total += encodedDataLength;
    bytes.byUrl.set(urls.get(requestId) ?? requestId, encodedDataLength);
  });
  return {
    expect: (pattern) => excused.push(pattern),
    /** Fails when anything went wrong since the last call. */
    assertQuiet() {
      const loud = troubles.splice(0).filter((text) => !excused.some((pattern) => pattern.test(text)));
      assert.deepEqual(loud, [], `${page.url()}: trouble while loading or using the page`);
    },
    /** Bytes that came over the wire since the last call, heads included: `{ total, byUrl }`. */
    takeWeight() {
      const taken = { total: bytes.total, byUrl: new Map(bytes.byUrl) };
      bytes.total = 0;
      bytes.byUrl.clear();
      return taken;
    },
  };
}
