/** Tables in columns, on the width that a terminal gives to the text. */
import stringWidth from 'string-width';

export interface Column {
  title: string;
  /** Numbers stand right. Default left. */
  align?: 'left' | 'right';
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

/** Rows under titles, two blanks between columns, no blanks at line ends. Lines are cut to `width`. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => stringWidth(cells[at] ?? ''))));
  return lines.map((cells) => {
    const line = columns.map(({ align }, at) => padded(cells[at] ?? '', widths[at] ?? 0, align)).join('  ');
    return cutTo(line.trimEnd(), width);
  });
}

/** `label  value` lines; values without text are left out. */
export function renderFacts(facts: readonly (readonly [label: string, value: string | null])[]): string[] {
  const shown = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null && fact[1] !== '');
  const width = Math.max(0, ...shown.map(([label]) => stringWidth(label)));
  return shown.map(([label, value]) => `${padded(label, width, 'left')}  ${value}`);
}
