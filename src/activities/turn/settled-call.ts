/**
 * A call with an answer: answer, cost and, when it ends the row, the outcome are stored in one step before anybody hears of them. An answer
 * whose check takes long is stored without waiting for it: the next look at the conversation ends the row.
 */
import { setTimeout as sleep } from 'node:timers/promises';
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
  /** Gives its place at the gate back. */
  release: () => void;
}

/** An answer that is paid for must not stay unstored for longer. */
const SOON_MS = 100;

/** Null when it takes longer. @param ms null for what never does */
async function soon<T>(ms: number | null, work: Promise<T>): Promise<T | null> {
  if (ms === null) return await work;
  const given = new AbortController();
  try {
    return await Promise.race([work, sleep(ms, null, { signal: given.signal })]);
  } finally {
    given.abort();
  }
}

export async function settleCall(deps: ActivityDeps, turn: TurnInHand, call: AnsweredCall): Promise<TurnEnd> {
  const { context, seed, history } = turn;
  const { callMs, costNano } = call;
  const { answer, finish, servedModel, usage } = call.reply;
  const answered = { answer, finish, servedModel, usage, costNano };
  addAnswer(history, answered);
  const step = await soon(context.form === null ? null : SOON_MS, turn.nextStep());
  // As soon as it is known what the answer is: storing it must not hold up the next call, whose intent is to come behind it.
  call.release();
  const outcome = step === null || step.kind === 'ask' || step.kind === 'repair' ? null : outcomeOf(seed, history, step);
  const record = { ...call.attempt, ...answered, at: deps.clock.wall(), ...turn.outcomePart(outcome) };
  const used = await deps.callEnds.store({ kind: 'settle', record });
  if (outcome?.status === 'ok') context.suspicion.rowIsOk();
  context.measured.calls += 1;
  context.measured.ms += callMs;
  // This process was taken for dead meanwhile: the conversation goes on with the answer of the one that made the turn again.
  if (!used) return await goOnFromStored(deps, turn);
  return outcome ? { kind: 'done', outcome, callMs } : { kind: 'go-on', callMs };
}
