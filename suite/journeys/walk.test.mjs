// Everybody who may sign in to the demo opens what the navigation and the lists lead to: no bare key, nothing beside the screen, few bytes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strayWords } from './harness/checks.mjs';
import { journeys } from './harness/index.mjs';
import { asStaff, words } from './harness/people.mjs';
import { ROOT } from './harness/server.mjs';

/** Of a first visit: page, style and script. */
const LIMIT = 50 * 1024;
const LOGINS = readFileSync(join(ROOT, 'counties/wenxi/accounts.csv'), 'utf8')
  .split('\n').filter((line) => line && !line.startsWith('#')).slice(1).map((line) => line.split(',')[0]);

/** Codes and names of all roles. */
const ROLES = [...readFileSync(join(ROOT, 'mechanisms/posts.md'), 'utf8').split('```yaml')[1].matchAll(/^ {2}([a-z-]+): \{ zh: ([^,]+),/gm)].map(([, code, name]) => [code, name]);

/** Addresses of pages in a part of the page, each once; files and what leaves the desk are left out. */
const hrefs = (j, part) => j.page.locator(`${part} a[href^="/"]`).evaluateAll((links) =>
  [...new Set(links.map((link) => link.getAttribute('href')))].filter((href) => href !== '/' && !/export|\.(xlsx|csv|pdf|ics)/.test(href)));

async function walk(j, seen) {
  const own = (await hrefs(j, 'main')).filter((href) => href.startsWith('/desk/new'));
  const first = [...(await hrefs(j, 'header')), ...(await hrefs(j, 'footer')), '/desk/lists', ...own];
  await j.visit('/desk/lists');
  for (const path of [...new Set([...first, ...(await hrefs(j, 'main'))])]) {
    // What is the same for all is looked at once, whoever sees it; what is one's own each time.
    const known = path.replace(/\?back=.*/, '');
    if (/^\/(help|about|preferences|desk\/(burden|list\?))/.test(known) && seen.has(known)) continue;
    seen.add(known);
    j.watched.takeWeight();
    await j.visit(path);
    const { total } = j.watched.takeWeight();
    assert.ok(total < LIMIT, `${path}: ${total} bytes`);
    assert.deepEqual(await strayWords(j.page), [], path);
    assert.ok((await j.page.locator('nav.nav a[href="/desk"]').count()) === 1, `${path}: the staff keep their navigation`);
  }
}

journeys('everybody', (journey) => {
  const seen = new Set();
  for (const login of LOGINS) {
    // In English, where words that were forgotten show.
    journey(`${login} opens all that the navigation leads to`, { lang: 'en' }, async (j) => {
      await asStaff(j, login, async (staff) => {
        await staff.visit('/desk');
        await walk(staff, seen);
      });
    });
  }

  journey('roles are told by their names', {}, async (j) => {
    await asStaff(j, 'admin', async (staff) => {
      await staff.visit('/desk/list?mechanism=posts');
      const cells = await staff.page.locator('tr[data-row] td').allInnerTexts();
      const shown = (wanted) => cells.filter((cell) => wanted.includes(cell.trim())).length;
      // Whichever posts stand first: other journeys enter thousands.
      assert.ok(shown(ROLES.map(([, name]) => name)) > 0 && shown(ROLES.map(([code]) => code)) === 0, cells.slice(0, 8).join(' | '));
    });
  });

  journey('nobody is led to a step that is not waited for', {}, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      await staff.visit('/desk/list?mechanism=measure&view=list&under=all&state=under-way');
      await staff.press(staff.page.locator('[data-row-link]').first());
      assert.equal(await staff.page.locator('.actions .main').count(), 0, await staff.page.locator('.actions').innerText());
      assert.match(await staff.page.locator('.actions').innerText(), /撤销措施/, 'what may be done at any time is still offered');
    });
  });

  journey('what happened to several parts is told in one place', {}, async (j) => {
    await asStaff(j, 'planner', async (staff) => {
      await staff.visit('/desk/list?mechanism=programme');
      await staff.press(staff.page.locator('[data-row-link]').last());
      assert.match(await staff.page.locator('.timeline').innerText(), /新增目标，共3个/);
    });
  });

  journey('a code is typed in on a page of its own', {}, async (j) => {
    await j.visit('/');
    await j.press(j.page.locator('nav.nav a[href="/follow"]'));
    assert.match(await words(j), /查询码/);
    assert.equal(await j.page.locator('.cta').count(), 0, 'not the front page once more');
    j.watched.expect(/status 404|status of 404/);
    await j.page.fill('#code', 'ABCD-EFGH');
    await j.press('form.find .main');
    assert.match(await j.page.locator('#code-error').innerText(), /没有这个查询码/);
    assert.equal(await j.page.inputValue('#code'), 'ABCD-EFGH');
    await j.shot('find');
  });
});
