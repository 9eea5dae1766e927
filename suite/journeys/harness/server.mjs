// Starts the built binary on a demo county in a directory of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Loading the demo county with a debug build takes its time. */
const READY_WITHIN_MS = 180_000;
const STOP_WITHIN_MS = 10_000;

/** The binary under test; `GONGZHI_BIN` names another one. */
export function binary() {
  return process.env.GONGZHI_BIN ?? join(ROOT, 'target/debug/gongzhi');
}

/**
 * A running server: `{ url, data, stop }`. `GONGZHI_URL` names one that runs already (it is left running), `GONGZHI_DATA` its data directory.
 * The data directory is thrown away when it stops.
 */
export async function startServer() {
  if (process.env.GONGZHI_URL) return { url: process.env.GONGZHI_URL, data: process.env.GONGZHI_DATA, stop: async () => undefined };
  return ownServer([]);
}

/**
 * A server of its own, whatever runs already: `options` go to `gongzhi demo`, such as `--ahead DAYS` or `--no-past`. With `data` it serves what
 * another one has left there, and leaves it in turn.
 */
export async function ownServer(options, { data: given } = {}) {
  const data = given ?? (await mkdtemp(join(tmpdir(), 'gongzhi-journeys-')));
  const child = spawn(binary(), ['demo', '--port', '0', '--data', data, ...options], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await once(child, 'exit');
      clearTimeout(hard);
    }
    if (!given) await rm(data, { recursive: true, force: true });
  };
  try {
    return { url: await ready(child, log), data, stop };
  } catch (fault) {
    await stop();
    throw fault;
  }
}

/** Resolves with the address of the line `ready http://…`. */
function ready(child, log) {
  return new Promise((resolve, reject) => {
    const told = () => `\n${log.slice(-20).join('\n')}`;
    const late = setTimeout(() => reject(new Error(`the server was not ready in time${told()}`)), READY_WITHIN_MS);
    const settle = (act) => {
      clearTimeout(late);
      act();
    };
    child.once('error', (fault) => settle(() => reject(fault)));
    child.once('exit', (code) => settle(() => reject(new Error(`the server ended with ${code}${told()}`))));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const match = /^ready (https?:\/\/\S+)/.exec(line);
      if (match) settle(() => resolve(match[1].replace(/\/$/, '')));
    });
  });
}
