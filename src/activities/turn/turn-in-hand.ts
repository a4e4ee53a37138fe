/** A turn that is being taken: the row, or what else is talked about, what the store knows of its conversation, and what follows from both. One object for all steps. */
import { type Asked, checkedStep, type Ended } from '../../core/conversation/next-step.js';
import type { Outcome } from '../../core/model.js';
import { isRow } from '../../core/phases.js';
import type { RowTexts } from '../../core/row-texts.js';
import type { Seed } from '../../schema/seed.js';
import type { CallKey, CallRow } from '../../store/port/store.js';
import { callName } from './call-ends.js';
import { type History, historyOf, nextTurn } from './history.js';
import type { PhaseContext } from './phase-context.js';

/** What is talked about: a row; or, beside the rows, something with texts of its own. */
export type Subject = Seed & { texts?: RowTexts };

export class TurnInHand {
  readonly context: PhaseContext;
  readonly seed: Subject;
  /** Whoever asked for the turn has the same object, and finds it brought up to date. */
  readonly history: History;
  #texts: RowTexts | null = null;

  constructor(context: PhaseContext, seed: Subject, history: History) {
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
  async nextStep(): Promise<Asked | Ended> {
    this.#texts ??= this.seed.texts ?? this.context.fill(this.seed.content);
    const { rules, prompt } = this.#texts;
    return await checkedStep(rules, { prompt }, this.history.steps, this.context.form);
  }

  /** Another process, or an earlier flight, may have stored answers since the history was read. `calls`: of this row. */
  renew(calls: readonly CallRow[]): void {
    const { run, phase } = this.context;
    Object.assign(this.history, historyOf(calls, { epoch: run.epoch, phase: phase.name }));
  }

  /** What the store is told with the end of its last call: only a row has an outcome. */
  outcomePart(outcome: Outcome | null): { outcome?: Outcome } {
    return outcome !== null && isRow(this.seed.index) ? { outcome } : {};
  }
}
