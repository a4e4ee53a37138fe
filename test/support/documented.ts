/** What the generated pages of docs/ say of fields, read back, and what of it a value has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source-files.js';

/** Field and type, as a table of a page has them. */
export type Documented = ReadonlyMap<string, string>;

/** The table below a title of a page, `nth` of those that stand there. */
export function documentedFields(page: string, title: string, nth = 0): Documented {
  const [, below] = readFileSync(join(root, 'docs', page), 'utf8').split(`\n## ${title}\n`);
  const tables = (below?.split('\n## ')[0] ?? '').split('\n\n').filter((part) => part.startsWith('| field |'));
  const rows = (tables[nth] ?? '').matchAll(/^\| `([^`]+)` \| `([^`]+)` \|/gm);
  return new Map([...rows].map(([, path = '', type = '']) => [path, type.replaceAll('\\|', '|')]));
}

/** Paths of all fields of a value: `usage`, `usage.input`, `files`, `files[].name`. */
export function fieldsIn(value: object, before = ''): string[] {
  return Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    const path = `${before}${name}`;
    const objects = (Array.isArray(field) ? field : [field]).filter((one) => typeof one === 'object' && one !== null);
    const inside = objects.flatMap((one: object) => fieldsIn(one, `${path}${Array.isArray(field) ? '[]' : ''}.`));
    return [...new Set([path, ...inside])];
  });
}

/** Fields of a value that no row of the table names; what is in a field of any content needs none. */
export function undocumented(value: object, fields: Documented): string[] {
  const all = [...fields.keys()];
  const begins = (path: string, before: string) => path.startsWith(`${before}.`) || path.startsWith(`${before}[].`);
  const open = all.filter((path) => /object|JSON/.test(fields.get(path) ?? '') && !all.some((other) => begins(other, path)));
  return fieldsIn(value).filter((path) => !fields.has(path) && !open.some((one) => begins(path, one)));
}

const MOMENT = 'A moment of a run';

/** Fields of a line of `--json` that docs/json.md does not have. `title`: what it is, when it is no event. */
export function undocumentedLine(line: Readonly<Record<string, unknown>>, title = MOMENT): string[] {
  const event = line['event'];
  const own = documentedFields('json.md', typeof event === 'string' ? `Event ${event}` : title);
  const moment = ['start', 'progress', 'paused'].includes(String(event)) ? documentedFields('json.md', MOMENT) : [];
  return undocumented(line, new Map([...own, ...moment])).map((path) => `${event ?? title}: ${path}`);
}

/** Rows of the table that none of the values has. */
export function unseen(values: readonly object[], fields: Documented): string[] {
  const seen = new Set(values.flatMap((value) => fieldsIn(value)));
  return [...fields.keys()].filter((path) => !seen.has(path));
}
