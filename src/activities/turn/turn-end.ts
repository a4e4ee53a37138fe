/** What a turn tells its caller. */
import { isDiskFault } from '../../core/errors.js';
import type { Entry } from '../../core/gate/port.js';
import type { EpochMs, Outcome, StopCause } from '../../core/model.js';
import type { ActivityDeps } from '../deps.js';
import type { PhaseContext } from './phase-context.js';
import type { RunContext } from './run-context.js';

export type TurnEnd =
  /** Answered; the conversation goes on. */
  | { kind: 'go-on'; callMs: number | null }
  /** The seed has its outcome, durably. */
  | { kind: 'done'; outcome: Outcome; callMs: number | null }
  /** Come back at this time. */
  | { kind: 'wait'; until: number; reason: string }
  | { kind: 'paused' }
  | { kind: 'stop'; cause: StopCause; message: string };

/** What a turn does that the gate does not let send. */
export function notAdmitted(admission: Exclude<Entry, { kind: 'send' }>): TurnEnd {
  if (admission.kind === 'wait') return { kind: 'wait', until: admission.until, reason: admission.reason };
  if (admission.kind === 'paused') return { kind: 'paused' };
  return { kind: 'stop', cause: 'cancelled', message: 'the run was cancelled' };
}

/** What the provider said to another turn of the phase holds for all: none is sent to hear it again. Null when a call may go. */
export function refusedForAll({ of, quota }: PhaseContext, now: EpochMs): TurnEnd | null {
  if (of.stop) return of.stop;
  return quota && quota.until > now ? quota : null;
}

/** A disk that fails stops the run, not the row: no turn of this epoch begins any more. Anything else is thrown on. */
export function stopByDisk(context: RunContext | null, error: unknown): TurnEnd & { kind: 'stop' } {
  if (!isDiskFault(error)) throw error;
  if (context) context.fault ??= error;
  return { kind: 'stop', cause: 'disk', message: error.message };
}

/** Leaves the reason with the run. A store that takes nothing now is no reason to try the turn again: closeRun tells it, too. */
export async function tellStop(deps: Pick<ActivityDeps, 'store'>, runId: string, end: TurnEnd & { kind: 'stop' }): Promise<void> {
  try {
    await deps.store.updateRun(runId, { message: end.message });
  } catch (error) {
    if (!isDiskFault(error)) throw error;
  }
}
