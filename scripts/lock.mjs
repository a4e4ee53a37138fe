// @ts-check
/**
 * A lock between processes, made of files, that a dead process does not hold.
 *
 * The lock is a row of numbered files; the highest number says who holds it, or that nobody does. Taking the lock is
 * creating the next number with its content in one step (`link`), which only one process can do. The highest file is
 * never deleted, only marked as free, so that a process that looked a moment ago cannot create a number that was used.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FREE = { pid: 0, born: '' };

/**
 * Start time of a process as the system counts it, so that a reused process id is not taken for the old process.
 * Empty where the system has no /proc.
 * @param {number} pid
 */
function bornAt(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22; the second field is the name in brackets and may hold blanks.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** @param {{ pid: number, born: string }} holder */
function isAlive(holder) {
  if (holder.pid === 0) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EPERM') return false;
  }
  return holder.born === '' || holder.born === bornAt(holder.pid);
}

/**
 * @param {string} folder
 * @returns {number[]} numbers in use, lowest first
 */
function numbers(folder) {
  return readdirSync(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * @param {string} folder
 * @param {number} number
 * @returns {{ pid: number, born: string } | null} null when it was just cleaned away
 */
function holderOf(folder, number) {
  try {
    return JSON.parse(readFileSync(join(folder, String(number)), 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * One attempt to take the lock.
 * @param {string} folder
 * @returns {{ number: number } | { holder: { pid: number } | null }} the number taken, or who holds it
 */
function attempt(folder) {
  const top = numbers(folder).at(-1) ?? 0;
  if (top > 0) {
    const holder = holderOf(folder, top);
    if (holder === null || isAlive(holder)) return { holder };
  }
  const number = top + 1;
  const draft = join(folder, `draft-${process.pid}`);
  writeFileSync(draft, JSON.stringify({ pid: process.pid, born: bornAt(process.pid) }));
  try {
    linkSync(draft, join(folder, String(number)));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return { holder: null };
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const all = numbers(folder);
  if (all.some((other) => other > number)) {
    rmSync(join(folder, String(number)), { force: true });
    return { holder: null };
  }
  for (const other of all) if (other < number) rmSync(join(folder, String(other)), { force: true });
  return { number };
}

/**
 * Marks the lock as free in one step, so that no reader sees half a file.
 * @param {string} folder
 * @param {number} number
 */
function release(folder, number) {
  const draft = join(folder, `draft-${process.pid}`);
  writeFileSync(draft, JSON.stringify(FREE));
  renameSync(draft, join(folder, String(number)));
}

/**
 * Runs `work` while no other process runs work under the same folder.
 * @template T
 * @param {string} folder made when it is not there
 * @param {() => Promise<T>} work
 * @param {{ onWait?: (pid: number) => void, pollMs?: number }} [options] `onWait` is told once who is waited for; `pollMs` is 100
 * @returns {Promise<T>}
 */
export async function withLock(folder, work, options = {}) {
  mkdirSync(folder, { recursive: true });
  let told = false;
  for (;;) {
    const result = attempt(folder);
    if ('number' in result) {
      try {
        return await work();
      } finally {
        release(folder, result.number);
      }
    }
    if (result.holder && !told) {
      told = true;
      options.onWait?.(result.holder.pid);
    }
    await new Promise((resolve) => setTimeout(resolve, options.pollMs ?? 100));
  }
}
