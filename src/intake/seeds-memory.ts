/** Rows from code: texts and objects of JSON values. */
import type { SeedContent } from '../schema/seed.js';
import { type RawItem, type RowReader, withOwnId } from './raw-row.js';

const BATCH = 256;
/** Stands before the digits of a bigint while the row is JSON text. */
const WHOLE = '\0whole:';
const DIGITS = /^\0whole:-?\d+$/;

export type RowsFromCode = Iterable<SeedContent> | AsyncIterable<SeedContent>;

/** A copy made of JSON values only: dates become text, undefined fields go, bigints stay. */
function asJson(content: unknown): { content: unknown } | { found: string } {
  if (typeof content !== 'object' || content === null) return { content };
  try {
    let bigints = false;
    const text = JSON.stringify(content, (_name, value) => {
      if (typeof value !== 'bigint') return value;
      bigints = true;
      return `${WHOLE}${value}`;
    });
    const whole = (_name: string, value: unknown) =>
      typeof value === 'string' && DIGITS.test(value) ? BigInt(value.slice(WHOLE.length)) : value;
    return { content: JSON.parse(text, bigints ? whole : undefined) };
  } catch (error) {
    return { found: `the row cannot be written as JSON: ${(error as Error).message.split('\n', 1)[0]}` };
  }
}

export function memoryRows(rows: RowsFromCode): RowReader {
  return async function* read() {
    let items: RawItem[] = [];
    let line = 0;
    for await (const row of rows as AsyncIterable<unknown>) {
      line += 1;
      const json = asJson(row);
      if ('found' in json) {
        const fault = {
          code: 'E_SEED_TYPE',
          found: json.found,
          allowed: 'texts and objects of JSON values',
          fix: 'convert the values first',
        };
        items.push({ line, fault });
      } else items.push(withOwnId(line, json.content));
      if (items.length < BATCH) continue;
      yield items;
      items = [];
    }
    yield items;
  };
}
