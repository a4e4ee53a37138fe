/**
 * Text of a task file -> plain values with places. Gates first (size, depth), since the parser is not made for hostile text;
 * then its tree is walked once and everything that a task has no use for is refused: aliases, tags, merge keys, duplicates.
 */
import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type Scalar,
} from 'yaml';
import type { Place, Problem } from '../core/errors.js';
import { controlCharacter, type KeyPath, REFUSED, type TaskPlaces } from './read-task.js';

/** Largest task file in bytes. */
export const LARGEST_TASK = 256 * 1024;
const DEEPEST = 32;

type Fault = Omit<Problem, 'place'>;

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

const UNQUOTED: Fault = {
  code: 'E_TEMPLATE_UNQUOTED',
  found: 'a value begins with {{ and has no quotes, so YAML reads it as a map',
  allowed: 'a template in quotes, or after | on its own lines',
  fix: 'write it as prompt_template: "{{seed}}"',
};

class Walk {
  readonly problems: Problem[] = [];

  constructor(
    readonly text: string,
    readonly lines: LineCounter,
    readonly file: string | undefined,
  ) {}

  place(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return { ...(this.file === undefined ? {} : { file: this.file }), line: Math.max(1, line), column: Math.max(1, col) };
  }

  refuse(offset: number, fault: Fault): typeof REFUSED {
    if (this.problems.length < 20) this.problems.push({ ...fault, place: this.place(offset) });
    return REFUSED;
  }

  start(node: unknown): number {
    return (node as Node | null)?.range?.[0] ?? 0;
  }

  value(node: unknown): unknown {
    if (node === null || node === undefined) return null;
    const { tag } = node as Node;
    if (tag !== undefined) {
      // A non-specific or custom tag stands before the value; its own offset is not kept in the tree.
      const found = `the value has the tag ${this.shownTag(tag)}`;
      return this.refuse(this.start(node), {
        code: 'E_YAML_TAG',
        found,
        allowed: 'plain values without tags',
        fix: 'remove the tag',
      });
    }
    if (isAlias(node)) {
      const found = `*${node.source} repeats another value`;
      return this.refuse(this.start(node), {
        code: 'E_YAML_ALIAS',
        found,
        allowed: 'values written out',
        fix: 'write the value again instead of the alias',
      });
    }
    if (isMap(node)) return this.map(node.items, this.text.startsWith('{{', this.start(node)) ? this.start(node) : -1);
    if (isSeq(node)) return node.items.map((item) => this.value(item));
    if (isScalar(node)) return this.scalar(node);
    return null;
  }

  shownTag(tag: string): string {
    return tag.replace(/^tag:yaml\.org,2002:/, '!!').slice(0, 60);
  }

  scalar(node: Scalar): unknown {
    const { value } = node;
    if (typeof value === 'bigint') {
      if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
      return this.refuse(this.start(node), {
        code: 'E_TASK_PRECISION',
        found: `${String(node.source).slice(0, 40)} is over 2^53; its last digits would be lost`,
        allowed: 'whole numbers up to 9007199254740991',
        fix: 'write a smaller number, or text in quotes',
      });
    }
    return value;
  }

  map(items: readonly Pair[], unquotedAt: number): unknown {
    if (unquotedAt >= 0) return this.refuse(unquotedAt, UNQUOTED);
    const entries: [string, unknown][] = [];
    const seen = new Map<string, number>();
    for (const { key, value } of items) {
      if (!isScalar(key) || key.tag !== undefined) {
        if (isAlias(key) || (key as Node | null)?.tag !== undefined) this.value(key);
        else if (isMap(key) && this.text.startsWith('{', this.start(key))) this.refuse(this.start(key), UNQUOTED);
        else
          this.refuse(this.start(key), {
            code: 'E_TASK_SHAPE',
            found: 'a key is not text',
            allowed: 'key: value',
            fix: 'write the key as text',
          });
        continue;
      }
      const name = typeof key.value === 'string' ? key.value : String(key.source ?? '');
      const offset = this.start(key);
      if (name === '<<' && key.type === 'PLAIN') {
        this.refuse(offset, {
          code: 'E_YAML_MERGE',
          found: '<< merges another map',
          allowed: 'keys written out',
          fix: 'copy the keys instead',
        });
        continue;
      }
      const earlier = seen.get(name);
      if (earlier !== undefined) {
        const found = `${JSON.stringify(name.slice(0, 80))} is given twice: in line ${this.place(earlier).line} and in line ${this.place(offset).line}`;
        this.refuse(offset, { code: 'E_YAML_DUP_KEY', found, allowed: 'each key once', fix: 'remove one of the two lines' });
        continue;
      }
      seen.set(name, offset);
      entries.push([name, this.value(value)]);
    }
    return Object.fromEntries(entries);
  }
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

/** The nth `{{` of the value is the nth `{{` of its source text, however it is quoted or folded. */
function braceOffset(source: string, value: string, offset: number): number {
  let occurrence = 0;
  for (let at = value.indexOf('{', 0); at >= 0 && at < offset; at = value.indexOf('{', at + 1)) occurrence += 1;
  let at = source.indexOf('{');
  for (; at >= 0 && occurrence > 0; occurrence -= 1) at = source.indexOf('{', at + 1);
  return Math.max(0, at);
}

function placesOf(doc: Document, walk: Walk): TaskPlaces {
  const pairAt = (path: KeyPath): { key: unknown; value: unknown } | null => {
    let node: unknown = doc.contents;
    let found: { key: unknown; value: unknown } | null = null;
    for (const step of path) {
      if (isSeq(node)) {
        const item = node.items[Number(step)];
        if (item === undefined) return found;
        found = { key: item, value: item };
      } else if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && (key.value === step || String(key.source) === step));
        if (!pair) return found;
        found = { key: pair.key, value: pair.value ?? pair.key };
      } else return found;
      node = found.value;
    }
    return found;
  };
  const value = (path: KeyPath) => {
    const pair = pairAt(path);
    return pair ? walk.place(walk.start(pair.value)) : { ...(walk.file === undefined ? {} : { file: walk.file }) };
  };
  return {
    value,
    key: (path) => {
      const pair = pairAt(path);
      return pair ? walk.place(walk.start(pair.key)) : value([]);
    },
    inText: (path, text, offset) => {
      const node = pairAt(path)?.value as Node | undefined;
      if (!node?.range || text[offset] !== '{') return value(path);
      return walk.place(node.range[0] + braceOffset(walk.text.slice(node.range[0], node.range[1]), text, offset));
    },
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
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return {
    value: isRecord ? (value as Record<string, unknown>) : null,
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
