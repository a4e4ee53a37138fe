/** What a run did and what it cost, counted anew from its single calls and outcomes: no running sum of the store is believed. */
import { addUsage, type Counts, type NanoUsd, NO_USAGE, type Usage } from '../core/model.js';
import { sumOf } from '../core/money/price.js';
import { callPlace } from '../core/names.js';
import { BESIDE_ROWS, type Role } from '../core/phases.js';
import type { CallRow, Store } from '../store/port/store.js';
import { isPaid } from '../store/sql/paid-calls.js';

/** What is read for it. */
type RecountReader = Pick<Store, 'calls' | 'outcomesAfter'>;

export interface ModelSum {
  model: string;
  role: Role;
  calls: number;
  usage: Usage;
  /** Null when nobody knows it of one of the calls. */
  costNano: NanoUsd | null;
}

export interface Recount {
  counts: Omit<Counts, 'total'>;
  /** Rows of calls, in all states. */
  calls: number;
  answered: number;
  /** Of these: without token counts. */
  unmetered: number;
  /** Of these: nobody knows what they cost; the sums are without them. */
  unpriced: number;
  /** Of these: cost more than was reserved for them, and how much more. */
  exceeding: number;
  exceedingNano: NanoUsd;
  tries: number;
  limited: number;
  doubtful: number;
  open: number;
  usage: Usage;
  settledNano: NanoUsd;
  /** Of these: of calls without token counts; null when nobody knows. */
  unmeteredNano: NanoUsd | null;
  reservedNano: NanoUsd;
  doubtfulNano: NanoUsd;
  byModel: ModelSum[];
  /** Charged for each doubtful call, by its place; null when nobody knows what it may cost. */
  doubtfulCalls: Map<string, NanoUsd | null>;
  /** Rows whose outcome rests on answers that are not there. */
  unanswered: { index: number; turns: number; answers: number }[];
}

const PAGE = 1_000;

function emptyRecount(): Recount {
  return {
    counts: { ok: 0, failed: 0, filtered: 0 },
    ...{
      calls: 0,
      answered: 0,
      unmetered: 0,
      unpriced: 0,
      exceeding: 0,
      exceedingNano: 0,
      tries: 0,
      limited: 0,
      doubtful: 0,
      open: 0,
    },
    ...{ usage: NO_USAGE, settledNano: 0, unmeteredNano: 0, reservedNano: 0, doubtfulNano: 0 },
    byModel: [],
    doubtfulCalls: new Map(),
    unanswered: [],
  };
}

function addCall(sums: Recount, models: Map<string, ModelSum>, call: CallRow): void {
  sums.calls += 1;
  if (call.isTry) sums.tries += 1;
  if (call.state === 'limited') sums.limited += 1;
  if (call.state === 'intent') {
    sums.open += 1;
    sums.reservedNano += call.reservedNano ?? 0;
  }
  if (call.state === 'doubtful') {
    sums.doubtful += 1;
    sums.doubtfulNano += call.reservedNano ?? 0;
    sums.doubtfulCalls.set(callPlace(call), call.reservedNano);
  }
  if (!isPaid(call)) return;
  const usage = call.usage ?? NO_USAGE;
  sums.answered += 1;
  sums.settledNano += call.costNano ?? 0;
  if (call.costNano === null) sums.unpriced += 1;
  const overNano = call.reservedNano ? (call.costNano ?? 0) - call.reservedNano : 0;
  if (overNano > 0) {
    sums.exceeding += 1;
    sums.exceedingNano += overNano;
  }
  sums.usage = addUsage(sums.usage, usage);
  if (call.usage === null) {
    sums.unmetered += 1;
    sums.unmeteredNano = sumOf(sums.unmeteredNano, call.costNano);
  }
  const model = call.servedModel ?? '';
  const { role } = call;
  const key = `${model} ${role}`;
  const sum: ModelSum = models.get(key) ?? { model, role, calls: 0, usage: NO_USAGE, costNano: 0 };
  const { calls, costNano } = sum;
  models.set(key, { model, role, calls: calls + 1, usage: addUsage(sum.usage, usage), costNano: sumOf(costNano, call.costNano) });
}

export async function recount(store: RecountReader, runId: string, total: number): Promise<Recount> {
  const sums = emptyRecount();
  const models = new Map<string, ModelSum>();
  const answers = new Uint16Array(total);
  for (const call of await store.calls(runId, BESIDE_ROWS)) addCall(sums, models, call);
  for (let from = 0; from < total; from += PAGE) {
    for (const call of await store.calls(runId, { from, to: Math.min(from + PAGE, total) })) {
      addCall(sums, models, call);
      if (call.state === 'answered') answers[call.index] = (answers[call.index] ?? 0) + 1;
    }
  }
  sums.byModel = [...models.values()];
  for (let seq = 0; ; ) {
    const page = await store.outcomesAfter(runId, seq, PAGE);
    for (const { outcome } of page) {
      sums.counts[outcome.status] += 1;
      const found = answers[outcome.index] ?? 0;
      if (found < outcome.turns) sums.unanswered.push({ index: outcome.index, turns: outcome.turns, answers: found });
    }
    const last = page.at(-1);
    if (last === undefined) return sums;
    seq = last.seq;
  }
}
