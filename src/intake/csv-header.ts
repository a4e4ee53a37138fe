/** The first line of a table: its names, and what it is when it is not separated by commas. */
import { open } from 'node:fs/promises';
import { formatFault, type RawFault } from './csv-faults.js';

const HEAD_BYTES = 64 * 1024;

const SEPARATORS: readonly (readonly [sign: string, name: string])[] = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
];

/** Characters of the first line outside quotes. */
async function firstLine(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    // A file that begins with blank lines has its header after them.
    const text = buffer
      .subarray(0, bytesRead)
      .toString('utf8')
      .replace(/^\uFEFF?[\r\n]*/, '');
    return /^(?:"(?:[^"]|"")*"?|[^"\r\n])*/.exec(text)?.[0].replace(/"(?:[^"]|"")*"?/g, '""') ?? '';
  } finally {
    await file.close();
  }
}

/** The fault of a table whose header has more of another separator than of commas. A single name with such a sign in it stands in quotes. */
export async function separatorFault(path: string): Promise<RawFault | null> {
  const line = await firstLine(path);
  const count = (sign: string) => line.split(sign).length - 1;
  const other = SEPARATORS.find(([sign]) => count(sign) > count(','));
  if (other === undefined) return null;
  const [sign, name] = other;
  const command =
    sign === '\t'
      ? ', for example with: tr "\\t" "," when no value holds a comma'
      : ' ("CSV UTF-8 (comma delimited)" in a spreadsheet)';
  return formatFault(1, `the header is separated by ${name}, not by commas`, {
    fix: `save the table with commas${command}; a single column with such a name needs quotes around it`,
    fatal: true,
  });
}

/** A name that is missing, or there twice. */
export function headerFault(names: readonly string[], line: number): RawFault | null {
  const empty = names.findIndex((name) => name.trim() === '');
  if (empty >= 0)
    return formatFault(line, `column ${empty + 1} of the header has no name`, { fix: 'name every column', fatal: true });
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return null;
  const found = `the header has two columns named ${JSON.stringify(twice)}`;
  return formatFault(line, found, { fix: 'give each column its own name', fatal: true });
}
