/** The receipt of a run: what was done, what it cost, what is doubtful. Holds no prompt, no answer, no key. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Counts, Usage } from '../core/model.js';
import { knownUsd, nanoToUsd, spentOf, sumOf } from '../core/money/price.js';
import type { Role } from '../core/phases.js';
import { knownRun } from '../core/run-errors.js';
import type { CallRow, RunRow } from '../store/port/store.js';
import { RECEIPT_FILE } from './folder.js';
import type { OutputReader } from './row-pages.js';
import { type VersionedRows, versionedRows } from './task-versions.js';

/** A published file. */
export interface ReceiptFile {
  /** In the run's folder. */
  name: string;
  /** Rows in it. */
  rows: number;
  /** Its size. */
  bytes: number;
  /** Of its bytes, hex. */
  sha256: string;
}

/** A call that may have been billed without an answer. Its reservation stays charged. */
export interface DoubtfulCall {
  /** Negative for a conversation beside the rows, which has no id. */
  index: number;
  /** Of its row; empty for a conversation beside the rows. */
  id: string;
  /** Step of the run that it belongs to. */
  phase: string;
  /** What its model does in that step. */
  role: Role;
  /** Turn of its conversation, from 1. */
  turn: number;
  /** Which attempt at that turn, from 1. */
  attempt: number;
  /** USD that it is charged with. Null when nobody knows what it may cost. */
  reserved_usd: number | null;
  /** Why it is in doubt: a code of [calls in the receipt](errors.md#calls-in-the-receipt). */
  code: string | null;
  /** ISO 8601, when the call began. */
  time: string;
}

/** receipt.json, in this order. Money in USD, exact to 1e-9; null where it is not known, since a price is not. */
export interface Receipt {
  /** Id of the run. */
  run: string;
  /** Name of its task. */
  name: string;
  /** ISO 8601, when this receipt was written. */
  at: string;
  /** Executions of the run: each going on after an end is one more. */
  epochs: number;
  /** SHA-256 (hex) of what in the task decides answers: another one is another task. */
  task_fingerprint: string;
  /** SHA-256 (hex) of the rows in their order. */
  seeds_fingerprint: string;
  /** Only where the task was changed in mid run (`--changed keep`, `--changed redo`): what was done by each, in their order. */
  task_versions?: VersionedRows[];
  /** What became of the rows; total = ok + failed + filtered + pending. */
  counts: Counts & {
    /** Rows without an end. */
    pending: number;
  };
  /** Calls by what became of them. */
  calls: {
    /** With an answer that counts. */
    answered: number;
    /** Without one: tries, which are made again. */
    failed: number;
    /** Refused by a rate limit or overload: waits. */
    limited: number;
    /** May have been billed without an answer. */
    doubtful: number;
    /** Under way. */
    open: number;
    /** Of the answered: without token counts. */
    unmetered: number;
    /** Of the answered: nobody knows what they cost. */
    unpriced: number;
    /** Of the answered: they cost more than was reserved for them. */
    exceeding: number;
  };
  /** Of the answered calls. */
  tokens: Usage;
  /** USD, by what it is. */
  money: {
    /** Cap of the run; null: none. */
    cap_usd: number | null;
    /** Cost of the answered calls. */
    settled_usd: number | null;
    /** Charged for the doubtful calls. */
    doubtful_usd: number | null;
    /** Reserved for the open calls. */
    reserved_usd: number | null;
    /** settled + doubtful + reserved: what counts against the cap. */
    total_usd: number | null;
    /** Of what is settled: the unmetered calls. They cost their reservation, unless the provider said what they cost. */
    unmetered_usd: number | null;
    /**
     * What the exceeding calls cost beyond their reservation: a provider that answers longer than it is asked to, or bills more than its
     * price, can pass a cap by that much at most.
     */
    exceeding_usd: number;
    /** Of what is settled: by model and role. */
    by_model: {
      /** As the provider named it in its answers. */
      model: string;
      /** What it did. */
      role: Role;
      /** The role, as version 0.1 called it. */
      tier: Role;
      /** Answered calls. */
      calls: number;
      /** Of these calls. */
      tokens: Usage;
      /** USD. Null when nobody knows it of one of them. */
      cost_usd: number | null;
    }[];
  };
  /** Each of them. */
  doubtful_calls: DoubtfulCall[];
  /** Of the programs that wrote it: name and version. */
  versions: Readonly<Record<string, string>>;
  /** The published files, but for itself. Empty when nothing was published yet. */
  files: ReceiptFile[];
}

export interface ReceiptFacts {
  /** Ms since the Unix epoch. */
  at: number;
  versions: Readonly<Record<string, string>>;
  files?: readonly ReceiptFile[];
  /** Rows found in the published files; default: the totals of the store. */
  counted?: Omit<Counts, 'total'>;
}

