/** Rows of a file or from code become seeds: checked, with ids, counted, fingerprinted; streamed with flat memory. */
import { type Place, type Problem, SwarmError } from '../core/errors.js';
import { plural } from '../core/format.js';
import type { Seed, SeedContent } from '../schema/seed.js';
import { type PromptSource, RowCheck, variablesOf } from './check-rows.js';
import { canonicalJson, SeedsFingerprint } from './fingerprint.js';
import { HALF_PAIR, halfPairPath } from './half-pairs.js';
import { shownPath } from './paths.js';
import type { RawItem, RawRow, RowReader } from './raw-row.js';
import { SeedIds } from './seed-ids.js';
import { openSeedsFile } from './seeds-file.js';
import { memoryRows, type RowsFromCode } from './seeds-memory.js';

/** A file (null: the task names none, E_TASK_MISSING), or rows from code. */
export type SeedSource = { file: string | null } | { rows: RowsFromCode };

export interface ReadSeedsOptions {
  /** Only the first N rows; the rest is not read. */
  limit?: number;
  /** Exactly N rows: the seeds repeat in order when there are fewer. With `limit`, the first `limit` of these. */
  total?: number;
  /** When given, every row must fill this template. */
  prompt?: PromptSource;
  /** Accepts a template without a placeholder over many rows. */
  allowConstantPrompt?: boolean;
}

/**
 * Iterate once. No seed comes after the first problem; the reading then goes on to the end and throws a SwarmError with
 * the first 20 problems and the count of the others (exit 2).
 */
export interface SeedReading extends AsyncIterable<Seed> {
  /** Over the seeds so far. `fingerprint.count` is their number. */
  readonly fingerprint: SeedsFingerprint;
  /** What a person should know, a sentence each. Complete at the end. */
  notes(): string[];
}

const SHOWN_PROBLEMS = 20;
const DEEPEST = 64;
/** Rows kept in memory for repetition; a larger source is read again. */
const KEPT_ROWS = 10_000;
const ROW_TYPES = 'a text in double quotes, or an object with fields';

const NO_SEEDS_FILE: Problem = {
  code: 'E_TASK_MISSING',
  found: 'seeds_file is not given',
  allowed: 'path of a .jsonl, .ndjson, .csv or .txt file',
  fix: 'add a line "seeds_file: ..." to the task, or pass --seeds (library: seeds or seedsFile)',
};

/** True for the problem of a task that names no rows, where none were given beside it. */
export function isNoSeedsFile({ code, found }: Problem): boolean {
  return code === NO_SEEDS_FILE.code && found === NO_SEEDS_FILE.found;
}

function deeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  for (const name of Object.keys(value)) if (deeperThan((value as Record<string, unknown>)[name], depth - 1)) return true;
  return false;
}

function contentFault(content: unknown): Omit<Problem, 'place'> | null {
  const fix = 'write the row as a text or an object';
  if (typeof content === 'string') return halfPairFault(content);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    const what =
      content === null
        ? 'null'
        : Array.isArray(content)
          ? 'a list'
          : typeof content === 'boolean'
            ? 'true or false'
            : `a ${typeof content}`;
    return { code: 'E_SEED_TYPE', found: `the row is ${what}`, allowed: ROW_TYPES, fix };
  }
  if (!deeperThan(content, DEEPEST)) return halfPairFault(content);
  return {
    code: 'E_SEED_TYPE',
    found: `the row is nested more than ${DEEPEST} deep`,
    allowed: `at most ${DEEPEST} levels`,
    fix: 'flatten the row',
  };
}

function halfPairFault(content: unknown): Omit<Problem, 'place'> | null {
  const path = halfPairPath(content);
  if (path === null) return null;
  return { ...HALF_PAIR, found: `${path.length === 0 ? 'the row' : path.join('.')} ${HALF_PAIR.found}` };
}

class Reading implements SeedReading {
  readonly fingerprint = new SeedsFingerprint();
  readonly #ids = new SeedIds();
  readonly #notes = new Set<string>();
  readonly #problems: Problem[] = [];
  #moreProblems = 0;
  #rows = 0;
  #started = false;
  readonly #rowCheck: RowCheck | null;
  /** Most seeds that come out. */
  readonly #most: number;
  /** The file, made once: every row has a place. */
  readonly #filePlace: Place;

  constructor(
    readonly source: SeedSource,
    readonly options: ReadSeedsOptions,
  ) {
    for (const name of ['limit', 'total'] as const) {
      const value = options[name];
      if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
      throw new SwarmError({
        code: 'E_TASK_RANGE',
        found: `${name} is ${value}`,
        allowed: 'a whole number above 0',
        fix: `change ${name}`,
      });
    }
    const file = 'rows' in source ? 'rows' : source.file === null ? null : shownPath(source.file);
    this.#filePlace = file === null ? {} : { file };
    this.#rowCheck = options.prompt ? new RowCheck(options.prompt) : null;
    this.#most = Math.min(options.limit ?? Number.POSITIVE_INFINITY, options.total ?? Number.POSITIVE_INFINITY);
  }

