/** A call with an answer: answer, cost and, when it ends the row, the outcome are stored in one step before anybody hears of them. */
import type { NanoUsd } from '../../core/model.js';
import type { ModelReply } from '../../llm/port.js';
import type { Attempt } from '../../store/port/store.js';
import type { ActivityDeps } from '../deps.js';
import { addAnswer, outcomeOf } from './history.js';
import { goOnFromStored } from './stored-end.js';
import type { TurnEnd } from './turn-end.js';
import type { TurnInHand } from './turn-in-hand.js';

export interface AnsweredCall {
  attempt: Attempt;
  reply: ModelReply;
  /** Null: nobody knows. */
  costNano: NanoUsd | null;
  callMs: number;
}

export async function settleCall(deps: ActivityDeps, turn: TurnInHand, call: AnsweredCall): Promise<TurnEnd> {
  const { context, seed, history } = turn;
  const { callMs, costNano } = call;
  const { answer, finish, servedModel, usage } = call.reply;
  const answered = { answer, finish, servedModel, usage, costNano };
  addAnswer(history, answered);
  const step = turn.nextStep();
  const outcome = step.kind === 'ask' ? null : outcomeOf(seed, history, step);
  const record = { ...call.attempt, ...answered, at: deps.clock.wall(), ...turn.outcomePart(outcome) };
  const used = await deps.callEnds.store({ kind: 'settle', record });
  if (outcome?.status === 'ok') context.suspicion.rowIsOk();
  context.measured.calls += 1;
  context.measured.ms += callMs;
  // This process was taken for dead meanwhile: the conversation goes on with the answer of the one that made the turn again.
  if (!used) return await goOnFromStored(deps, turn);
  return outcome ? { kind: 'done', outcome, callMs } : { kind: 'go-on', callMs };
}