const SEEDS_AT_ONCE = 500;

function tokens({ input, cached, output, reasoning }: Usage): Usage {
  return { input, cached, output, reasoning };
}

async function listDoubtful(store: OutputReader, runId: string, calls: readonly CallRow[]): Promise<DoubtfulCall[]> {
  const ids = new Map<number, string>();
  const indexes = [...new Set(calls.map(({ index }) => index))];
  for (let from = 0; from < indexes.length; from += SEEDS_AT_ONCE) {
    const seeds = await store.seeds(runId, { list: indexes.slice(from, from + SEEDS_AT_ONCE) });
    for (const { index, id } of seeds) ids.set(index, id);
  }
  return calls.map((call) => ({
    index: call.index,
    id: ids.get(call.index) ?? '',
    phase: call.phase,
    role: call.role,
    turn: call.turn,
    attempt: call.attempt,
    reserved_usd: knownUsd(call.reservedNano),
    code: call.code,
    time: new Date(call.startedAt).toISOString(),
  }));
}

/** Throws E_RUN_UNKNOWN. */
export async function buildReceipt(store: OutputReader, runId: string, facts: ReceiptFacts): Promise<Receipt> {
  const run = await knownRun(store, runId);
  const [totals, control, spend, doubtful, versions] = await Promise.all([
    store.totals(runId),
    store.control(runId),
    store.spendByModel(runId),
    store.doubtfulCalls(runId),
    store.taskVersions(runId),
  ]);
  const { ok, failed, filtered } = facts.counted ?? totals;
  const settledNano = spentOf(totals);
  const doubtfulNano = doubtful.some(({ reservedNano }) => reservedNano === null) ? null : totals.doubtfulNano;
  const known = settledNano !== null && doubtfulNano !== null;
  const reservedNano = !known && totals.open > 0 ? null : totals.reservedNano;
  return {
    run: run.id,
    name: run.name,
    at: new Date(facts.at).toISOString(),
    epochs: run.epoch,
    task_fingerprint: run.taskFingerprint,
    seeds_fingerprint: run.seedsFingerprint,
    ...(versions.length === 0 ? {} : { task_versions: versions.map(versionedRows) }),
    counts: { total: run.total, ok, failed, filtered, pending: run.total - ok - failed - filtered },
    calls: {
      answered: totals.calls,
      failed: totals.tries,
      limited: totals.limited,
      doubtful: totals.doubtful,
      open: totals.open,
      unmetered: spend.reduce((sum, { unmetered }) => sum + unmetered.calls, 0),
      unpriced: totals.unpriced,
      exceeding: spend.reduce((sum, { exceeding }) => sum + exceeding.calls, 0),
    },
    tokens: tokens(totals.usage),
    money: {
      cap_usd: control.capNano === null ? null : nanoToUsd(control.capNano),
      settled_usd: knownUsd(settledNano),
      doubtful_usd: knownUsd(doubtfulNano),
      reserved_usd: knownUsd(reservedNano),
      total_usd: knownUsd(sumOf(sumOf(settledNano, doubtfulNano), reservedNano)),
      unmetered_usd: knownUsd(spend.reduce<number | null>((sum, { unmetered }) => sumOf(sum, unmetered.costNano), 0)),
      exceeding_usd: nanoToUsd(spend.reduce((sum, { exceeding }) => sum + exceeding.overNano, 0)),
      by_model: spend.map((line) => ({
        model: line.model,
        role: line.role,
        tier: line.role,
        calls: line.calls,
        tokens: tokens(line.usage),
        cost_usd: knownUsd(line.costNano),
      })),
    },
    doubtful_calls: await listDoubtful(store, runId, doubtful),
    versions: Object.fromEntries(Object.entries(facts.versions).sort(([a], [b]) => (a < b ? -1 : 1))),
    files: (facts.files ?? []).map(({ name, rows, bytes, sha256 }) => ({ name, rows, bytes, sha256 })),
  };
}

/** The receipt in the run's folder, when the folder is there and the run was not started again since; else null. */
export async function publishedReceipt(run: Pick<RunRow, 'id' | 'epoch' | 'outputDir' | 'publishedAt'>): Promise<Receipt | null> {
  if (run.publishedAt === null) return null;
  try {
    const receipt = JSON.parse(await readFile(join(run.outputDir, RECEIPT_FILE), 'utf8')) as Receipt;
    return receipt.run === run.id && receipt.epochs === run.epoch ? receipt : null;
  } catch {
    // Moved or removed: the store tells the same, but for the files.
    return null;
  }
}

/** The text of receipt.json. */
export function receiptText(receipt: Receipt): string {
  return `${JSON.stringify(receipt, null, 2)}\n`;
}
