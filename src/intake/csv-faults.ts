/** What can be wrong with a table, in our words and with our count of lines. */
import type { CsvError } from 'csv-parse';
import { type RawFault, tooLongFault } from './raw-row.js';

export type { RawFault } from './raw-row.js';

const ALLOWED =
  'a header line, then rows with as many values, separated by commas; values with commas, quotes or line ends in double quotes';

export function formatFault(line: number, found: string, { fix, fatal }: { fix: string; fatal?: boolean }): RawFault {
  return { line, column: 1, fault: { code: 'E_SEED_FORMAT', found, allowed: ALLOWED, fix }, ...(fatal ? { fatal } : {}) };
}

const QUOTES: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened in this row and never closed',
  CSV_INVALID_CLOSING_QUOTE: 'a quoted value of this row goes on after its closing quote',
  INVALID_OPENING_QUOTE: 'a value of this row has a quote in it and does not begin with one',
};

/** Nothing after it can be read: where a row ends is not known any more. */
export function parserFault(error: CsvError, line: number): RawFault {
  if (error.code === 'CSV_MAX_RECORD_SIZE') return { ...tooLongFault(line), fatal: true };
  const fix = 'put the value in double quotes, and write each quote inside it twice: "a ""b"" c"';
  return formatFault(line, QUOTES[error.code] ?? error.message, { fix, fatal: true });
}