  notes(): string[] {
    return [...this.#notes, ...(this.#rowCheck?.notes() ?? []), ...this.#ids.notes()];
  }

  #place(line?: number, column?: number): Place {
    const place: Place = { ...this.#filePlace };
    if (line !== undefined) place.line = line;
    if (column !== undefined) place.column = column;
    return place;
  }

  #add(problem: Problem): void {
    if (this.#problems.length < SHOWN_PROBLEMS) this.#problems.push(problem);
    else this.#moreProblems += 1;
  }

  /** Null when the row, or one before it, has a problem. */
  #seed(row: RawRow): { seed: Seed; canonical: string } | null {
    this.#rows += 1;
    const place = this.#place(row.line);
    const fault = contentFault(row.content);
    if (fault) {
      this.#add({ ...fault, place: { ...place, column: 1 } });
      return null;
    }
    const content = row.content as SeedContent;
    const canonical = canonicalJson(content);
    const read = row.id === undefined ? { id: this.#ids.make(canonical, row.line) } : this.#ids.give(row.id, row.line);
    this.#rowCheck?.check(content, place);
    if ('fault' in read) {
      this.#add({ ...read.fault, place });
      return null;
    }
    if (this.#problems.length > 0 || this.#rowCheck?.bad) return null;
    return { seed: { index: this.fingerprint.count, id: read.id, content }, canonical };
  }

  /** True: stop reading. */
  #isConstant(): boolean {
    const { prompt, allowConstantPrompt } = this.options;
    if (!prompt || allowConstantPrompt || variablesOf(prompt).length > 0 || this.#rows < 2) return false;
    const place = prompt.templatePlace && Object.keys(prompt.templatePlace).length > 0 ? { place: prompt.templatePlace } : {};
    this.#add({
      code: 'E_TEMPLATE_CONSTANT',
      ...place,
      found: 'the template has no placeholder, so every row would get the same prompt',
      allowed: 'a template with {{seed}} or {{field}}, or a single row',
      fix: 'add {{seed}}, or pass --allow-constant-prompt (library: allowConstantPrompt) if you want many answers to one prompt',
    });
    return true;
  }

  #throwProblems(): void {
    for (const problem of this.#rowCheck?.problems() ?? []) this.#add(problem);
    if (this.#rows === 0 && this.#problems.length === 0) {
      const fix = 'check the path and the file; blank lines are no rows';
      this.#add({ code: 'E_SEEDS_EMPTY', place: this.#place(), found: 'there are no rows', allowed: 'at least one row', fix });
    }
    if (this.#problems.length === 0) return;
    if (this.#moreProblems > 0) {
      this.#problems.push({
        code: 'E_SEED_MORE',
        place: this.#place(),
        found: `${plural(this.#moreProblems, 'more problem')} ${this.#moreProblems === 1 ? 'is' : 'are'} not listed`,
        fix: 'fix the first ones',
      });
    }
    throw new SwarmError(this.#problems);
  }

  async #open(): Promise<RowReader> {
    if ('rows' in this.source) return memoryRows(this.source.rows);
    if (this.source.file !== null) return openSeedsFile(this.source.file);
    throw new SwarmError(NO_SEEDS_FILE);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Seed, void> {
    if (this.#started) throw new Error('a SeedReading is iterated once');
    this.#started = true;
    const rows = await this.#open();
    const repeats = this.options.total !== undefined;
    let kept: RawRow[] | null = repeats ? [] : null;
    // Rows from code may come only once: all are kept.
    const keptMost = 'rows' in this.source ? Number.POSITIVE_INFINITY : KEPT_ROWS;
    reading: for await (const items of rows(this.#notes)) {
      for (const item of items) {
        if ('fault' in item) {
          this.#add({ ...item.fault, place: this.#place(item.line, item.column) });
          if (item.fatal) break reading;
          continue;
        }
        const read = this.#seed(item);
        if (this.#isConstant()) break reading;
        if (kept && kept.push(item) > keptMost) kept = null;
        if (read) {
          this.fingerprint.add(read.seed, read.canonical);
          yield read.seed;
        }
        if (this.#rows >= this.#most || this.#rowCheck?.hopeless) break reading;
      }
    }
    this.#throwProblems();
    if (repeats && this.fingerprint.count < this.#most) yield* this.#repeat(kept, rows);
  }

  async *#repeat(kept: readonly RawItem[] | null, rows: RowReader): AsyncGenerator<Seed, void> {
    const first = this.fingerprint.count;
    const { total = 0, prompt, allowConstantPrompt } = this.options;
    this.#notes.add(`${plural(first, 'row')} ${first === 1 ? 'is' : 'are'} repeated in order to reach ${total}`);
    if (first === 1) {
      // Repetition makes many rows of one: the constant template shows only now.
      this.#rows += 1;
      if (prompt && !allowConstantPrompt && this.#isConstant()) this.#throwProblems();
    }
    for (let pass = 2; ; pass += 1) {
      for await (const items of kept ? [kept] : rows(new Set())) {
        for (const item of items) {
          if ('fault' in item) throw new SwarmError({ ...item.fault, place: this.#place(item.line, item.column) });
          const content = item.content as SeedContent;
          const canonical = canonicalJson(content);
          const id = this.#ids.repeat(item.id === undefined ? { canonical } : { given: String(item.id) }, pass);
          const seed = { index: this.fingerprint.count, id, content };
          this.fingerprint.add(seed, canonical);
          yield seed;
          if (this.fingerprint.count >= this.#most) return;
        }
      }
    }
  }
}

/** Reads seeds. Throws a SwarmError at once for a bad limit or total, all else while iterating. */
export function readSeeds(source: SeedSource, options: ReadSeedsOptions = {}): SeedReading {
  return new Reading(source, options);
}
