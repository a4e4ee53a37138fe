/**
 * Text of a task file -> plain values with places. Gates first (size, depth), since the parser is not made for hostile text;
 * then its tree is walked once and everything that a task has no use for is refused: aliases, tags, merge keys, duplicates.
 */
import { Composer, type Document, isMap, isScalar, isSeq, LineCounter, Parser } from 'yaml';
import type { Place, Problem } from '../core/errors.js';
import { isFields } from '../core/fields.js';
import { controlCharacter } from './check-tree.js';
import type { TaskPlaces } from './task-problems.js';
import { placesOf } from './yaml-places.js';
import { UNQUOTED, Walk } from './yaml-walk.js';

/** Largest task file in bytes. */
export const LARGEST_TASK = 256 * 1024;
const DEEPEST = 32;

export interface YamlSource {
  /** Null when the root is no map, or there are problems. */
  value: Record<string, unknown> | null;
  places: TaskPlaces;
  problems: Problem[];
}

/** Any part of the parser's token tree: only what holds other parts matters here. */
interface TokenPart {
  offset?: number;
  items?: readonly TokenPart[];
  key?: TokenPart | null | undefined;
  value?: TokenPart | null | undefined;
}

/** Offset of the first token nested deeper than the limit, or -1. Iterative: the text may be 200,000 brackets. */
function tooDeepAt(root: TokenPart): number {
  const stack: { part: TokenPart; depth: number }[] = [{ part: root, depth: 0 }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { part, depth } = next;
    if (depth > DEEPEST && part.offset !== undefined) return part.offset;
    const inner = part.items ? depth + 1 : depth;
    for (const child of [part.key, part.value]) if (child && typeof child === 'object') stack.push({ part: child, depth: inner });
    for (const item of part.items ?? []) stack.push({ part: item, depth: inner });
  }
  return -1;
}

function syntaxProblem(walk: Walk, error: { code: string; message: string; pos: [number, number] }): Problem {
  const offset = Math.min(error.pos[0], Math.max(0, walk.text.length - 1));
  const { line } = walk.lines.linePos(offset);
  const lineStart = walk.lines.lineStarts[line - 1] ?? 0;
  const lineText = walk.text.slice(lineStart, offset + 2);
  const open = /[:-]\s+\{\{/.exec(lineText);
  if (open) return { ...UNQUOTED, place: walk.place(lineStart + open[0].length - 2 + open.index) };
  const hints: Record<string, string> = {
    TAB_AS_INDENT: 'indent with blanks',
    MISSING_CHAR: 'close the quote or bracket',
    BLOCK_AS_IMPLICIT_KEY: 'put the value in quotes: it holds a colon',
    BAD_SCALAR_START: 'put the value in quotes',
    UNEXPECTED_TOKEN: 'check quotes and indentation of this line',
  };
  return {
    code: 'E_YAML_SYNTAX',
    place: walk.place(offset),
    found: error.message.replace(/\s+/g, ' '),
    allowed: 'YAML: "key: value" lines, indented with blanks',
    fix: hints[error.code] ?? 'check this line and the one before it',
  };
}

const NO_PLACES = (place: Place): TaskPlaces => ({ value: () => place, key: () => place, inText: () => place });

/** Reads the text of a task file. `file` is the name to show. */
export function readYaml(text: string, file?: string): YamlSource {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const lines = new LineCounter();
  const walk = new Walk(source, lines, file);
  const home: Place = file === undefined ? {} : { file };
  const stop = (...problems: Problem[]): YamlSource => ({ value: null, places: NO_PLACES(home), problems });

  if (source.length > LARGEST_TASK || new TextEncoder().encode(source).length > LARGEST_TASK) return stop(tooBigProblem(home));
  const control = controlCharacter(source);
  if (control) {
    const before = source.slice(0, control.offset).split('\n');
    const place = { ...home, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    const found = `the file holds the control character ${control.name}`;
    return stop({
      code: 'E_TASK_CONTROL_CHAR',
      place,
      found,
      allowed: 'printable characters, tabs and line ends',
      fix: 'take it out',
    });
  }
  const tokens = [...new Parser(lines.addNewLine).parse(source)];
  for (const token of tokens) {
    const deep = tooDeepAt(token as TokenPart);
    if (deep < 0) continue;
    const found = `values are nested more than ${DEEPEST} deep`;
    return stop({
      code: 'E_YAML_DEPTH',
      place: walk.place(deep),
      found,
      allowed: `at most ${DEEPEST} levels`,
      fix: 'a task needs three levels',
    });
  }
  const [doc, second] = [
    ...new Composer({ uniqueKeys: false, intAsBigInt: true, merge: false, logLevel: 'silent' }).compose(
      tokens,
      true,
      source.length,
    ),
  ];
  if (second) {
    const found = 'the file holds more than one document';
    const fix = 'remove the line --- or put the second task in a file of its own';
    const at = second.contents?.range?.[0] ?? second.range[0];
    return stop({ code: 'E_YAML_MULTI', place: walk.place(at), found, allowed: 'one task in a file', fix });
  }
  if (!doc) return stop(emptyProblem(home));
  if (doc.errors.length > 0) {
    // What follows the first syntax error is mostly its echo.
    return stop(...doc.errors.slice(0, 1).map((error) => syntaxProblem(walk, error)));
  }
  if (doc.contents === null || (isScalar(doc.contents) && doc.contents.value === null && !doc.contents.tag))
    return stop(emptyProblem(home));
  const value = walk.value(doc.contents);
  if (!isMap(doc.contents) && walk.problems.length === 0) {
    const what = isSeq(doc.contents) ? 'a list' : 'a single value';
    const fix = 'write the keys at the beginning of lines';
    return stop({
      code: 'E_TASK_SHAPE',
      place: walk.place(walk.start(doc.contents)),
      found: `the file is ${what}`,
      allowed: 'key: value lines',
      fix,
    });
  }
  return {
    value: isFields(value) ? value : null,
    places: placesOf(doc as Document, walk),
    problems: walk.problems,
  };
}

function emptyProblem(place: Place): Problem {
  const fix = 'begin with prompt_template and worker_model; see examples/quickstart/task.yaml';
  return { code: 'E_TASK_EMPTY', place, found: 'the file holds no keys', allowed: 'key: value lines', fix };
}

/** E_TASK_TOO_BIG for a file that is not even parsed. */
export function tooBigProblem(place: Place): Problem {
  const found = `the task file is larger than ${LARGEST_TASK / 1024} KiB`;
  return { code: 'E_TASK_TOO_BIG', place, found, allowed: `at most ${LARGEST_TASK / 1024} KiB`, fix: 'put rows into seeds_file' };
}
