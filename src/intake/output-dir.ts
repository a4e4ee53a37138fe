/** Whether a run may write into a folder. Looks only; creates nothing. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, parse, resolve } from 'node:path';
import type { Place, Problem } from '../core/errors.js';
import { shownPath } from './paths.js';

/** The file that says that a folder is a run folder. */
export const RUN_MARKER = '.durable-swarm.json';

const ALLOWED = 'a new folder, or the folder of an earlier run of this task';

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function nested(path: string): Promise<string | null> {
  for (let here = dirname(path); ; here = dirname(here)) {
    if (await exists(join(here, RUN_MARKER))) return here;
    if (dirname(here) === here) return null;
  }
}

/** What stops writing: the errno of the nearest part of the path that exists, or null. */
async function blockedBy(path: string): Promise<{ path: string; why: string } | null> {
  for (let here = path; ; here = dirname(here)) {
    try {
      const facts = await stat(here);
      if (!facts.isDirectory()) return { path: here, why: 'is not a folder' };
      await access(here, constants.W_OK | constants.X_OK);
      return null;
    } catch (error) {
      const { code = 'EIO' } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') return { path: here, why: `cannot be written (${code})` };
      if (dirname(here) === here) return { path: here, why: 'does not exist' };
    }
  }
}

/**
 * E_OUT_DIR (blank, a root, a home folder, a file, not writable) or E_OUT_NESTED (inside another run's folder); null: fine.
 * `place` is where the folder was named. `home` is for tests.
 */
export async function checkOutputDir(path: string, place?: Place, home: string = homedir()): Promise<Problem | null> {
  const at = place === undefined ? {} : { place };
  const refuse = (found: string, fix: string): Problem => ({ code: 'E_OUT_DIR', ...at, found, allowed: ALLOWED, fix });
  if (path.trim() === '') return refuse('the output folder is blank', 'name a folder');
  const folder = resolve(path);
  const shown = shownPath(folder);
  if (folder === parse(folder).root) return refuse('the output folder is the root of the file system', 'name a folder in it');
  if (home !== '' && folder === resolve(home)) return refuse('the output folder is the home folder', 'name a folder in it');
  const blocked = await blockedBy(folder);
  if (blocked) {
    const what = blocked.path === folder ? shown : `${shown}: ${shownPath(blocked.path)}`;
    return refuse(`the output folder ${what} ${blocked.why}`, 'name another folder, or change its permissions');
  }
  const outer = await nested(folder);
  if (outer === null) return null;
  const found = `the output folder ${shown} lies inside the folder of another run, ${shownPath(outer)}`;
  return { code: 'E_OUT_NESTED', ...at, found, allowed: ALLOWED, fix: 'name a folder outside of it' };
}
