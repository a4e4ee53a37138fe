/** Compares what a run is said to have done with its single calls: the sums in the store, receipt.json, the published files. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addUsage, NO_USAGE, type Usage } from '../../core/model.js';
import { callPlace } from '../../core/names.js';
import { nanoToUsd, usdToNano } from '../../core/price.js';
import { runBusy, unknownRun } from '../../core/run-errors.js';
import type { RunRow, RunTotals, Store } from '../port.js';
import { FAILED_FILE, FILTERED_FILE, outputFile, RECEIPT_FILE } from './folder.js';
import type { Receipt, ReceiptFile } from './receipt.js';
import { type Recount, type RecountReader, recount } from './recount.js';

export type VerifyReader = RecountReader & Pick<Store, 'run' | 'totals'>;

/** One thing that does not add up. Money in nano-USD. */
export interface Difference {
  /** `store`, or the name of a file in the run folder. */
  where: string;
  /** Name of the figure, as the receipt has it. */
  what: string;
  /** What the single calls say. */
  expected: number | string;
  found: number | string;
}

export interface Verification {
  run: string;
  calls: number;
  rows: number;
  /** Published files that were read. */
  files: number;
  /** Empty: everything adds up. */
  differences: Difference[];
}

/** A run under way changes between two reads: its calls are counted again. */
const LOOKS = 5;

class Differences {
  readonly list: Difference[] = [];

  compare(where: string, what: string, expected: number | string, found: unknown): void {
    if (expected === found) return;
    this.list.push({ where, what, expected, found: typeof found === 'number' || typeof found === 'string' ? found : 'nothing' });
  }

  compareUsage(where: string, what: string, expected: Usage, found: Partial<Usage> | undefined): void {
    for (const key of ['input', 'cached', 'output', 'reasoning'] as const)
      this.compare(where, `${what}.${key}`, expected[key], found?.[key]);
  }
}

async function lookOnce(store: VerifyReader, run: RunRow): Promise<{ totals: RunTotals; counted: Recount; still: boolean }> {
  const before = JSON.stringify(await store.totals(run.id));
  const counted = await recount(store, run.id, run.total);
  const totals = await store.totals(run.id);
  return { totals, counted, still: JSON.stringify(totals) === before };
}

function compareTotals(found: Differences, counted: Recount, totals: RunTotals): void {
  const pairs: [string, number, number][] = [
    ['counts.ok', counted.counts.ok, totals.ok],
    ['counts.failed', counted.counts.failed, totals.failed],
    ['counts.filtered', counted.counts.filtered, totals.filtered],
    ['calls.answered', counted.answered, totals.calls],
    ['calls.failed', counted.tries, totals.tries],
    ['calls.limited', counted.limited, totals.limited],
    ['calls.doubtful', counted.doubtful, totals.doubtful],
    ['calls.open', counted.open, totals.open],
    ['money.settled', counted.settledNano, totals.settledNano],
    ['money.reserved', counted.reservedNano, totals.reservedNano],
    ['money.doubtful', counted.doubtfulNano, totals.doubtfulNano],
  ];
  for (const [what, expected, stored] of pairs) found.compare('store', what, expected, stored);
  found.compareUsage('store', 'tokens', counted.usage, totals.usage);
  const rows = [counted.counts.ok, counted.counts.failed, counted.counts.filtered].reduce((sum, count) => sum + count, 0);
  if (rows > totals.total) found.compare('store', 'counts.total', rows, totals.total);
  for (const { index, turns, answers } of counted.unanswered) found.compare('store', `answers of row ${index}`, turns, answers);
}

/** The receipt as its file has it: any part of it may be missing or be something else. */
type Written = { [Key in keyof Receipt]?: Receipt[Key] | undefined };

