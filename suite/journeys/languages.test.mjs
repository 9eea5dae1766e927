// Chinese and English, dark, large type.
import assert from 'node:assert/strict';
import { strayWords } from './harness/checks.mjs';
import { DESKTOP, journeys } from './harness/index.mjs';
import { asStaff, openRecord, report } from './harness/people.mjs';

const PLACE = ['140823100000', '140823100200'];
async function clean(j, path) {
  await j.visit(path);
  assert.deepEqual(await strayWords(j.page), [], path);
}

journeys('languages and looks', (journey) => {
  for (const lang of ['en', 'zh']) {
    journey(`residents' pages hold no bare key and no stray language: ${lang}`, { lang }, async (j) => {
      const { code } = await report(j, { place: PLACE, what: lang === 'zh' ? '路灯不亮，英文也要看得懂。' : 'The lamp is out.', kind: '010501', phone: '13612340000' });
      for (const path of ['/', '/report', '/rates', '/help', '/about', '/preferences', '/offline', '/places', '/follow', `/receipt/${code}`, `/follow/${code}`, '/desk/sign-in']) {
        await clean(j, path);
      }
      await j.visit(`/follow/${code}`);
      await j.press(j.page.locator('.status-card a.why'));
      assert.deepEqual(await strayWords(j.page), [], 'why');
    });

    journey(`the desk's pages likewise: ${lang}`, { lang }, async (j) => {
      const { number } = await report(j, { place: PLACE, what: 'Sewage runs over the road. 污水外溢', kind: '010501', phone: '13612340000' });
      await asStaff(j, 'window', async (staff) => {
        for (const path of ['/desk', '/desk/new', '/desk/new/matter/report', '/desk/list', '/desk/account']) await clean(staff, path);
      }, { viewport: DESKTOP });
      await asStaff(j, 'dispatch', async (staff) => {
        for (const path of ['/desk', '/desk/board', '/desk/list?show=late']) await clean(staff, path);
        const record = await openRecord(staff, number);
        assert.deepEqual(await strayWords(staff.page), [], 'record');
        await clean(staff, `${record}/do/reassign`);
        await clean(staff, `${record}/do/supervise`);
      });
    });
  }

  journey('dark and light follow the device and the choice', { context: { colorScheme: 'dark' } }, async (j) => {
    const brightness = () => j.page.evaluate(() => {
      const canvas = document.createElement('canvas').getContext('2d');
      canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
      canvas.fillRect(0, 0, 1, 1);
      return canvas.getImageData(0, 0, 1, 1).data.slice(0, 3).reduce((sum, part) => sum + part, 0) / 3;
    });
    await j.visit('/report');
    assert.ok((await brightness()) < 80, 'dark as the device');
    await j.shot('report-dark', { langs: [], keep: true });
    await j.visit('/preferences');
    await j.page.locator('[name=theme][value=light]').check();
    await j.press('main form .main');
    await j.visit('/report');
    assert.equal(await j.page.getAttribute('html', 'data-theme'), 'light');
    assert.ok((await brightness()) > 180, 'light by choice');
  });

  journey('large type is larger and still fits a phone', {}, async (j) => {
    await j.visit('/report');
    const size = () => j.page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
    const before = await size();
    await j.page.click('[name=type][value=large]');
    await j.page.waitForFunction(() => document.documentElement.dataset.type === 'large');
    await j.check();
    assert.equal(await j.page.getAttribute('html', 'data-type'), 'large');
    assert.ok((await size()) >= before * 1.15, `${before} → ${await size()}`);
    await j.shot('report-large', { langs: [], keep: true });
    for (const path of ['/', '/rates', '/follow', '/help/matter']) await j.visit(path);
    await j.switchLanguage('en');
    await j.check();
    assert.equal(await j.page.getAttribute('html', 'lang'), 'en');
    assert.equal(await j.page.getAttribute('html', 'data-type'), 'large', 'both choices are kept');
  });
});
