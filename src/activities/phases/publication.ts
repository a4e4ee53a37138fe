/**
 * A run is published once per epoch: by its last activity, or a moment earlier, when the process that makes the calls
 * stores the last outcome. Both write the same bytes; the second finds the work done.
 */

import { isDiskFault, type SwarmError } from '../../core/errors.js';
import { plural } from '../../core/format.js';
import type { RunState, StopCause } from '../../core/model.js';
import type { RunPatch, RunTotals } from '../../store/port/store.js';
import type { ActivityDeps } from '../deps.js';

export type EndState = Extract<RunState, 'completed' | 'capped' | 'paused' | 'interrupted' | 'cancelled' | 'failed'>;

export function pendingOf({ total, ok, failed, filtered }: RunTotals): number {
  return total - ok - failed - filtered;
}

/** How the phases of a run ended. */
export interface PhasesEnd {
  /** Why they stopped; null when all were gone through. */
  stop: StopCause | null;
  /** Those that were not gone through, also where every row is done. @default 0 */
  phasesLeft?: number;
}

export function endState({ stop, phasesLeft = 0 }: PhasesEnd, pending: number, ok = 0): EndState {
  if (stop === 'cancelled') return 'cancelled';
  if (pending === 0 && phasesLeft === 0) return 'completed';
  if (stop === 'capped') return 'capped';
  // Children were ended by hand, or told rows done that the store does not have any more.
  if (stop === null) return 'interrupted';
  // Rows that were answered before say that the run is sound: the model was retired since, or a limit changed.
  return stop === 'request' && ok === 0 ? 'failed' : 'paused';
}

function leftRows(pending: number): string {
  return `${plural(pending, 'row')} left though nothing stopped the run: child workflows were ended by hand, or rows that were done are not in the store any more (was its file, or the -wal beside it, removed or replaced?)`;
}

export class Publications {
  readonly #deps: ActivityDeps;
  readonly #under = new Map<string, Promise<EndState>>();
  /** Epochs that this process opened: their folders are here. */
  readonly #opened = new Set<string>();

  constructor(deps: ActivityDeps) {
    this.#deps = deps;
  }

  /** Publishes what there is and writes the run's state; joins a publication under way. */
  publish(runId: string, epoch: number, end: PhasesEnd): Promise<EndState> {
    const key = `${runId}/e${epoch}`;
    let publication = this.#under.get(key);
    if (publication === undefined) {
      publication = this.#publish(runId, epoch, end).finally(() => this.#under.delete(key));
      this.#under.set(key, publication);
    }
    return publication;
  }

  /** The run's folder is on this machine. Calls may be made on others, which must not publish. */
  openedHere(runId: string, epoch: number): void {
    this.#opened.add(`${runId}/e${epoch}`);
  }

  /** Called when the last outcome seems to be stored and no phase is left: publishes if it is. A failure is left to the last activity. */
  ahead(runId: string, epoch: number): void {
    if (!this.#opened.has(`${runId}/e${epoch}`)) return;
    const look = async () => {
      if (pendingOf(await this.#deps.store.totals(runId)) === 0) await this.publish(runId, epoch, { stop: null });
    };
    look().catch((error: unknown) => this.#deps.log.warn({ err: error, run: runId }, 'not published ahead of the last activity'));
  }

  async #publish(runId: string, epoch: number, end: PhasesEnd): Promise<EndState> {
    const { store } = this.#deps;
    const run = await store.run(runId);
    if (run?.epoch === epoch && run.state === 'completed' && run.publishedAt !== null) {
      await this.#deps.discardPartial(runId);
      return 'completed';
    }
    this.#opened.delete(`${runId}/e${epoch}`);
    const totals = await store.totals(runId);
    const pending = pendingOf(totals);
    const state = endState(end, pending, totals.ok);
    await this.#deps.publish(runId);
    const at = this.#deps.clock.wall();
    const why: RunPatch = state === 'interrupted' ? { reason: 'user', message: leftRows(pending) } : { reason: end.stop };
    await store.updateRun(runId, { state, ...(state === 'completed' ? { reason: null } : why), endedAt: at, publishedAt: at });
    // A checkpoint that was under way may have written it again.
    await this.#deps.discardPartial(runId);
    return state;
  }

  /** The folder or the store cannot be written: says so in the run's row, if that can be written. */
  async pausedByDisk(runId: string, error: SwarmError): Promise<void> {
    this.#deps.log.warn({ err: error, run: runId }, 'the run is paused: a disk failed');
    try {
      const at = this.#deps.clock.wall();
      await this.#deps.store.updateRun(runId, { state: 'paused', reason: 'disk', message: error.message, endedAt: at });
    } catch (again) {
      if (!isDiskFault(again)) throw again;
    }
  }
}
