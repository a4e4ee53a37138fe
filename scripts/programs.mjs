// @ts-check
/**
 * dist/ -> dist/programs: what runs as a process or a thread of its own, each in a few files with all that it loads. Reading a thousand small
 * modules takes a command longer than its work does. The library stays in dist/ as it is.
 */
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, filesUnder, outputMarks, readStamp, stampHolds, writeStamp } from './fingerprint.mjs';
import { BUILD_STATE, DIST, ROOT } from './paths.mjs';

const STAMP = join(BUILD_STATE, 'programs.json');
export const PROGRAMS = join(DIST, 'programs');
const LICENSES = join(PROGRAMS, 'THIRD_PARTY_LICENSES.txt');

/** Native code lies beside them, or they look for their own files. */
const NATIVE = ['libsql', 'pg-native', '@temporalio/worker'];
/** Packages that still call `require` find it. */
const REQUIRE = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`;

/** @returns {import('esbuild').BuildOptions} */
const common = () => ({
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  absWorkingDir: ROOT,
  outdir: PROGRAMS,
  chunkNames: 'chunk-[hash]',
  banner: { js: REQUIRE },
  legalComments: 'none',
  // Half as much source text to hold in memory. Names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
  metafile: true,
  external: NATIVE,
});

/**
 * The worker loads Temporal's packages as files: its host must not have them twice.
 * @returns {import('esbuild').BuildOptions[]}
 */
const builds = () => [
  {
    ...common(),
    entryPoints: {
      host: join(DIST, 'host', 'main.js'),
      worker: join(DIST, 'worker', 'main.js'),
      'writer-thread': join(DIST, 'store', 'libsql', 'writer-thread.js'),
      'check-thread': join(DIST, 'answers', 'check-thread.js'),
    },
    external: [...NATIVE, '@temporalio/*'],
  },
  {
    ...common(),
    entryPoints: { swarm: join(DIST, 'cli', 'main.js') },
    plugins: [
      {
        name: 'the worker is a program of its own',
        setup: ({ onResolve }) => onResolve({ filter: /\/worker\/main\.js$/ }, () => ({ path: './worker.js', external: true })),
      },
    ],
  },
];

function inputsHash() {
  const code = filesUnder([DIST]).filter((file) => file.endsWith('.js') && !file.startsWith(PROGRAMS));
  return contentHash([...code, join(ROOT, 'package-lock.json'), join(ROOT, 'scripts', 'programs.mjs')]);
}

export function programsNeeded() {
  return !stampHolds(STAMP, inputsHash());
}

/**
 * Files of the build before stay: a host that runs may still load one.
 * @returns {Promise<number>} size of all of them in bytes
 */
export async function bundlePrograms() {
  const inputs = inputsHash();
  const before = Object.keys(readStamp(STAMP)?.outputs ?? {});
  rmSync(STAMP, { force: true });
  const { build } = await import('esbuild');
  const metafiles = [];
  for (const options of builds()) metafiles.push((await build(options)).metafile);
  // The `bin` of package.json must start under a shell.
  chmodSync(join(PROGRAMS, 'swarm.js'), 0o755);
  const outputs = metafiles.flatMap((made) => Object.keys(made?.outputs ?? {}));
  writeFileSync(LICENSES, licenseTexts(metafiles.flatMap((made) => Object.keys(made?.inputs ?? {}))));
  const kept = new Set([...before, ...outputs].map((name) => join(ROOT, name)).concat(LICENSES));
  for (const file of filesUnder([PROGRAMS])) if (!kept.has(file)) rmSync(file);
  writeStamp(STAMP, { inputs, outputs: outputMarks([...outputs.map((name) => join(ROOT, name)), LICENSES]) });
  return metafiles.flatMap((made) => Object.values(made?.outputs ?? {})).reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Licenses of the packages that were copied into the programs.
 * @param {readonly string[]} inputs paths from the root
 */
function licenseTexts(inputs) {
  const folders = new Set(inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? ''));
  folders.delete('');
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
      const files = readdirSync(join(ROOT, folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
      const texts = files.map((file) => readFileSync(join(ROOT, folder, file), 'utf8').trim());
      return `${name} ${version} (${license ?? 'see below'})\n\n${texts.join('\n\n')}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
