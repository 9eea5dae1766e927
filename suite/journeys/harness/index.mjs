// `journeys(title, define)` runs journeys against one server and one browser.
import { after, before, describe, test } from 'node:test';
import { launch } from './browser.mjs';
import { Journey } from './journey.mjs';
import { startServer } from './server.mjs';

export { DESKTOP, Journey, PHONE } from './journey.mjs';

/**
 * A group of journeys. `define(journey)` is called at once and names them:
 * `journey('a resident reports', { viewport, lang, script }, async (j, t) => { … })`.
 * `start` gives the server: the built binary on the demo county unless told.
 */
export function journeys(title, define, start = startServer) {
  describe(title, () => {
    let server;
    let browser;
    before(async () => {
      server = await start();
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
    });
    define((name, options, walk) => {
      test(name, async (t) => {
        const j = await Journey.open(browser, server.url, options);
        try {
          await walk(j, t);
          j.watched.assertQuiet();
        } finally {
          await j.close();
        }
      });
    });
  });
}
