/** A call without an answer that is of use: what it costs, whether it counts, what comes next. */

import type { CallFailure } from '../../core/call-failure.js';
import type { Release } from '../../core/gate/port.js';
import { addUsage, type EpochMs, type NanoUsd, NO_USAGE } from '../../core/model.js';
import { sumOf } from '../../core/money/price.js';
import { isSilence, isTry, OUTAGE_MS, outageStop, type RetryDecision, retryDecision, stopScope } from '../../core/retry.js';
import type { ModelRef } from '../../schema/task-types.js';
import type { Attempt, CallEndRecord } from '../../store/port/store.js';
import type { ActivityDeps } from '../deps.js';
import { endOf, refusalKind } from './call-end.js';
import type { CallEnd } from './call-ends.js';
import { failedOutcome } from './history.js';
import type { PhaseContext } from './phase-context.js';
import type { PricedModel, Worth } from './priced-model.js';
import type { TurnEnd } from './turn-end.js';
import type { TurnInHand } from './turn-in-hand.js';

type Deps = Pick<ActivityDeps, 'store' | 'callEnds' | 'clock' | 'random' | 'outageMs'>;

/** The turn, and its attempt that failed. */
export interface FailedAttempt {
  turn: TurnInHand;
  attempt: Attempt;
}

export interface FailedCall {
  failure: CallFailure;
  worth: Worth;
  sentAt: EpochMs;
  release: (how: Release) => void;
}

export async function endFailedCall(
  deps: Deps,
  model: PricedModel,
  { turn, attempt }: FailedAttempt,
  call: FailedCall,
): Promise<TurnEnd> {
  const { context, seed, history } = turn;
  const { failure } = call;
  if (isTry(failure)) {
    history.tries += 1;
    history.failures += 1;
  } else {
    history.waits += 1;
  }
  const { suspicion } = context;
  const decided = await suspicion.weigh(failure, seed, async (alike) => {
    // Answers of other processes count too.
    if (!suspicion.answered && (await deps.store.hasAnswer(context.run.id, context.use.role))) suspicion.clear();
    const { tries, waits } = history;
    const anyAnswered = suspicion.answered;
    const facts = { tries, waits, anyAnswered, alike: anyAnswered ? null : alike, random: deps.random() };
    const decision = outageOf(deps, context, failure) ?? retryDecision(failure, facts);
    const until = deps.clock.now() + (decision.kind === 'again' ? decision.afterMs : 0);
    // Before its place is free.
    if (decision.kind === 'stop-run') context.of.stop ??= { kind: 'stop', cause: decision.cause, message: decision.message };
    else if (failure.class === 'reset') context.quota = { kind: 'wait', until, reason: failure.code };
    return { decision, until };
  });
  const { decision, until } = decided;
  call.release(endOf(failure, decision, until, suspicion.answered));
  const { metered = null } = failure;
  const costNano = metered === null ? 0 : model.cost(context, metered, call);
  if (metered !== null) {
    history.usage = addUsage(history.usage, metered.usage ?? NO_USAGE);
    history.costNano = sumOf(history.costNano, costNano);
  }
  const outcome = decision.kind === 'fail-row' ? failedOutcome(seed, history, decision) : null;
  const stop = storedStop(failure, decision, context.use.model);
  const record = {
    ...attempt,
    code: failure.code,
    at: deps.clock.wall(),
    ...turn.outcomePart(outcome),
    ...(stop && { stop }),
  };
  await deps.callEnds.store(callEnd(failure, decision, record, costNano));
  if (outcome) return { kind: 'done', outcome, callMs: null };
  if (decision.kind === 'stop-run') return { kind: 'stop', cause: decision.cause, message: decision.message };
  return { kind: 'wait', until, reason: failure.code };
}

/** A stop when nobody has answered for too long: slow probes would go on for ever. Calls that are under way may still be answered. */
function outageOf({ clock, outageMs = OUTAGE_MS }: Deps, context: PhaseContext, failure: CallFailure): RetryDecision | null {
  const now = clock.now();
  if (!isSilence(failure)) context.silentSince = null;
  else context.silentSince ??= now;
  const ms = context.silentSince === null ? 0 : now - context.silentSince;
  return ms >= outageMs && context.suspicion.idle ? outageStop(failure.message, ms) : null;
}

/** What holds for other processes, and perhaps for other runs, too. A cancel they hear of otherwise, and a lack of descriptors is this one's own. */
function storedStop(failure: CallFailure, decision: RetryDecision, model: ModelRef): CallEndRecord['stop'] {
  if (decision.kind !== 'stop-run' || decision.cause === 'cancelled' || decision.cause === 'disk') return undefined;
  const { cause, message } = decision;
  return { cause, message, of: stopScope(failure), model };
}

/** What it cost is known, or in doubt, or nothing. */
function callEnd(failure: CallFailure, decision: RetryDecision, record: CallEndRecord, costNano: NanoUsd | null): CallEnd {
  const counts = isTry(failure);
  const { metered = null } = failure;
  if (metered !== null) {
    const { servedModel, usage } = metered;
    return { kind: 'spend', record: { ...record, isTry: counts, servedModel, usage, costNano } };
  }
  if (failure.mayHaveBeenBilled) return { kind: 'doubt', record: { ...record, isTry: counts } };
  return { kind: 'refuse', record: { ...record, kind: refusalKind(counts, decision) } };
}
