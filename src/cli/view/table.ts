/** Tables in columns, on the width that a terminal gives to the text. */
import stringWidth from 'string-width';

export interface Column {
  title: string;
  /** Numbers stand right. Default left. */
  align?: 'left' | 'right';
  /** On a narrow terminal the columns with the highest numbers are left out first. Default 0: it stays. */
  extra?: number;
  /** Never cut. Default false. */
  whole?: boolean;
}

function padded(text: string, width: number, align: Column['align']): string {
  const blanks = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'right' ? blanks + text : text + blanks;
}

/** Cuts a text to a width, with `...` where something was left out. Counts what the terminal shows, not characters. */
export function cutTo(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const mark = '.'.repeat(Math.min(3, Math.max(0, width)));
  let kept = '';
  let used = mark.length;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += stringWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return kept + mark;
}

/** A command to be typed stays on one line where it fits, so that it can be copied. */
const WORDS = /swarm [a-z]+(?: [^\s,]+)?,?|\S+/g;

/** Breaks a text between words, and cuts only a word that is wider than a line; later lines begin with two blanks. */
export function wrapTo(text: string, width: number): string[] {
  const lines: string[] = [];
  const fits = (words: string) => stringWidth(words) <= width - 2;
  for (const word of (text.match(WORDS) ?? []).flatMap((words) => (fits(words) ? words : words.split(' ')))) {
    const line = lines.at(-1);
    const longer = line === undefined ? word : `${line} ${word}`;
    if (stringWidth(longer) <= width) lines.splice(-1, 1, longer);
    else lines.push(cutTo(line === undefined ? word : `  ${word}`, width));
  }
  return lines;
}

const GAP = '  ';
/** A text is not cut to less than this. */
const SHORTEST_TEXT = 8;

interface Sized extends Column {
  /** Position in a row. */
  at: number;
  width: number;
}

const overallWidth = (columns: readonly Sized[]) =>
  columns.reduce((sum, { width }) => sum + width, GAP.length * (columns.length - 1));

/** Leaves columns out until the rest fits; when no more may go, the widest texts become narrower: a number is shown whole or not. */
function fitted(columns: readonly Sized[], width: number): Sized[] {
  let kept = [...columns];
  while (overallWidth(kept) > width) {
    const extra = Math.max(...kept.map((column) => column.extra ?? 0));
    if (extra === 0) break;
    kept = kept.filter((column) => column.extra !== extra);
  }
  for (let over = overallWidth(kept) - width; over > 0; over = overallWidth(kept) - width) {
    const texts = kept.filter((column) => column.align !== 'right' && !column.whole && column.width > SHORTEST_TEXT);
    const widest = texts.sort((a, b) => b.width - a.width)[0];
    if (!widest) break;
    const narrower = Math.max(SHORTEST_TEXT, widest.width - over);
    kept = kept.map((column) => (column === widest ? { ...column, width: narrower } : column));
  }
  return kept;
}

/** Rows under titles, two blanks between columns, no blanks at line ends. No line is wider than `width`, but for columns that are whole. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  const sized = columns.map((column, at): Sized => {
    return { ...column, at, width: Math.max(...lines.map((cells) => stringWidth(cells[at] ?? ''))) };
  });
  const shown = fitted(sized, width);
  return lines.map((cells) => {
    const line = shown.map(({ align, at, width: space }) => padded(cutTo(cells[at] ?? '', space), space, align)).join(GAP);
    return shown.some(({ whole }) => whole) ? line.trimEnd() : cutTo(line.trimEnd(), width);
  });
}

/** `label  value` lines; values without text are left out. With a `width` long values go on below themselves. */
export function renderFacts(
  facts: readonly (readonly [label: string, value: string | null])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const shown = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null && fact[1] !== '');
  const labels = Math.max(0, ...shown.map(([label]) => stringWidth(label)));
  const room = width - labels - GAP.length;
  return shown.flatMap(([label, value]) =>
    wrapWhole(value, room).map((line, at) => `${padded(at === 0 ? label : '', labels, 'left')}${GAP}${line}`),
  );
}

/** A command to its end, with the variable before it and what follows a semicolon, or a word. */
const UNITS = /(?:[A-Z_]+=\S+ )?(?:(?:npx )?swarm|node (?:\S*|'[^']*)swarm\.js'?) [a-z]+(?:[ ;][^\n]*|$)|\S+/g;

/**
 * Breaks a line between words and cuts none: what is wider than the line is left to the terminal. A command goes on to the end of the line as
 * one piece, since half of it, pasted, would be another command. Blanks at the beginning stay before each line.
 */
export function wrapWhole(text: string, width: number): string[] {
  if (stringWidth(text) <= width) return [text];
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  for (const unit of text.match(UNITS) ?? []) {
    const line = lines.at(-1);
    const longer = line === undefined ? `${indent}${unit}` : `${line} ${unit}`;
    if (line === undefined || stringWidth(longer) <= width) lines.splice(-1, 1, longer);
    else lines.push(`${indent}${lines.length > 0 ? '  ' : ''}${unit}`);
  }
  return lines;
}
