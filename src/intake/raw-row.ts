/** What a format yields: rows as they stand in the source, before they have ids. */
import type { Problem } from '../core/errors.js';
import { isFields } from '../core/fields.js';

export interface RawRow {
  /** Position in the source from 1: the line of a file, the number of a row from code. */
  line: number;
  /** Still unchecked. */
  content: unknown;
  /** The row's own id, unchecked; absent when it has none. */
  id?: unknown;
}

export interface RawFault {
  line: number;
  column?: number;
  fault: Omit<Problem, 'place'>;
  /** Nothing can be read after it. */
  fatal?: boolean;
}

export type RawItem = RawRow | RawFault;

/** Rows in the order of the source, many at a time. `notes` is filled on the way. */
export type RowReader = (notes: Set<string>) => AsyncIterable<readonly RawItem[]>;

/** Longest row in bytes; a longer one is never held in memory. */
export const LONGEST_ROW = 16 * 1024 * 1024;

export function tooLongFault(line: number): RawFault {
  const allowed = `at most ${LONGEST_ROW / 1024 / 1024} MiB in a row`;
  const fix = 'split the row; if this is no seeds file, name another one';
  return {
    line,
    column: 1,
    fault: { code: 'E_SEED_TOO_LONG', found: `line ${line} is longer than ${LONGEST_ROW / 1024 / 1024} MiB`, allowed, fix },
  };
}

/** The id field of an object row, when it has one. */
export function withOwnId(line: number, content: unknown): RawRow {
  return isFields(content) && Object.hasOwn(content, 'id') ? { line, content, id: content['id'] } : { line, content };
}
