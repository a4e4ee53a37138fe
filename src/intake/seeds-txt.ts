/** A row per line; blank lines are skipped. */
import { readLines } from './lines.js';
import type { RawItem, RowReader } from './raw-row.js';

export function txtRows(path: string): RowReader {
  return async function* read() {
    for await (const lines of readLines(path)) {
      const items: RawItem[] = [];
      for (const line of lines) {
        if ('fault' in line) items.push(line);
        else if (line.text.trim() !== '') items.push({ line: line.line, content: line.text });
      }
      yield items;
    }
  };
}
