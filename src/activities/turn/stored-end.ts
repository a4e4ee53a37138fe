/** Ends of a turn that need no call of this process: the store has the answer, or the outcome, or takes one. */
import type { Outcome } from '../../core/model.js';
import { isRow } from '../../core/phases.js';
import type { ActivityDeps } from '../deps.js';
import { outcomeOf } from './history.js';
import type { TurnEnd } from './turn-end.js';
import type { TurnInHand } from './turn-in-hand.js';

type Deps = Pick<ActivityDeps, 'store'>;

/** The row ends without a call; a conversation beside the rows has no outcome to be stored. */
export async function endRow({ store }: Deps, { context, seed }: TurnInHand, outcome: Outcome): Promise<TurnEnd> {
  if (isRow(seed.index)) await store.finish(context.run.id, outcome);
  return { kind: 'done', outcome, callMs: null };
}

/** The turn was answered by another process. */
export async function goOnFromStored(deps: Deps, turn: TurnInHand): Promise<TurnEnd> {
  const { context, seed, history } = turn;
  const outcome = await deps.store.outcome(context.run.id, seed.index);
  if (outcome) return { kind: 'done', outcome, callMs: null };
  turn.renew(await deps.store.calls(context.run.id, { list: [seed.index] }));
  const step = await turn.nextStep();
  if (step.kind === 'ask' || step.kind === 'repair') return { kind: 'go-on', callMs: null };
  return await endRow(deps, turn, outcomeOf(seed, history, step));
}

/** The row ended after its history was read. */
export async function storedOutcome({ store }: Deps, { context, seed }: TurnInHand): Promise<TurnEnd> {
  const outcome = await store.outcome(context.run.id, seed.index);
  if (!outcome) throw new Error(`run ${context.run.id}: the outcome of seed ${seed.index} is gone`);
  return { kind: 'done', outcome, callMs: null };
}
