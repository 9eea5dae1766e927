// Time passes between two servers on one county: the second one's clock is set ahead, and what came due while it was off happens at once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journey } from './journey.mjs';
import { ownServer } from './server.mjs';

/** A county without a past, served now and later: `begin` starts it for a group of journeys, `later(j, days, walk)` serves it so many days on and walks there. */
export function timeless() {
  const county = {};
  return {
    begin: async () => {
      county.data = await mkdtemp(join(tmpdir(), 'gongzhi-later-'));
      county.now = await ownServer(['--no-past'], { data: county.data });
      const stop = async () => {
        await county.now.stop();
        await rm(county.data, { recursive: true, force: true });
      };
      return { url: county.now.url, data: county.data, stop };
    },
    later: async (j, days, walk) => {
      await county.now.stop();
      county.now = await ownServer(['--ahead', String(days)], { data: county.data });
      const there = await Journey.open(j.browser, county.now.url, j.options);
      try {
        await walk(there);
      } finally {
        await there.close();
      }
    },
  };
}
