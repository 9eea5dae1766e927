// Takes pictures of rendered pages at the width of a phone and of a desktop.
//   node web/shots/shoot.mjs PAGES_DIRECTORY PICTURES_DIRECTORY [part of a page's name]
// Uses Debian's Chromium through playwright-core; CHROMIUM and PLAYWRIGHT (a module's path) name others.
import { mkdir, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { chromium } = await import(process.env.PLAYWRIGHT ?? "playwright-core");

const [pages, pictures, wanted = ""] = process.argv.slice(2);
if (!pages || !pictures) throw new Error("say where the pages are and where the pictures go");
await mkdir(pictures, { recursive: true });
const widths = [390, 1440];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium" });
let broad = 0;
for (const width of widths) {
  const context = await browser.newContext({ viewport: { width, height: width < 500 ? 844 : 900 }, deviceScaleFactor: 1 });
  const page = await context.newPage();
  for (const file of (await readdir(pages)).sort()) {
    if (!file.endsWith(".html") || !file.includes(wanted)) continue;
    await page.goto(pathToFileURL(resolve(pages, file)).href);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) {
      broad += 1;
      console.log(`${file} is ${over} px wider than ${width}`);
    }
    await page.screenshot({ path: join(pictures, `${file.replace(/\.html$/, "")}.${width}.png`), fullPage: true });
  }
  await context.close();
}
await browser.close();
if (broad > 0) process.exitCode = 1;
