// @ts-check
/** The points at the run folder's files: in the middle of a write, after it, after its sync, between two renames. */
import { writeSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

const PARTIAL = 'output.partial.jsonl';
/** The new output file beside its place: `.output.jsonl.<pid>-<random>.tmp`. */
const NEW_OUTPUT = /^\.output\.jsonl\..+\.tmp$/;

/**
 * What happens to a file: its name, the operation, and the bytes of a write.
 * @typedef {{ file: string, what: 'write' | 'sync' | 'rename', when: 'before' | 'after', write?: (share: number) => void }} Event
 */

/** @type {Readonly<Record<string, (event: Event) => boolean>>} true = now */
const POINTS = {
  'mid append': ({ file, what, when, write }) => file === PARTIAL && what === 'write' && when === 'before' && half(write),
  'after append': ({ file, what, when }) => file === PARTIAL && what === 'write' && when === 'after',
  'mid finalize': ({ file, what, when, write }) => NEW_OUTPUT.test(file) && what === 'write' && when === 'before' && half(write),
  'after fsync': ({ file, what, when }) => NEW_OUTPUT.test(file) && what === 'sync' && when === 'after',
  'mid rename': ({ file, what, when }) => NEW_OUTPUT.test(file) && what === 'rename' && when === 'after',
};

export const filePoints = Object.keys(POINTS);

/** @param {Event['write']} write */
function half(write) {
  write?.(0.5);
  return true;
}

/**
 * Calls `die` at the point. To be called before the product's modules are loaded or after: their imports follow.
 * @param {string} point
 * @param {() => void} die
 */
export function watchFiles(point, die) {
  const isNow = POINTS[point];
  /** @param {Event} event */
  const look = (event) => {
    if (isNow?.(event)) die();
  };
  const { open, rename } = fs;
  fs.open = async (path, ...rest) => watchHandle(await open(path, ...rest), basename(String(path)), look);
  fs.rename = async (from, to) => {
    const file = basename(String(from));
    look({ file, what: 'rename', when: 'before' });
    await rename(from, to);
    look({ file, what: 'rename', when: 'after' });
  };
  syncBuiltinESMExports();
}

/**
 * @param {import('node:fs/promises').FileHandle} handle
 * @param {string} file
 * @param {(event: Event) => void} look
 */
function watchHandle(handle, file, look) {
  const own = /** @type {any} */ (handle);
  for (const name of ['write', 'writeFile', 'appendFile']) {
    const method = own[name].bind(handle);
    own[name] = async (/** @type {any[]} */ ...args) => {
      const data = Buffer.from(args[0]);
      look({
        file,
        what: 'write',
        when: 'before',
        write: (share) => writeSync(handle.fd, data.subarray(0, data.length * share)),
      });
      const result = await method(...args);
      look({ file, what: 'write', when: 'after' });
      return result;
    };
  }
  for (const name of ['sync', 'datasync']) {
    const method = own[name].bind(handle);
    own[name] = async () => {
      await method();
      look({ file, what: 'sync', when: 'after' });
    };
  }
  return handle;
}
