/** What a run did and what it cost, counted anew from its single calls and outcomes: no running sum of the store is believed. */
import { addUsage, type Counts, type NanoUsd, NO_USAGE, type Usage } from '../../core/model.js';
import { callPlace } from '../../core/names.js';
import { isPaid } from '../paid-calls.js';
import type { CallRow, Store } from '../port.js';

/** What is read for it. */
type RecountReader = Pick<Store, 'calls' | 'outcomesAfter'>;

export interface ModelSum {
  model: string;
  calls: number;
  usage: Usage;
  costNano: NanoUsd;
}

export interface Recount {
  counts: Omit<Counts, 'total'>;
  /** Rows of calls, in all states. */
  calls: number;
  answered: number;
  /** Of these: without token counts. */
  unmetered: number;
  tries: number;
  limited: number;
  doubtful: number;
  open: number;
  usage: Usage;
  settledNano: NanoUsd;
  /** Of these: of calls without token counts. */
  unmeteredNano: NanoUsd;
  reservedNano: NanoUsd;
  doubtfulNano: NanoUsd;
  byModel: ModelSum[];
  /** Charged for each doubtful call, by its place. */
  doubtfulCalls: Map<string, NanoUsd>;
  /** Rows whose outcome rests on answers that are not there. */
  unanswered: { index: number; turns: number; answers: number }[];
}

const PAGE = 1_000;

function emptyRecount(): Recount {
  return {
    counts: { ok: 0, failed: 0, filtered: 0 },
    ...{ calls: 0, answered: 0, unmetered: 0, tries: 0, limited: 0, doubtful: 0, open: 0 },
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
    sums.reservedNano += call.reservedNano;
  }
  if (call.state === 'doubtful') {
    sums.doubtful += 1;
    sums.doubtfulNano += call.reservedNano;
    sums.doubtfulCalls.set(callPlace(call), call.reservedNano);
  }
  if (!isPaid(call)) return;
  const usage = call.usage ?? NO_USAGE;
  sums.answered += 1;
  sums.settledNano += call.costNano;
  sums.usage = addUsage(sums.usage, usage);
  if (call.usage === null) {
    sums.unmetered += 1;
    sums.unmeteredNano += call.costNano;
  }
  const model = call.servedModel ?? '';
  const sum = models.get(model) ?? { model, calls: 0, usage: NO_USAGE, costNano: 0 };
  const { calls, costNano } = sum;
  models.set(model, { model, calls: calls + 1, usage: addUsage(sum.usage, usage), costNano: costNano + call.costNano });
}

export async function recount(store: RecountReader, runId: string, total: number): Promise<Recount> {
  const sums = emptyRecount();
  const models = new Map<string, ModelSum>();
  const answers = new Uint16Array(total);
  for (let from = 0; from < total; from += PAGE) {
    for (const call of await store.calls(runId, { from, to: Math.min(from + PAGE, total) })) {
      addCall(sums, models, call);
      if (call.state === 'answered') answers[call.index] = (answers[call.index] ?? 0) + 1;
    }
  }
  sums.byModel = [...models.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
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
