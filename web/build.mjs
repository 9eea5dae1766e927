// Builds `dist/`: hashed, compressed assets and `manifest.json` (logical name -> file name).
// Skips all work when no input has changed since the last build.
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = dirname(fileURLToPath(import.meta.url));
const DIST = join(ROOT, 'dist');
const NEXT = join(ROOT, 'dist.next');
const STAMP = '.stamp';
// Where the server mounts the hashed files; only the service worker and the install manifest need to know.
const ASSETS_URL = '/assets/';
// Old phones are the measure: everything newer than this is rewritten by esbuild.
const TARGET = ['es2020', 'chrome80', 'safari14', 'firefox78'];
// esbuild counts an odd corner of destructuring in old Safari as a lack of all of it; we keep out of that corner.
const SUPPORTED = { destructuring: true };
const COMPRESSIBLE = new Set(['.js', '.css', '.svg', '.webmanifest', '.json']);

const inputs = await inputStamp();
if (!process.argv.includes('--force') && (await text(join(DIST, STAMP))) === inputs) {
  console.log('web: up to date');
  process.exit(0);
}
const started = performance.now();
await rm(NEXT, { recursive: true, force: true });
await mkdir(NEXT, { recursive: true });

const manifest = {};
/** Chunks without which the page that checks receipts does not work. */
const shared = [];
await copyMapLibrary();
await bundlePages();
await bundleServiceWorker();
await cp(join(ROOT, 'public'), NEXT, { recursive: true });
await writeFile(join(NEXT, 'manifest.json'), `${JSON.stringify(sorted(manifest), null, 2)}\n`);
await compressAll();
await writeFile(join(NEXT, STAMP), inputs);
// The new directory takes the old one's place in one step: a running server never sees half a build.
await rm(DIST, { recursive: true, force: true });
await rename(NEXT, DIST);
await report();

/** The map library is large and already minified: it is copied, not bundled, so that a change in our code does not touch its cached file. */
async function copyMapLibrary() {
  const from = join(ROOT, 'node_modules/maplibre-gl/dist');
  for (const [logical, file] of [
    ['maplibre.js', 'maplibre-gl.mjs'],
    ['maplibre-worker.js', 'maplibre-gl-worker.mjs'],
    ['maplibre.css', 'maplibre-gl.css'],
  ]) {
    const source = await readFile(join(from, file), 'utf8');
    await emit(logical, Buffer.from(source.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')));
  }
}

/** The entry script, its lazily loaded chunks and the style sheet. */
async function bundlePages() {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: 'src/main.ts', style: 'styles/main.css' },
    outdir: NEXT,
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    charset: 'utf8',
    target: TARGET,
    supported: SUPPORTED,
    metafile: true,
    legalComments: 'none',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    loader: { '.svg': 'file', '.woff2': 'file' },
    define: {
      MAPLIBRE_JS: JSON.stringify(manifest['maplibre.js']),
      MAPLIBRE_WORKER: JSON.stringify(manifest['maplibre-worker.js']),
      MAPLIBRE_CSS: JSON.stringify(manifest['maplibre.css']),
    },
    logLevel: 'warning',
  });
  for (const [path, output] of Object.entries(result.metafile.outputs)) {
    const file = basename(path);
    if (output.entryPoint === 'src/islands/verify.ts') {
      const needed = output.imports.filter((one) => one.kind === 'import-statement').map((one) => basename(one.path));
      shared.push(...needed.filter((name) => !name.startsWith('main-')));
    }
    if (output.entryPoint === 'styles/main.css') manifest['main.css'] = file;
    else {
      // Chunks that esbuild made for sharing have no name of their own; their file name stands for itself.
      const logical = file.replace(/-[A-Z0-9]{8}(?=\.)/, '');
      manifest[logical === 'chunk.js' ? file : logical] = file;
    }
  }
}

/** The service worker has a fixed name and place, as browsers demand; its cache is named after the files that it keeps. */
async function bundleServiceWorker() {
  const precache = ['main.css', 'main.js'].map((name) => ASSETS_URL + manifest[name]);
  const verify = ['verify.js', ...shared].map((name) => ASSETS_URL + manifest[name]);
  await build({
    absWorkingDir: ROOT,
    entryPoints: { sw: 'src/sw/sw.ts' },
    outdir: NEXT,
    bundle: true,
    format: 'iife',
    minify: true,
    charset: 'utf8',
    target: TARGET,
    supported: SUPPORTED,
    define: {
      PRECACHE: JSON.stringify(precache),
      VERIFY_FILES: JSON.stringify(verify),
      ASSETS_URL: JSON.stringify(ASSETS_URL),
      CACHE_VERSION: JSON.stringify(digest(Buffer.from(JSON.stringify(sorted(manifest))))),
    },
    logLevel: 'warning',
  });
}

/** Writes a file under a name that carries its content's hash, and notes it in the manifest. */
async function emit(logical, content) {
  const extension = extname(logical);
  const file = `${basename(logical, extension)}-${digest(content)}${extension}`;
  await writeFile(join(NEXT, file), content);
  manifest[logical] = file;
}

/** Puts `.br` and `.gz` beside each text file (browsers ask for brotli only over TLS or on loopback), taking over what an earlier build already made. */
async function compressAll() {
  const brotli = promisify(brotliCompress);
  const gz = promisify(gzip);
  const jobs = (await files(NEXT)).filter((path) => COMPRESSIBLE.has(extname(path))).map(async (path) => {
    const content = await readFile(path);
    const old = join(DIST, relative(NEXT, path));
    const same = (await bytes(old))?.equals(content) ?? false;
    const put = async (suffix, make) => {
      const known = same ? await bytes(old + suffix) : undefined;
      await writeFile(path + suffix, known ?? (await make()));
    };
    await put('.br', () => brotli(content, { params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    } }));
    await put('.gz', () => gz(content, { level: 9 }));
  });
  await Promise.all(jobs);
}

/** A digest of everything that the build reads. */
async function inputStamp() {
  const hash = createHash('sha256').update(process.version);
  const listed = [join(ROOT, 'build.mjs'), join(ROOT, 'package-lock.json')];
  for (const folder of ['src', 'styles', 'public']) listed.push(...(await files(join(ROOT, folder))));
  for (const path of listed.sort()) hash.update(`\0${relative(ROOT, path)}\0`).update(await readFile(path));
  return hash.digest('hex');
}

async function report() {
  for (const name of ['main.css', 'main.js']) {
    const file = join(DIST, manifest[name]);
    console.log(`web: ${manifest[name]} ${(await stat(file)).size} B, ${(await stat(`${file}.br`)).size} B compressed`);
  }
  console.log(`web: built in ${Math.round(performance.now() - started)} ms`);
}

async function files(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function digest(content) {
  return createHash('sha256').update(content).digest('hex').slice(0, 10);
}

function sorted(object) {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function text(path) {
  return (await bytes(path))?.toString('utf8');
}

async function bytes(path) {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}
