/** What the store knows of one seed's conversation: answers, money, tries. Rebuilt from call rows, kept up to date by the turn. */
import type { Answer } from '../core/conversation.js';
import { addUsage, type FailureCause, type Finish, type NanoUsd, NO_USAGE, type Outcome, type Usage } from '../core/model.js';
import { sumOf } from '../core/price.js';
import type { Seed } from '../schema/seed.js';
import type { CallRow } from '../store/port.js';

export interface History {
  answers: Answer[];
  usage: Usage;
  /** Null: nobody knows. */
  costNano: NanoUsd | null;
  model: string | null;
  /** Real failures over all turns of this epoch. */
  failures: number;
  /** Real failures of the turn to come. */
  tries: number;
  /** Limit signals of the turn to come. */
  waits: number;
}

export function emptyHistory(): History {
  return { answers: [], usage: NO_USAGE, costNano: 0, model: null, failures: 0, tries: 0, waits: 0 };
}

/** `rows` are the calls of one seed, ordered by turn and attempt. Failures of earlier epochs do not count as tries. */
export function historyOf(rows: readonly CallRow[], epoch: number): History {
  const history = emptyHistory();
  for (const row of rows) {
    if (row.state === 'answered') {
      history.answers.push({ text: row.answer ?? '', finish: row.finish ?? 'unknown' });
      history.model = row.servedModel;
      history.tries = 0;
      history.waits = 0;
    } else if (row.isTry && row.epoch === epoch) {
      history.failures += 1;
      history.tries += 1;
    } else if (row.state === 'limited' && row.epoch === epoch) {
      history.waits += 1;
    }
    if (row.usage) history.usage = addUsage(history.usage, row.usage);
    history.costNano = sumOf(history.costNano, row.costNano);
  }
  return history;
}

/** Rows of many seeds by seed index. */
export function bySeed(rows: readonly CallRow[]): Map<number, CallRow[]> {
  const seeds = new Map<number, CallRow[]>();
  for (const row of rows) {
    const list = seeds.get(row.index);
    if (list) list.push(row);
    else seeds.set(row.index, [row]);
  }
  return seeds;
}

/** A new answer joins the history. */
export function addAnswer(
  history: History,
  answer: { text: string; finish: Finish; servedModel: string; usage: Usage | null; costNano: NanoUsd | null },
): void {
  history.answers.push({ text: answer.text, finish: answer.finish });
  history.model = answer.servedModel;
  history.usage = addUsage(history.usage, answer.usage ?? NO_USAGE);
  history.costNano = sumOf(history.costNano, answer.costNano);
  history.tries = 0;
  history.waits = 0;
}

export function okOutcome(seed: Seed, history: History, fromTurn: number): Outcome {
  return { ...base(seed, history), status: 'ok', fromTurn };
}

export function failedOutcome(
  seed: Seed,
  history: History,
  failure: { cause: FailureCause; code: string; message: string },
): Outcome {
  const { cause, code, message } = failure;
  return { ...base(seed, history), status: 'failed', cause, code, message };
}

function base(seed: Seed, history: History): Omit<Outcome, 'status'> {
  return {
    index: seed.index,
    id: seed.id,
    finish: history.answers.at(-1)?.finish ?? null,
    model: history.model,
    fromTurn: 1,
    turns: history.answers.length,
    attempts: history.answers.length + history.failures,
    usage: history.usage,
    costNano: history.costNano,
  };
}
