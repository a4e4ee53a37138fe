/** The row grain: a row's next turn, on the queue of its model. */
import { Context } from '@temporalio/activity';
import { toWall } from '../../core/clock.js';
import type { RunTurnInput, RunTurnResult } from '../../workflows/activity-messages.js';
import type { ActivityDeps } from '../deps.js';
import { withHeartbeat } from '../heartbeat.js';
import { type History, historyOf } from '../turn/history.js';
import type { PhaseContext } from '../turn/phase-context.js';
import type { RunContexts } from '../turn/run-context.js';
import { stopByDisk, type TurnEnd, tellStop } from '../turn/turn-end.js';
import type { Subject } from '../turn/turn-in-hand.js';
import type { Turns } from '../turn/turns.js';

/** What the workflow is told of a turn, for a row as for a conversation beside the rows. */
async function told(deps: ActivityDeps, { run }: PhaseContext, end: TurnEnd, history: History): Promise<RunTurnResult> {
  switch (end.kind) {
    case 'go-on':
      return { kind: 'go-on', turn: history.steps.length };
    case 'done':
      return { kind: 'done', status: end.outcome.status, usage: end.outcome.usage, callMs: end.callMs };
    case 'stop':
      await tellStop(deps, run.id, end);
      return { kind: 'stop', cause: end.cause };
    case 'wait':
      return { ...end, until: toWall(deps.clock, end.until), afterMs: Math.max(0, end.until - deps.clock.now()) };
    default:
      return end;
  }
}

/** Takes the next turn of what is talked about, by what is stored of it. */
export function createTurnOf(deps: ActivityDeps, turns: Turns) {
  return async function turnOf(context: PhaseContext, subject: Subject): Promise<RunTurnResult> {
    const { run, phase } = context;
    const rows = await deps.store.calls(run.id, { list: [subject.index] });
    const history = historyOf(rows, { epoch: run.epoch, phase: phase.name });
    return await told(deps, context, await turns.take(context, subject, history), history);
  };
}

export function createRunTurn(deps: ActivityDeps, contexts: RunContexts, turns: Turns) {
  const turnOf = createTurnOf(deps, turns);

  async function take(context: PhaseContext, { run, index }: RunTurnInput): Promise<RunTurnResult> {
    const known = await deps.store.outcome(run, index);
    if (known) return { kind: 'done', status: known.status, usage: known.usage, callMs: null };
    const [seed] = await deps.store.seeds(run, { list: [index] });
    if (!seed) throw new Error(`run ${run} has no seed ${index}`);
    return await turnOf(context, seed);
  }

  /** Takes the seed's next turn; a seed with an outcome is answered from the store. Never throws for a bad row. */
  return async function runTurn(input: RunTurnInput): Promise<RunTurnResult> {
    const activity = Context.current();
    let context: PhaseContext | null = null;
    try {
      const known = await contexts.phase(input.run, input.epoch, input.phase);
      context = known;
      context.childHere = true;
      return await withHeartbeat(
        activity,
        () => ({ waitsFor: known.gate.bottleneck(input.run) }),
        () => take(known, input),
      );
    } catch (error) {
      return { kind: 'stop', cause: stopByDisk(context?.of ?? null, error).cause };
    }
  };
}
