// @ts-check
/** src/**.ts -> dist/**.js and .d.ts, by plain tsc. */
import { rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { contentHash, filesUnder, outputMarks, stampHolds, writeStamp } from './fingerprint.mjs';
import { BUILD_STATE, DIST, ROOT, TOOLS } from './paths.mjs';
import { runNode } from './run.mjs';

const STAMP = join(BUILD_STATE, 'compile.json');
const SOURCES = join(ROOT, 'src');
/** Made by bundle.mjs and programs.mjs, not by tsc. */
const notOurs = (/** @type {string} */ name) => name === join('workflows', 'bundle.js') || name.startsWith(`programs${sep}`);

/** The compiler's version matters, and the declarations of the packages: package-lock.json covers both. */
function inputsHash() {
  const configs = ['tsconfig.json', 'package.json', 'package-lock.json', 'scripts/compile.mjs'];
  return contentHash(filesUnder([SOURCES, ...configs.map((name) => join(ROOT, name))]));
}

/** @returns {string[]} paths from dist/ that the sources stand for */
function expectedOutputs() {
  return filesUnder([SOURCES])
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => relative(SOURCES, file).slice(0, -'.ts'.length))
    .flatMap((stem) => [`${stem}.js`, `${stem}.d.ts`]);
}

/**
 * Removes what belongs to deleted sources. The rest stays in place while it is rebuilt: a running process may still load it.
 * @param {ReadonlySet<string>} expected
 */
function removeStale(expected) {
  for (const file of filesUnder([DIST])) {
    const name = relative(DIST, file);
    if (!expected.has(name) && !notOurs(name)) rmSync(file);
  }
}

export function compileNeeded() {
  return !stampHolds(STAMP, inputsHash());
}

export async function compile() {
  rmSync(STAMP, { force: true });
  const inputs = inputsHash();
  const expected = expectedOutputs();
  removeStale(new Set(expected));
  const code = await runNode(TOOLS.tsc, ['-p', '.']);
  if (code !== 0) throw new Error('The sources do not compile; the errors stand above.');
  writeStamp(STAMP, { inputs, outputs: outputMarks(expected.map((name) => join(DIST, name))) });
}
