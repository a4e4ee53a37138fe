/** A JSON value per line: a text or an object; or OpenAI batch request lines. Blank lines are skipped. */
import { halfPairOffset, type JsonDoubt, readJson } from '../core/exact-json.js';
import { jsonFaultOffset } from '../core/json-fault.js';
import { batchRow, isBatchLine } from './batch-line.js';
import { HALF_PAIR } from './half-pairs.js';
import { type Line, readLines } from './lines.js';
import { type RawFault, type RawItem, type RowReader, withOwnId } from './raw-row.js';

const ALLOWED = 'one JSON text or object on each line';

function formatFault(line: number, found: string): RawFault {
  const fix = 'write each row on a line of its own, for example with: jq -c ".[]" rows.json > rows.jsonl';
  return { line, column: 1, fault: { code: 'E_SEED_FORMAT', found, allowed: ALLOWED, fix }, fatal: true };
}

function jsonFault({ line, text }: Line): RawFault {
  const offset = jsonFaultOffset(text);
  const rest = text.slice(offset, offset + 20);
  const found = offset >= text.length ? 'the line ends inside a JSON value' : `not JSON from here: ${JSON.stringify(rest)}`;
  return {
    line,
    column: offset + 1,
    fault: { code: 'E_SEED_JSON', found, allowed: ALLOWED, fix: 'correct the line; a text needs double quotes' },
  };
}

/** True for the beginning of a file that is one JSON value over many lines. */
function looksPretty(text: string): boolean {
  const trimmed = text.trim();
  return trimmed.startsWith('[') || (trimmed.startsWith('{') && /[{[,]$/.test(trimmed));
}

export function jsonlRows(path: string): RowReader {
  return async function* read(notes) {
    let first = true;
    /** A list on the first line: a bad row when others follow, else a whole file in one list. */
    let list: RawItem | null = null;
    let batch: boolean | null = null;
    for await (const lines of readLines(path)) {
      const items: RawItem[] = [];
      for (const line of lines) {
        if ('fault' in line) {
          items.push(line);
          continue;
        }
        if (line.text.trim() === '') continue;
        if (list) items.push(list);
        list = null;
        let content: unknown;
        let doubt: JsonDoubt | null;
        try {
          ({ value: content, doubt } = readJson(line.text));
        } catch {
          if (first && looksPretty(line.text)) {
            yield [formatFault(line.line, 'the file is one JSON value over many lines')];
            return;
          }
          items.push(jsonFault(line));
          first = false;
          continue;
        }
        doubt ??= halfPairDoubt(line.text);
        if (doubt !== null) items.push(doubtFault(line.line, doubt));
        else if (first && Array.isArray(content) && content.length > 0) list = { line: line.line, content };
        else if (isBatchLine(content)) {
          if (batch === false) items.push(mixedFault(line.line));
          else items.push(batchRow(line.line, content, notes));
          batch ??= true;
        } else {
          if (batch === true) items.push(mixedFault(line.line));
          else items.push(withOwnId(line.line, content));
          batch ??= false;
        }
        first = false;
      }
      yield items;
    }
    if (list) yield [formatFault(list.line, 'the file is one JSON list')];
  };
}

function halfPairDoubt(text: string): JsonDoubt | null {
  const offset = halfPairOffset(text);
  return offset < 0 ? null : { ...HALF_PAIR, offset, found: `the row ${HALF_PAIR.found}` };
}

function doubtFault(line: number, { offset, found, fix, code = 'E_SEED_JSON', allowed = ALLOWED }: JsonDoubt): RawFault {
  return { line, column: offset + 1, fault: { code, found, allowed, fix } };
}

function mixedFault(line: number): RawFault {
  const found = 'batch request lines and other rows are mixed';
  return {
    line,
    column: 1,
    fault: { code: 'E_SEED_FORMAT', found, allowed: 'one kind of row in a file', fix: 'put them into two files' },
  };
}
