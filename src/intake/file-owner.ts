/** Whether a file is as good as typed by the user of this process: nobody else but root owns it, may write it or may put another in its place. */
import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Problem } from '../core/errors.js';
import { shownPath } from './paths.js';
import { isPrivateGroup } from './private-group.js';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
/** In such a folder (as /tmp is) only its owner takes the place of a file. */
const STICKY = 0o1000;

type Foreign = { why: string; fix: string } | null;

/** Who but the user and root may change what has these facts. */
async function foreign(path: string, facts: Stats, uid: number): Promise<Foreign> {
  const shown = shownPath(path);
  if (facts.uid !== uid && facts.uid !== 0) {
    return { why: `${shown} belongs to another user (uid ${facts.uid})`, fix: 'start a copy of your own' };
  }
  const mode = (facts.mode & 0o7777).toString(8);
  if (facts.isDirectory() && (facts.mode & STICKY) !== 0) return null;
  if ((facts.mode & OTHERS_WRITE) !== 0) return { why: `anybody may write ${shown} (mode ${mode})`, fix: `chmod go-w ${shown}` };
  if ((facts.mode & GROUP_WRITES) !== 0 && !(await isPrivateGroup(uid, facts.gid))) {
    return { why: `its group (gid ${facts.gid}) may write ${shown} (mode ${mode})`, fix: `chmod go-w ${shown}` };
  }
  return null;
}

/** The root that the file lies under, as a real path; null when none holds it. */
async function rootOf(real: string, roots: readonly string[]): Promise<string | null> {
  for (const root of roots) {
    const top = await realpath(resolve(root)).catch(() => null);
    if (top !== null && (real === top || real.startsWith(top.endsWith('/') ? top : `${top}/`))) return top;
  }
  return null;
}

/**
 * E_TASK_OWNER when another user owns or may change the task file, or a folder between it and its root; null when none, and where files
 * have no such owners (Windows). `real` is a real path, so that no link on the way is another user's.
 */
export async function ownerProblem(real: string, roots: readonly string[]): Promise<Problem | null> {
  const uid = process.getuid?.();
  if (uid === undefined) return null;
  const top = await rootOf(real, roots);
  for (let here = real; ; here = dirname(here)) {
    const found = await foreign(here, await stat(here), uid);
    if (found !== null) {
      return {
        code: 'E_TASK_OWNER',
        place: { file: shownPath(real) },
        found: `another user may have written the task: ${found.why}`,
        allowed: 'a task file that the user of the host owns and nobody else may write, in such folders',
        fix: found.fix,
      };
    }
    if (here === top || dirname(here) === here) return null;
  }
}
