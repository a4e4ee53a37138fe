/** Small JSON files of the home: readable by their user alone, whole or not there. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Replaces the file in one step. Mode 0600. */
export function writeJsonFile(path: string, value: unknown): void {
  const next = `${path}.${process.pid}.tmp`;
  rmSync(next, { force: true });
  writeFileSync(next, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(next, path);
}

/** Null when it is not there or is not JSON: then it is made anew. */
export function readJsonFile<T>(path: string): T | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return null;
  }
}
