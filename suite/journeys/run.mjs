// Starts one server on one demo county and runs all journeys against it, file by file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer } from './harness/server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
const listed = async (folder) => (await readdir(join(here, folder))).filter((name) => name.endsWith('.test.mjs')).sort().map((name) => join(folder, name));
const files = wanted.length > 0 ? wanted : [...(await listed('.')), ...(await listed('tests'))];
const server = await startServer();
const sessions = await mkdtemp(join(tmpdir(), 'gongzhi-sessions-'));
try {
  const child = spawn(process.execPath, ['--test', '--test-concurrency=2', ...files], {
    cwd: here,
    stdio: 'inherit',
    env: { ...process.env, GONGZHI_URL: server.url, GONGZHI_DATA: server.data ?? '', GONGZHI_SESSIONS: sessions },
  });
  [process.exitCode] = await once(child, 'exit');
} finally {
  await server.stop();
  await rm(sessions, { recursive: true, force: true });
}
