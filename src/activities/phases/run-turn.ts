/** The seed grain: one turn of one seed, on its model's own queue. */

import { Context } from '@temporalio/activity';
import { toWall } from '../../core/clock.js';
import type { RunTurnInput, RunTurnResult } from '../../workflows/activity-messages.js';
import type { ActivityDeps } from '../deps.js';
import { withHeartbeat } from '../heartbeat.js';
import { historyOf } from '../turn/history.js';
import type { RunContext, RunContexts } from '../turn/run-context.js';
import { stopByDisk, tellStop } from '../turn/turn-end.js';
import type { Turns } from '../turn/turns.js';

export function createRunTurn(deps: ActivityDeps, contexts: RunContexts, turns: Turns) {
  async function take(context: RunContext, input: RunTurnInput): Promise<RunTurnResult> {
    const known = await deps.store.outcome(input.run, input.index);
    if (known) return { kind: 'done', status: known.status, usage: known.usage, callMs: null };
    const [seed] = await deps.store.seeds(input.run, { list: [input.index] });
    if (!seed) throw new Error(`run ${input.run} has no seed ${input.index}`);
    const rows = await deps.store.calls(input.run, { list: [input.index] });
    const history = historyOf(rows, input.epoch);
    const end = await turns.take(context, seed, history);
    switch (end.kind) {
      case 'go-on':
        return { kind: 'go-on', turn: history.steps.length };
      case 'done':
        return { kind: 'done', status: end.outcome.status, usage: end.outcome.usage, callMs: end.callMs };
      case 'stop':
        await tellStop(deps, input.run, end);
        return { kind: 'stop', cause: end.cause };
      case 'wait':
        return { ...end, until: toWall(deps.clock, end.until), afterMs: Math.max(0, end.until - deps.clock.now()) };
      default:
        return end;
    }
  }

  /** Takes the seed's next turn; a seed with an outcome is answered from the store. Never throws for a bad row. */
  return async function runTurn(input: RunTurnInput): Promise<RunTurnResult> {
    const activity = Context.current();
    let context: RunContext | null = null;
    try {
      const known = await contexts.get(input.run, input.epoch);
      context = known;
      context.childHere = true;
      return await withHeartbeat(
        activity,
        () => ({ waitsFor: known.gate.bottleneck(input.run) }),
        () => take(known, input),
      );
    } catch (error) {
      return { kind: 'stop', cause: stopByDisk(context, error).cause };
    }
  };
}