function compareReceipt(found: Differences, receipt: Written, counted: Recount, total: number): void {
  const compare = (what: string, expected: number | string, written: unknown) =>
    found.compare(RECEIPT_FILE, what, expected, written);
  const money = (what: string, expected: number, written: unknown) =>
    compare(what, expected, typeof written === 'number' ? usdToNano(written) : written);
  const { ok, failed, filtered } = counted.counts;
  const counts = { total, ok, failed, filtered, pending: total - ok - failed - filtered };
  for (const [key, expected] of Object.entries(counts))
    compare(`counts.${key}`, expected, receipt.counts?.[key as keyof typeof counts]);
  const calls = {
    answered: counted.answered,
    failed: counted.tries,
    limited: counted.limited,
    doubtful: counted.doubtful,
    open: counted.open,
  };
  for (const [key, expected] of Object.entries(calls))
    compare(`calls.${key}`, expected, receipt.calls?.[key as keyof typeof calls]);
  found.compareUsage(RECEIPT_FILE, 'tokens', counted.usage, receipt.tokens);
  const { settledNano, doubtfulNano, reservedNano } = counted;
  money('money.settled_usd', settledNano, receipt.money?.settled_usd);
  money('money.doubtful_usd', doubtfulNano, receipt.money?.doubtful_usd);
  money('money.reserved_usd', reservedNano, receipt.money?.reserved_usd);
  money('money.total_usd', settledNano + doubtfulNano + reservedNano, receipt.money?.total_usd);
  const lines = receipt.money?.by_model ?? [];
  const names = new Set([...counted.byModel.map(({ model }) => model), ...lines.map(({ model }) => model)]);
  for (const name of [...names].sort()) {
    const sum = counted.byModel.find(({ model }) => model === name) ?? { calls: 0, usage: NO_USAGE, costNano: 0 };
    const line = lines.filter(({ model }) => model === name);
    const what = `money.by_model ${name}`;
    compare(
      `${what} calls`,
      sum.calls,
      line.reduce((all, { calls: some }) => all + some, 0),
    );
    found.compareUsage(
      RECEIPT_FILE,
      `${what} tokens`,
      sum.usage,
      line.reduce((all, { tokens }) => addUsage(all, tokens), NO_USAGE),
    );
    money(`${what} cost_usd`, sum.costNano, nanoToUsd(line.reduce((all, { cost_usd }) => all + usdToNano(cost_usd), 0)));
  }
  const listed = new Map((receipt.doubtful_calls ?? []).map((call) => [callPlace(call), call]));
  for (const key of new Set([...counted.doubtfulCalls.keys(), ...listed.keys()]))
    money(`doubtful call ${key}`, counted.doubtfulCalls.get(key) ?? 0, listed.get(key)?.reserved_usd ?? 0);
}

/** What a file is, read once. */
async function look(path: string): Promise<{ bytes: number; lines: number; sha256: string } | null> {
  const hash = createHash('sha256');
  let bytes = 0;
  let lines = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return { bytes, lines, sha256: hash.digest('hex') };
}

async function compareFile(found: Differences, run: RunRow, file: ReceiptFile, rows: number | undefined): Promise<void> {
  const { name } = file;
  if (rows !== undefined) found.compare(RECEIPT_FILE, `rows of ${name}`, rows, file.rows);
  const there = await look(join(run.outputDir, name));
  if (there === null) return found.compare(name, 'the file', `${file.bytes} bytes`, undefined);
  if (name.endsWith('.jsonl')) found.compare(name, 'rows', rows ?? file.rows, there.lines);
  found.compare(name, 'bytes', file.bytes, there.bytes);
  found.compare(name, 'sha256', file.sha256, there.sha256);
}

async function compareFolder(found: Differences, run: RunRow, counted: Recount): Promise<number> {
  let receipt: Written;
  try {
    receipt = JSON.parse(await readFile(join(run.outputDir, RECEIPT_FILE), 'utf8')) as Written;
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'nothing' : 'no JSON';
    found.compare(RECEIPT_FILE, 'the file', `the receipt of ${run.id}`, why);
    return 0;
  }
  if (receipt.run !== run.id || receipt.epochs !== run.epoch) {
    found.compare(RECEIPT_FILE, 'run', `${run.id}, epoch ${run.epoch}`, `${receipt.run}, epoch ${receipt.epochs}`);
    return 0;
  }
  compareReceipt(found, receipt, counted, run.total);
  const rows: Record<string, number> = {
    [outputFile(run.task.outputFormat)]: counted.counts.ok,
    [FAILED_FILE]: counted.counts.failed,
    [FILTERED_FILE]: counted.counts.filtered,
  };
  const files = receipt.files ?? [];
  for (const file of files) await compareFile(found, run, file, rows[file.name]);
  for (const name of Object.keys(rows)) {
    const isListed = files.some((file) => file.name === name);
    if (!isListed && (rows[name] ?? 0) > 0) found.compare(RECEIPT_FILE, `rows of ${name}`, rows[name] ?? 0, undefined);
  }
  return files.length;
}

/** Changes nothing. Files are looked at when the run is published here. Throws E_RUN_UNKNOWN and E_RUN_BUSY. */
export async function verifyRun(store: VerifyReader, runId: string): Promise<Verification> {
  const run = await store.run(runId);
  if (!run) throw unknownRun(runId);
  let look = await lookOnce(store, run);
  for (let looks = 1; !look.still && looks < LOOKS; looks += 1) look = await lookOnce(store, run);
  if (!look.still) throw runBusy(runId, `run ${runId} goes on: its calls end while they are counted`);
  const { totals, counted } = look;
  const found = new Differences();
  compareTotals(found, counted, totals);
  const files = run.publishedAt === null ? 0 : await compareFolder(found, run, counted);
  const rows = counted.counts.ok + counted.counts.failed + counted.counts.filtered;
  return { run: run.id, calls: counted.calls, rows, files, differences: found.list };
}
