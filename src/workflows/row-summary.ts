/** What the Web UI calls a child: the ids of its rows. Pure. */

/** The server takes 400 bytes of a summary, and a character may take four. */
const LONGEST_ID = 40;

function shown(id: string): string {
  const text = [...id.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')];
  return text.length > LONGEST_ID ? `${text.slice(0, LONGEST_ID - 1).join('')}…` : text.join('');
}

/** `row r1`, or `200 rows: r1 to r200`. */
export function rowSummary(ids: readonly string[], count: number): string {
  const [first = '', last = first] = [ids[0], ids.at(-1)];
  return count === 1 ? `row ${shown(first)}` : `${count} rows: ${shown(first)} to ${shown(last)}`;
}
