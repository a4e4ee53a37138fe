/** ok rows as jsonl, json and csv. Each takes pages of rows and returns how many rows it wrote. */
import { stringify } from 'csv-stringify/sync';
import { exactJson } from '../core/exact-json.js';
import type { OutputRow } from '../store/port/store.js';
import type { TableRow } from './row-fields.js';
import { decimalUsd, okLine, outputCell } from './row-lines.js';
import type { Sink } from './sink.js';

export type Pages = AsyncIterable<readonly OutputRow[]>;

/** One line per row. */
export async function writeLines(pages: Pages, sink: Sink, line: (row: OutputRow) => string): Promise<number> {
  let rows = 0;
  for await (const page of pages) {
    let text = '';
    for (const row of page) text += `${line(row)}\n`;
    await sink.write(text);
    rows += page.length;
  }
  return rows;
}

/** A JSON array with one row per line. */
export async function writeJson(pages: Pages, sink: Sink): Promise<number> {
  let rows = 0;
  for await (const page of pages) {
    let text = '';
    for (const row of page) {
      text += `${rows === 0 ? '[\n' : ',\n'}${okLine(row)}`;
      rows += 1;
    }
    await sink.write(text);
  }
  await sink.write(rows === 0 ? '[]\n' : '\n]\n');
  return rows;
}

type CsvValue = string | number | null;

/** By its columns, in their order. Exact money is text here. */
const CSV: Readonly<Record<keyof TableRow, (row: OutputRow) => CsvValue>> = {
  id: ({ id }) => id,
  index: ({ index }) => index,
  seed: ({ seed }) => exactJson(seed),
  output: outputCell,
  model: ({ model }) => model,
  finish: ({ finish }) => finish,
  turns: ({ turns }) => turns,
  usage_input: ({ usage }) => usage.input,
  usage_cached: ({ usage }) => usage.cached,
  usage_output: ({ usage }) => usage.output,
  usage_reasoning: ({ usage }) => usage.reasoning,
  cost_usd: ({ costNano }) => (costNano === null ? null : decimalUsd(costNano)),
};

export const CSV_COLUMNS: readonly string[] = Object.keys(CSV);
const CSV_VALUES = Object.values(CSV);

function csvRecord(row: OutputRow): CsvValue[] {
  return CSV_VALUES.map((value) => value(row));
}

/**
 * RFC 4180 with `\n` line ends: a field with any line end in it stands in quotes, also one with a lone CR. The seed is JSON text. With `guard` a
 * field that a spreadsheet would take for a formula gets an apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection).
 */
export async function writeCsv(pages: Pages, sink: Sink, guard: boolean): Promise<number> {
  let rows = 0;
  const options = { escape_formulas: guard, record_delimiter: '\n', quoted_match: /\r/ };
  await sink.write(stringify([[...CSV_COLUMNS]], options));
  for await (const page of pages) {
    await sink.write(stringify(page.map(csvRecord), options));
    rows += page.length;
  }
  return rows;
}
