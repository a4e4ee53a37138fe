/** Paths as people see them, names near a mistyped one, and the roots that files named from outside must lie under. */
import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Place, Problem } from '../core/errors.js';
import { nearest } from '../core/nearest.js';

/** Relative to the working directory when it lies in it, else absolute. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near !== '' && near.split(sep)[0] !== '..' && !isAbsolute(near) ? near : path;
}

/** What to try instead of a file that is not there: the nearest name in its folder, else files of the same kind. */
export async function nearbyFiles(path: string, kind: RegExp): Promise<string> {
  const folder = dirname(path);
  let names: string[];
  try {
    names = (await readdir(folder)).slice(0, 10_000);
  } catch {
    return `there is no folder ${shownPath(folder)}`;
  }
  const near = nearest(basename(path), names);
  if (near !== null) return `did you mean ${shownPath(join(folder, near))}?`;
  const same = names.filter((name) => kind.test(name)).sort();
  const listed = same.slice(0, 5).map((name) => shownPath(join(folder, name)));
  return listed.length > 0 ? `the folder has: ${listed.join(', ')}` : 'check the path';
}

/** The real path of the nearest existing part of a path, with the rest as written. */
async function realPathOf(path: string): Promise<string> {
  const missing: string[] = [];
  for (let here = path; ; here = dirname(here)) {
    try {
      return join(await realpath(here), ...missing);
    } catch {
      if (dirname(here) === here) return path;
      missing.unshift(basename(here));
    }
  }
}

/** E_PATH_ESCAPE when the real path lies under none of the roots; null when it does, or when there are no roots. */
export async function escapeProblem(
  path: string,
  what: string,
  roots: readonly string[] | undefined,
  place: Place,
): Promise<Problem | null> {
  if (roots === undefined) return null;
  const real = await realPathOf(path);
  for (const root of roots) {
    const way = relative(await realPathOf(resolve(root)), real);
    if (way === '' || (way.split(sep)[0] !== '..' && !isAbsolute(way))) return null;
  }
  const allowed = roots.length > 0 ? `paths under ${roots.map(shownPath).join(', ')}` : 'no path: there are no allowed roots';
  const fix = 'move the file there, or add its folder to SWARM_TASK_ROOTS where the host or worker starts';
  return { code: 'E_PATH_ESCAPE', place, found: `${what} ${shownPath(path)} lies outside the allowed folders`, allowed, fix };
}
