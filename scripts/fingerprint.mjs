// @ts-check
/** Says by content whether outputs belong to their inputs. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { ROOT } from './paths.mjs';

/**
 * Files below the given files and folders, sorted; what does not exist is left out.
 * @param {readonly string[]} paths
 * @returns {string[]}
 */
export function filesUnder(paths) {
  const files = [];
  for (const path of paths) {
    if (!existsSync(path)) continue;
    if (statSync(path).isDirectory()) files.push(...filesUnder(readdirSync(path).map((name) => join(path, name))));
    else files.push(path);
  }
  return files.sort();
}

/**
 * sha256 over names (from the root) and contents, in hex.
 * @param {readonly string[]} files
 */
export function contentHash(files, root = ROOT) {
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file).split(sep).join('/')}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/**
 * Size and time of each output, so that a file that was removed or written by something else is noticed.
 * @param {readonly string[]} files
 * @returns {Record<string, string>}
 */
export function outputMarks(files, root = ROOT) {
  return Object.fromEntries(
    files.map((file) => {
      const { size, mtimeMs } = statSync(file);
      return [relative(root, file).split(sep).join('/'), `${size} ${mtimeMs}`];
    }),
  );
}

/** @typedef {{ inputs: string, outputs: Record<string, string> }} Stamp */

/**
 * @param {string} file
 * @returns {Stamp | null} null when there is none, or it was cut off by a crash
 */
export function readStamp(file) {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/**
 * @param {string} file
 * @param {string} inputs hash of the inputs as they are now
 * @returns {boolean} true when the stamp names these inputs and every output is as it was then
 */
export function stampHolds(file, inputs, root = ROOT) {
  const stamp = readStamp(file);
  if (stamp?.inputs !== inputs) return false;
  return Object.entries(stamp.outputs).every(([name, mark]) => {
    const path = join(root, name);
    return existsSync(path) && outputMarks([path], root)[name] === mark;
  });
}

/**
 * @param {string} file
 * @param {Stamp} stamp
 */
export function writeStamp(file, stamp) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.part`, JSON.stringify(stamp));
  renameSync(`${file}.part`, file);
}
