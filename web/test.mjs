// Bundles `src/**/*.test.mjs` (Node 20 does not run TypeScript itself) and hands them to `node --test`.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const out = await mkdtemp(join(tmpdir(), 'gongzhi-web-'));
try {
  const found = (await readdir(join(root, 'src'), { recursive: true })).filter((name) => name.endsWith('.test.mjs'));
  await build({
    absWorkingDir: root,
    entryPoints: found.map((name) => join('src', name)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  const built = (await readdir(out, { recursive: true })).filter((name) => name.endsWith('.test.mjs'));
  const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...built.map((name) => join(out, name))], { stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(out, { recursive: true, force: true });
}
