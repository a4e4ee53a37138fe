/** Opens a seeds file: a regular file whose name tells its format. */
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { type Problem, SwarmError } from '../core/errors.js';
import { nearest } from '../core/nearest.js';
import { nearbyFiles, shownPath } from './paths.js';
import type { RowReader } from './raw-row.js';
import { csvRows } from './seeds-csv.js';
import { jsonlRows } from './seeds-jsonl.js';
import { txtRows } from './seeds-txt.js';

const FORMATS: Readonly<Record<string, (path: string) => RowReader>> = {
  '.jsonl': jsonlRows,
  '.ndjson': jsonlRows,
  '.csv': csvRows,
  '.txt': txtRows,
};
const NAMES = Object.keys(FORMATS);

function refuse(path: string, problem: Omit<Problem, 'place' | 'allowed'>, cause?: unknown): SwarmError {
  return new SwarmError({ ...problem, place: { file: shownPath(path) }, allowed: `a ${NAMES.join(', ')} file` }, 2, { cause });
}

/** A reader for the rows of a file. Throws E_SEEDS_NOT_FOUND, E_SEEDS_NOT_REGULAR or E_SEED_FORMAT (unknown ending). */
export async function openSeedsFile(path: string): Promise<RowReader> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw refuse(path, { code: 'E_SEEDS_NOT_FOUND', found: 'it is a folder', fix: 'name a file in it' });
    // A pipe or device could be read only once, and a resumed run reads its rows again.
    if (!facts.isFile())
      throw refuse(path, {
        code: 'E_SEEDS_NOT_REGULAR',
        found: 'it is not a regular file',
        fix: 'write the rows to a file first',
      });
  } catch (error) {
    if (SwarmError.is(error)) throw error;
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    const found =
      code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such seeds file' : `the seeds file cannot be read: ${code}`;
    throw refuse(path, { code: 'E_SEEDS_NOT_FOUND', found, fix: await nearbyFiles(path, /\.(?:jsonl|ndjson|csv|txt)$/i) }, error);
  }
  const ending = extname(path).toLowerCase();
  const format = Object.hasOwn(FORMATS, ending) ? FORMATS[ending] : undefined;
  if (format) return format(path);
  const near = ending === '.json' ? null : nearest(ending, NAMES);
  const fix =
    ending === '.json'
      ? 'write one row on each line: jq -c ".[]" rows.json > rows.jsonl'
      : near
        ? `did you mean ${near}?`
        : 'rename or convert the file';
  throw refuse(path, { code: 'E_SEED_FORMAT', found: `the ending "${ending}" says no known format`, fix });
}
