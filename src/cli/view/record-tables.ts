/** A plain JSON record as people read it: facts first, then a table for each list of records. Pure. */
import { type Fields, isFields } from '../../core/fields.js';
import { formatUsd } from '../../core/format.js';
import { safeLine } from './safe-text.js';
import { renderFacts, renderTable } from './table.js';

const isList = (value: unknown): value is Fields[] => Array.isArray(value) && value.length > 0 && value.every(isFields);

/** `cost_usd` and `costUsd` -> `cost`; `output_dir` -> `output dir`. */
function label(key: string): string {
  return safeLine(key)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
    .replace(/ usd$/, '');
}

/** Amounts that are not known where they are null; a cap that is null is none. */
const AMOUNT = /^(cost|settled|doubtful|reserved|total|unmetered)_usd$/;

function cell(key: string, value: unknown): string {
  if (value === null && AMOUNT.test(key)) return formatUsd(null);
  if (value === null || value === undefined) return '-';
  if (typeof value === 'number' && /usd$/i.test(key)) return formatUsd(value);
  if (isFields(value)) {
    return Object.entries(value)
      .map(([inner, one]) => `${label(inner)} ${cell(inner, one)}`)
      .join(', ');
  }
  if (Array.isArray(value)) return value.map((one) => cell(key, one)).join(', ');
  return safeLine(String(value));
}

function listTable(records: readonly Fields[], width: number | undefined): string[] {
  const keys = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const columns = keys.map((key) => {
    const numbers = records.every((record) => record[key] === null || typeof record[key] === 'number');
    return { title: label(key).toUpperCase(), align: numbers ? ('right' as const) : ('left' as const) };
  });
  const rows = records.map((record) => keys.map((key) => cell(key, record[key])));
  return renderTable(columns, rows, width);
}

/** A record without its lists of records, which go to `lists` under a title of both names. */
function withoutLists(key: string, record: Fields, lists: [string, Fields[]][]): Fields {
  const rest = Object.entries(record).filter(([inner, value]) => {
    if (isList(value)) lists.push([`${label(key)} ${label(inner)}`, value]);
    return !isList(value);
  });
  return Object.fromEntries(rest);
}

/** Lines; tables are cut to `width` when it is known. */
export function recordTables(record: object, width?: number): string[] {
  const lists: [string, Fields[]][] = [];
  const facts: [string, string][] = [];
  for (const [key, value] of Object.entries(record)) {
    if (isList(value)) lists.push([label(key), value]);
    else if (isFields(value)) facts.push([label(key), cell(key, withoutLists(key, value, lists))]);
    else facts.push([label(key), Array.isArray(value) && value.length === 0 ? 'none' : cell(key, value)]);
  }
  return [...renderFacts(facts), ...lists.flatMap(([title, records]) => ['', `${title}:`, ...listTable(records, width)])];
}
