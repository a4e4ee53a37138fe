/**
 * One turn, step by step: stored answers, the question, its place at the gate, the call, its end.
 * The order is the product's promise: intent before send, answer before report.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { countedWith, type SentSchema } from '../../core/conversation/answer-form.js';
import type { Message } from '../../core/conversation/message.js';
import type { ActivityDeps } from '../deps.js';
import { failedOutcome, outcomeOf } from './history.js';
import { MakeCall, type TurnHolds } from './make-call.js';
import { endRow } from './stored-end.js';
import type { TurnEnd } from './turn-end.js';
import type { TurnInHand } from './turn-in-hand.js';

/** How long a turn waits at the gate before it gives its place back. */
const PATIENCE_MS = 30_000;

/** What the model is asked in this turn. */
export interface Question {
  messages: Message[];
  /** That goes with it; null for none. */
  schema: SentSchema | null;
  /** Tokens, about. */
  tokens: number;
}

export class TakeTurn {
  readonly #deps: ActivityDeps;
  readonly #call: MakeCall;

  constructor(deps: ActivityDeps) {
    this.#deps = deps;
    this.#call = new MakeCall(deps, PATIENCE_MS);
  }

  async take(turn: TurnInHand): Promise<TurnEnd> {
    const { callEnds, store, tokens, clock } = this.#deps;
    const { context, seed, history } = turn;
    if (await callEnds.bringIn(turn.key)) turn.renew(await store.calls(context.run.id, { list: [seed.index] }));
    const step = await turn.nextStep();
    // A stored answer may already end the conversation: its outcome was lost with the process that had it.
    if (step.kind !== 'ask' && step.kind !== 'repair') return await endRow(this.#deps, turn, outcomeOf(seed, history, step));
    const { messages } = step;
    // The rest of a text is none of its own.
    const schema = step.kind === 'ask' && step.rest ? null : (context.form?.sent(context.use.model.wire ?? 'chat') ?? null);
    const question: Question = { messages, schema, tokens: tokens.about(countedWith(schema, messages)) };
    if (context.contextWindow !== null && question.tokens > context.contextWindow) {
      const message = `the prompt has about ${question.tokens} tokens, the model's window is ${context.contextWindow}`;
      const tooLong = failedOutcome(seed, history, { cause: 'too_long', code: 'E_ROW_TOO_LONG', message });
      return await endRow(this.#deps, turn, tooLong);
    }
    const patience = clock.now() + PATIENCE_MS;
    for (;;) {
      const end: TurnEnd | TurnHolds = await this.#call.attempt(turn, question);
      if (end.kind !== 'hold') return end;
      if (clock.now() >= patience) return { kind: 'wait', until: clock.now(), reason: end.reason };
      if (end.ms > 0) await sleep(end.ms);
    }
  }
}
