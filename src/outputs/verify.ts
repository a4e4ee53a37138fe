/** Compares what a run is said to have done with its single calls: the sums in the store, the ledger, receipt.json, the published files. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addUsage, NO_USAGE } from '../core/model.js';
import { knownUsd, spentOf, sumOf, usdToNano } from '../core/money/price.js';
import { callPlace } from '../core/names.js';
import type { Role } from '../core/phases.js';
import { knownRun, runBusy } from '../core/run-errors.js';
import type { RunRow, RunTotals } from '../store/port/store.js';
import { type Difference, Differences } from './differences.js';
import { RECEIPT_FILE } from './folder.js';
import { compareLedger, type LedgerReader } from './ledger-recount.js';
import { fileFacts, partingOf } from './published-file.js';
import type { Receipt, ReceiptFile } from './receipt.js';
import { type Recount, recount } from './recount.js';
import { type RowFile, rowFiles } from './row-files.js';
import type { OutputReader } from './row-pages.js';

export type VerifyReader = OutputReader & LedgerReader;

type Versions = Receipt['versions'];
const PACKAGE = 'durable-swarm';
const UNKNOWN = 'unknown';

/** A run counted anew from its single calls, against what is said of it. */
export interface Verification {
  /** Id of the run. */
  run: string;
  /** Calls that were counted. */
  calls: number;
  /** Rows that were counted. */
  rows: number;
  /** Published files that were read. */
  files: number;
  /** Empty: everything adds up. */
  differences: Difference[];
}

/** A run under way changes between two reads: its calls are counted again. */
const LOOKS = 5;

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
    ['calls.unpriced', counted.unpriced, totals.unpriced],
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

/** 0 for a call that is not there, null for one whose cost nobody knows. */
function amountAt(amounts: ReadonlyMap<string, number | null>, key: string): number | null {
  const amount = amounts.get(key);
  return amount === undefined ? 0 : amount;
}

/** The receipt as its file has it: any part of it may be missing or be something else. */
type Written = { [Key in keyof Receipt]?: Receipt[Key] | undefined };

function compareReceipt(found: Differences, receipt: Written, counted: Recount, total: number): void {
  const compare = (what: string, expected: number | string, written: unknown) =>
    found.compare(RECEIPT_FILE, what, expected, written);
  const money = (what: string, expected: number | null, written: unknown) =>
    compare(what, expected ?? UNKNOWN, typeof written === 'number' ? usdToNano(written) : written === null ? UNKNOWN : written);
  const { ok, failed, filtered } = counted.counts;
  const counts = { total, ok, failed, filtered, pending: total - ok - failed - filtered };
  for (const [key, expected] of Object.entries(counts))
    compare(`counts.${key}`, expected, receipt.counts?.[key as keyof typeof counts]);
  const calls = {
    answered: counted.answered,
    unmetered: counted.unmetered,
    failed: counted.tries,
    limited: counted.limited,
    doubtful: counted.doubtful,
    open: counted.open,
    // Not in what older versions wrote.
    ...(receipt.calls?.unpriced === undefined ? {} : { unpriced: counted.unpriced, exceeding: counted.exceeding }),
  };
  for (const [key, expected] of Object.entries(calls))
    compare(`calls.${key}`, expected, receipt.calls?.[key as keyof typeof calls]);
  found.compareUsage(RECEIPT_FILE, 'tokens', counted.usage, receipt.tokens);
  const { unmeteredNano } = counted;
  const settledNano = spentOf(counted);
  const doubtfulNano = [...counted.doubtfulCalls.values()].reduce(sumOf, 0);
  const reservedNano = sumOf(settledNano, doubtfulNano) === null && counted.open > 0 ? null : counted.reservedNano;
  if (receipt.money?.exceeding_usd !== undefined)
    money('money.exceeding_usd', counted.exceedingNano, receipt.money.exceeding_usd);
  money('money.settled_usd', settledNano, receipt.money?.settled_usd);
  money('money.unmetered_usd', unmeteredNano, receipt.money?.unmetered_usd);
  money('money.doubtful_usd', doubtfulNano, receipt.money?.doubtful_usd);
  money('money.reserved_usd', reservedNano, receipt.money?.reserved_usd);
  money('money.total_usd', sumOf(sumOf(settledNano, doubtfulNano), reservedNano), receipt.money?.total_usd);
  const lines = receipt.money?.by_model ?? [];
  // Older receipts have no role: all calls were the worker's.
  const nameOf = ({ model, role = 'worker' }: { model: string; role?: Role }) =>
    role === 'worker' ? model : `${model} as ${role}`;
  const names = new Set([...counted.byModel, ...lines].map(nameOf));
  for (const name of [...names].sort()) {
    const sum = counted.byModel.find((one) => nameOf(one) === name) ?? { calls: 0, usage: NO_USAGE, costNano: 0 };
    const line = lines.filter((one) => nameOf(one) === name);
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
    const cost = line.reduce<number | null>((all, { cost_usd }) => sumOf(all, cost_usd === null ? null : usdToNano(cost_usd)), 0);
    money(`${what} cost_usd`, sum.costNano, knownUsd(cost));
  }
  const listed = new Map((receipt.doubtful_calls ?? []).map((call) => [callPlace(call), call]));
  for (const key of new Set([...counted.doubtfulCalls.keys(), ...listed.keys()]))
    money(`doubtful call ${key}`, amountAt(counted.doubtfulCalls, key), listed.has(key) ? listed.get(key)?.reserved_usd : 0);
}

