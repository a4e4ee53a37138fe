/** What the store knows of one seed's conversation: answers, money, tries. Rebuilt from call rows, kept up to date by the turn. */
import type { Answer } from '../../core/conversation/message.js';
import type { Ended, Step } from '../../core/conversation/next-step.js';
import { addUsage, type FailureCause, type Finish, type NanoUsd, NO_USAGE, type Outcome, type Usage } from '../../core/model.js';
import { sumOf } from '../../core/money/price.js';
import type { Seed } from '../../schema/seed.js';
import type { CallRow } from '../../store/port/store.js';

export interface History {
  /** Answered turns of the conversation in hand: those of its phase. */
  steps: Step[];
  /** Turns of the row that were answered in other phases, before: the numbers of turns go on over phases. */
  before: number;
  usage: Usage;
  /** Null: nobody knows. */
  costNano: NanoUsd | null;
  model: string | null;
  /** Real failures over all turns and phases of this epoch. */
  failures: number;
  /** Real failures of the turn to come. */
  tries: number;
  /** Limit signals of the turn to come. */
  waits: number;
}

/** A row, and what is known of its conversation. */
export interface KnownRow {
  seed: Seed;
  history: History;
}

export function emptyHistory(): History {
  return { steps: [], before: 0, usage: NO_USAGE, costNano: 0, model: null, failures: 0, tries: 0, waits: 0 };
}

/**
 * `rows` are the calls of one seed, ordered by turn and attempt. Failures of earlier epochs do not count as tries. Answers, tries and waits
 * are those of the phase; what they cost is the row's, whatever phase it was in.
 */
export function historyOf(rows: readonly CallRow[], { epoch, phase }: { epoch: number; phase: string }): History {
  const history = emptyHistory();
  for (const row of rows) {
    const own = row.phase === phase;
    if (row.state === 'answered') {
      if (own) history.steps.push({ answer: row.answer ?? '', finish: row.finish ?? 'unknown' });
      else history.before += 1;
      history.model = row.servedModel;
      history.tries = 0;
      history.waits = 0;
    } else if (row.isTry && row.epoch === epoch) {
      history.failures += 1;
      if (own) history.tries += 1;
    } else if (own && row.state === 'limited' && row.epoch === epoch) {
      history.waits += 1;
    }
    if (row.usage) history.usage = addUsage(history.usage, row.usage);
    history.costNano = sumOf(history.costNano, row.costNano);
  }
  return history;
}

/** A turn that was answered, and what it cost. */
export interface AnsweredTurn {
  answer: Answer;
  finish: Finish;
  servedModel: string;
  usage: Usage | null;
  /** Null: nobody knows. */
  costNano: NanoUsd | null;
}

/** Turns that were answered, whatever the phase. */
function answeredTurns({ steps, before }: History): number {
  return before + steps.length;
}

/** The turn to come: turns of a row are numbered from 1, whatever the phase. */
export function nextTurn(history: History): number {
  return answeredTurns(history) + 1;
}

/** A new answer joins the history. */
export function addAnswer(history: History, { answer, finish, servedModel, usage, costNano }: AnsweredTurn): void {
  history.steps.push({ answer, finish });
  history.model = servedModel;
  history.usage = addUsage(history.usage, usage ?? NO_USAGE);
  history.costNano = sumOf(history.costNano, costNano);
  history.tries = 0;
  history.waits = 0;
}

/** The outcome of a conversation that has come to its end. */
export function outcomeOf(seed: Seed, history: History, end: Ended): Outcome {
  const fromTurn = history.before + end.fromTurn;
  return end.kind === 'ok'
    ? { ...base(seed, history), status: 'ok', fromTurn, ...(end.json === undefined ? {} : { outputJson: end.json }) }
    : { ...failedOutcome(seed, history, end), fromTurn };
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
    finish: history.steps.at(-1)?.finish ?? null,
    model: history.model,
    fromTurn: history.before + 1,
    turns: answeredTurns(history),
    attempts: answeredTurns(history) + history.failures,
    usage: history.usage,
    costNano: history.costNano,
  };
}
