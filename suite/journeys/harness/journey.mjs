// One journey: a browser context of its own, with the checks of every page and the ways of a person through the product.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pageFaults, watch } from './checks.mjs';
import { ROOT } from './server.mjs';

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1440, height: 900 };
const LANGUAGES = ['zh', 'en'];
/** How long the brake on guessing holds. */
const BRAKE_MS = 61_000;
const PATIENCE_MS = 15_000;
const SHOTS = join(ROOT, 'target/shots');

export class Journey {
  /** @private Use `open`. */
  constructor(browser, url, context, page, watched, options) {
    Object.assign(this, { browser, url, context, page, watched, options });
  }

  /**
   * Opens a fresh context. Options: `viewport` (a phone unless told), `lang` (`zh` unless told), `script` (`false` switches
   * JavaScript off), `context` (more options for Playwright, such as `geolocation`).
   */
  static async open(browser, url, options = {}) {
    const { viewport = PHONE, lang = 'zh', script = true, context: more = {} } = options;
    const context = await browser.newContext({
      baseURL: url,
      viewport,
      locale: lang === 'zh' ? 'zh-CN' : 'en-GB',
      javaScriptEnabled: script,
      // A worker would answer for the network and hide what the page itself does; `options.context` may allow it.
      serviceWorkers: 'block',
      ...more,
    });
    const page = await context.newPage();
    return new Journey(browser, url, context, page, await watch(page), options);
  }

  /** Goes to a path and checks the page. Answers the response. */
  async visit(path, { status = 200 } = {}) {
    if (status >= 400) this.watched.expect(new RegExp(`(status ${status} GET|the server responded with a status of ${status})`));
    const response = await this.page.goto(path, { waitUntil: 'load' });
    assert.equal(response.status(), status, `status of ${path}`);
    await this.check();
    return response;
  }

  /** Checks the page as it stands, in the width it has and at the width of a phone. */
  async check() {
    await this.page.waitForLoadState('load');
    const here = this.page.viewportSize();
    const faults = await pageFaults(this.page);
    if (here.width !== PHONE.width) {
      await this.page.setViewportSize(PHONE);
      faults.push(...(await pageFaults(this.page)).filter((fault) => !faults.includes(fault)));
      await this.page.setViewportSize(here);
    }
    assert.deepEqual(faults, [], `${this.page.url()}: faults of the page`);
    this.watched.assertQuiet();
  }

  /** Presses a button or follows a link, waits for the next page and checks it. */
  async press(locator) {
    const target = typeof locator === 'string' ? this.page.locator(locator) : locator;
    const before = this.page.url();
    // With script a form may be sent and its answer put in place without the browser leaving the page: what stood is marked.
    await this.page.locator('h1').first().evaluate((heading) => heading.setAttribute('data-before', ''));
    await target.click();
    const limit = Date.now() + PATIENCE_MS;
    while (await this.stillBefore()) {
      assert.ok(Date.now() < limit, `${before}: nothing came after the press`);
      await this.page.waitForTimeout(20);
    }
    await this.page.waitForLoadState('load');
    await this.check();
    return before;
  }

  /** Whether the page of before the last press still stands; a page that is being left does not tell. */
  async stillBefore() {
    try {
      return await this.page.evaluate(() => document.querySelector('h1[data-before]') !== null || !document.querySelector('h1'));
    } catch {
      return true;
    }
  }

  /**
   * Signs in as staff: `{ login, password }`. The names of the form's fields are those of the sign-in page.
   */
  async signIn(account, { path = '/desk/sign-in', login = 'login', password = 'password' } = {}) {
    await this.visit(path);
    const form = this.page.locator('main form').filter({ has: this.page.locator('[type=password]') });
    await form.locator(`[name="${login}"]`).fill(account.login);
    await form.locator(`[name="${password}"]`).fill(account.password);
    // The brake on guessing counts the sign-ins of one address in a minute, also those of many people who know their password.
    this.watched.expect(new RegExp(`status (of )?429 .*${path}`));
    const answer = this.page.waitForResponse((response) => response.request().method() === 'POST' && response.url().endsWith(path));
    await this.press(form.locator('button.main'));
    if ((await answer).status() === 429) {
      await this.page.waitForTimeout(BRAKE_MS);
      await form.locator(`[name="${password}"]`).fill(account.password);
      await this.press(form.locator('button.main'));
    }
    assert.ok(!new URL(this.page.url()).pathname.startsWith(path), `${account.login} could not sign in`);
  }

  /** The page's language, by the switch that every page has. */
  async switchLanguage(lang) {
    const spoken = await this.page.evaluate(() => document.documentElement.lang);
    if (spoken.startsWith(lang)) return;
    await this.page.locator(`[name=lang][value=${lang}], [name=_lang][value=${lang}]`).first().click();
    await this.page.waitForFunction((wanted) => document.documentElement.lang.startsWith(wanted), lang);
  }

  /**
   * Writes `NAME-WIDTH-LANG.png` at 390 and 1440 px in both languages into `target/shots/`, and checks each. It reloads
   * the page, so take it before or after filling in a form, not amid; `{ langs: [], keep: true }` shoots the page as it stands.
   */
  async shot(name, { langs = LANGUAGES, keep = false, fullPage = true } = {}) {
    await mkdir(SHOTS, { recursive: true });
    const { page } = this;
    const here = page.viewportSize();
    const spoken = (await page.evaluate(() => document.documentElement.lang)).slice(0, 2);
    for (const lang of keep ? [spoken] : langs) {
      if (!keep) await this.switchLanguage(lang);
      for (const size of [PHONE, DESKTOP]) {
        await page.setViewportSize(size);
        const faults = await pageFaults(page);
        assert.deepEqual(faults, [], `${page.url()} at ${size.width} px in ${lang}: faults of the page`);
        await page.screenshot({ path: join(SHOTS, `${name}-${size.width}-${lang}.png`), fullPage });
      }
    }
    if (!keep) await this.switchLanguage(spoken);
    await page.setViewportSize(here);
    this.watched.assertQuiet();
  }

  /** Bytes over the wire for a first visit of `path`, in a context that knows nothing yet: `{ total, byUrl }`. */
  async weigh(path) {
    const fresh = await Journey.open(this.browser, this.url, this.options);
    try {
      await fresh.page.goto(path, { waitUntil: 'networkidle' });
      return fresh.watched.takeWeight();
    } finally {
      await fresh.close();
    }
  }

  async close() {
    await this.context.close();
  }
}