/** A file that one row of the store each is in is also compared with what the store would write, when this version wrote it. */
async function compareFile(
  found: Differences,
  path: string,
  file: ReceiptFile,
  source: { rows: number; write: RowFile['write'] | null } | undefined,
): Promise<void> {
  const { name } = file;
  if (source) found.compare(RECEIPT_FILE, `rows of ${name}`, source.rows, file.rows);
  const there = await fileFacts(path);
  if (there === null) return found.compare(name, 'the file', `${file.bytes} bytes`, undefined);
  if (there.rows !== null) found.compare(name, 'rows', source?.rows ?? file.rows, there.rows);
  found.compare(name, 'bytes', file.bytes, there.bytes);
  found.compare(name, 'sha256', file.sha256, there.sha256);
  const parting = source?.write ? await partingOf(path, source.write) : null;
  if (parting) found.compare(name, parting.place, parting.expected, parting.found);
}

async function compareFolder(
  found: Differences,
  store: OutputReader,
  run: RunRow,
  { counted, versions }: { counted: Recount; versions: Versions },
): Promise<number> {
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
  // Another version may lay out the same rows in other bytes. What counts no unpriced calls was written before csv was as it is, whatever its
  // version is called.
  const sameVersion = receipt.versions?.[PACKAGE] === versions[PACKAGE] && receipt.calls?.unpriced !== undefined;
  const sources = new Map(
    rowFiles(store, run).map(({ name, status, write }) => [
      name,
      { rows: counted.counts[status], write: sameVersion ? write : null },
    ]),
  );
  const files = receipt.files ?? [];
  for (const file of files) await compareFile(found, join(run.outputDir, file.name), file, sources.get(file.name));
  for (const [name, { rows }] of sources) {
    const isListed = files.some((file) => file.name === name);
    if (!isListed && rows > 0) found.compare(RECEIPT_FILE, `rows of ${name}`, rows, undefined);
  }
  return files.length;
}

/**
 * Changes nothing. Files are looked at when the run is published here. `versions` are those of this program, as in a receipt. Throws
 * E_RUN_UNKNOWN and E_RUN_BUSY.
 */
export async function verifyRun(store: VerifyReader, runId: string, versions: Versions): Promise<Verification> {
  const run = await knownRun(store, runId);
  let look = await lookOnce(store, run);
  for (let looks = 1; !look.still && looks < LOOKS; looks += 1) look = await lookOnce(store, run);
  if (!look.still) throw runBusy(runId, `run ${runId} goes on: its calls end while they are counted`);
  const { totals, counted } = look;
  const found = new Differences();
  compareTotals(found, counted, totals);
  await compareLedger(found, store, run);
  const files = run.publishedAt === null ? 0 : await compareFolder(found, store, run, { counted, versions });
  const rows = counted.counts.ok + counted.counts.failed + counted.counts.filtered;
  return { run: run.id, calls: counted.calls, rows, files, differences: found.list };
}
