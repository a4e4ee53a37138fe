/** A turn that is being taken: the row, what the store knows of its conversation, and what follows from both. One object for all steps. */
import { type NextStep, nextStep } from '../../core/conversation/next-step.js';
import type { RowTexts } from '../../core/row-texts.js';
import type { Seed } from '../../schema/seed.js';
import type { CallKey, CallRow } from '../../store/port/store.js';
import { callName } from './call-ends.js';
import { type History, historyOf, nextTurn } from './history.js';
import type { RunContext } from './run-context.js';

export class TurnInHand {
  readonly context: RunContext;
  readonly seed: Seed;
  /** Whoever asked for the turn has the same object, and finds it brought up to date. */
  readonly history: History;
  #texts: RowTexts | null = null;

  constructor(context: RunContext, seed: Seed, history: History) {
    this.context = context;
    this.seed = seed;
    this.history = history;
  }

  /** Of the turn to come. */
  get key(): CallKey {
    return { runId: this.context.run.id, index: this.seed.index, turn: nextTurn(this.history) };
  }

  /** Names it in this process. */
  get name(): string {
    return callName(this.key);
  }

  /** What comes next in the conversation, by the answers so far. */
  nextStep(): NextStep {
    this.#texts ??= this.context.fill(this.seed.content);
    const { rules, prompt } = this.#texts;
    return nextStep(rules, { prompt }, this.history.steps);
  }

  /** Another process, or an earlier flight, may have stored answers since the history was read. `calls`: of this row. */
  renew(calls: readonly CallRow[]): void {
    Object.assign(this.history, historyOf(calls, this.context.run.epoch));
  }
}
