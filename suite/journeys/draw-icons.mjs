// Draws the PNG icons from the SVG ones in Chromium. Run by hand after a change of the drawing; the results are committed.
import { readFile, writeFile } from 'node:fs/promises';
import { launch } from './harness/browser.mjs';

const folder = new URL('../../web/public/icons/', import.meta.url);
const browser = await launch();
try {
  for (const [source, name] of [['icon.svg', 'icon'], ['icon-maskable.svg', 'maskable']]) {
    const svg = await readFile(new URL(source, folder), 'utf8');
    for (const size of [192, 512]) {
      const page = await browser.newPage({ viewport: { width: size, height: size } });
      await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>${svg}`);
      await writeFile(new URL(`${name}-${size}.png`, folder), await page.screenshot({ omitBackground: true }));
      await page.close();
    }
  }
} finally {
  await browser.close();
}
