/** A run in memory, behind the reading methods of the store that the writers use. Rows are made when they are asked for. */
import { NO_USAGE, type Outcome } from '../../src/core/model.js';
import type { OutputReader } from '../../src/outputs/row-pages.js';
import type { OutputFormat, Task } from '../../src/schema/task-types.js';
import type { CallRow, Indexes, OutputRow, RunRow } from '../../src/store/port/store.js';

export interface DoubleOptions {
  outputDir: string;
  total: number;
  format?: OutputFormat;
  transcripts?: boolean;
  /** Status of a row; null = pending. @default ok */
  status?: (index: number) => Outcome['status'] | null;
  seed?: (index: number) => unknown;
  /** Answers of the turns of a row. @default one */
  answers?: (index: number) => string[];
  change?: (row: OutputRow) => OutputRow;
  doubtful?: CallRow[];
}

export function callRow(index: number, turn: number, more: Partial<CallRow> = {}): CallRow {
  return {
    runId: 'r1',
    index,
    turn,
    attempt: 1,
    epoch: 1,
    phase: 'map',
    role: 'worker',
    state: 'answered',
    owner: 'o1',
    isTry: false,
    code: null,
    answer: null,
    finish: 'stop',
    servedModel: 'sim-small',
    usage: NO_USAGE,
    reservedNano: 0,
    costNano: 0,
    startedAt: Date.UTC(2026, 0, 2),
    endedAt: null,
    ...more,
  };
}

export function runDouble(options: DoubleOptions): OutputReader {
  const { outputDir, total } = options;
  const status = options.status ?? (() => 'ok');
  const seed = options.seed ?? ((index: number) => `seed ${index}`);
  const answers = options.answers ?? ((index: number) => [`answer ${index}`]);

  function outcome(index: number): Outcome {
    const is = status(index) ?? 'ok';
    const failure = { cause: 'transport' as const, code: 'E_PROVIDER_STATUS', message: 'status 500' };
    return {
      index,
      id: `id-${index}`,
      status: is,
      ...(is === 'failed' ? failure : {}),
      ...(is === 'filtered' ? { code: 'E_FILTER_LENGTH', message: 'too short' } : {}),
      finish: 'stop',
      model: 'sim-small',
      fromTurn: 1,
      turns: answers(index).length,
      attempts: is === 'failed' ? 5 : 0,
      usage: { input: 10, cached: 2, output: 20, reasoning: 3 },
      costNano: 9_000 + index,
    };
  }

  function row(index: number): OutputRow {
    const made = { ...outcome(index), seed: seed(index), output: status(index) === 'failed' ? null : answers(index).join('') };
    return options.change ? options.change(made) : made;
  }

  function listed(indexes: Indexes): number[] {
    if ('list' in indexes) return [...indexes.list].sort((a, b) => a - b);
    const to = Math.min(indexes.to, total);
    return Array.from({ length: Math.max(0, to - indexes.from) }, (_, i) => indexes.from + i);
  }

  function count(wanted: Outcome['status'] | null): number {
    let rows = 0;
    for (let index = 0; index < total; index += 1) if (status(index) === wanted) rows += 1;
    return rows;
  }

  const run: RunRow = {
    id: 'r1',
    name: 'double',
    state: 'running',
    reason: null,
    message: null,
    epoch: 2,
    task: { name: 'double', outputFormat: options.format ?? 'jsonl', transcripts: options.transcripts ?? false } as Task,
    taskFingerprint: 'task-hash',
    seedsFingerprint: 'seeds-hash',
    total,
    outputDir,
    detached: false,
    limited: false,
    origin: 'cli',
    workflowId: null,
    createdAt: 0,
    startedAt: 0,
    endedAt: null,
    publishedAt: null,
    home: '',
    workedMs: 0,
    workingSince: null,
    phase: 'map',
  };
  const doubtful = options.doubtful ?? [];

  return {
    run: async (runId) => (runId === 'r1' ? run : null),
    control: async () => ({
      paused: false,
      cancelled: false,
      concurrency: 16,
      requestsPerMinute: null,
      callCapNano: null,
      rowCapNano: null,
      dayCapNano: null,
      startCap: null,
      stop: null,
      tokensPerMinute: null,
      auto: false,
      capNano: 5_000_000_000,
      version: 1,
    }),
    totals: async () => ({
      total,
      ok: count('ok'),
      failed: count('failed'),
      filtered: count('filtered'),
      seq: total,
      usage: { input: 100, cached: 20, output: 200, reasoning: 30 },
      calls: 12,
      tries: 3,
      limited: 4,
      doubtful: doubtful.length,
      open: 0,
      settledNano: 1_149_514_500,
      reservedNano: 0,
      doubtfulNano: 800,
      unpriced: 0,
    }),
    spendByModel: async () => [
      {
        model: 'sim-small',
        role: 'worker',
        calls: 12,
        usage: { input: 100, cached: 20, output: 200, reasoning: 30 },
        costNano: 1_149_514_500,
        unmetered: { calls: 0, costNano: 0 },
        exceeding: { calls: 0, overNano: 0 },
      },
    ],
    doubtfulCalls: async () => doubtful,
    seeds: async (_run, indexes) =>
      listed(indexes).map((index) => ({ index, id: `id-${index}`, content: seed(index) as string })),
    calls: async (_run, indexes) =>
      listed(indexes).flatMap((index) =>
        status(index) === null ? [] : answers(index).map((answer, turn) => callRow(index, turn + 1, { answer })),
      ),
    outcomesAfter: async (_run, seq, limit) => {
      const found: { seq: number; outcome: Outcome }[] = [];
      for (let index = seq; index < total && found.length < limit; index += 1) {
        if (status(index) !== null) found.push({ seq: index + 1, outcome: outcome(index) });
      }
      return found;
    },
    taskVersions: async () => [],
    okPlace: async (_run, index) => {
      if (status(index) !== 'ok') return null;
      const before = Array.from({ length: index }, (_, earlier) => earlier).filter((earlier) => status(earlier) === 'ok');
      return { seq: index + 1, nth: before.length + 1, id: outcome(index).id };
    },
    outputRows: async (_run, { status: wanted, from, limit }) => {
      const rows: OutputRow[] = [];
      for (let index = from; index < total && rows.length < limit; index += 1)
        if (status(index) === wanted) rows.push(row(index));
      return rows;
    },
  };
}
