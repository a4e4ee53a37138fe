/** Turns that rest before their next try wait outside the gate: what is known of them here says what a run waits for. */
import type { EpochMs } from '../../core/model.js';

/** So many of a run are kept in mind. */
const MOST = 1_000;

export class PutOffTurns {
  /** When they are to be tried again, by run. */
  readonly #until = new Map<string, EpochMs[]>();

  add(runId: string, until: EpochMs, now: EpochMs): void {
    const ends = this.#until.get(runId) ?? [];
    const kept = ends.length < MOST ? ends : this.#coming(runId, now).slice(1 - MOST);
    kept.push(until);
    this.#until.set(runId, kept);
  }

  /** How many still rest, and when the first is tried again; null when none does. */
  seen(runId: string, now: EpochMs): { turns: number; until: EpochMs } | null {
    const coming = this.#coming(runId, now);
    return coming.length === 0 ? null : { turns: coming.length, until: Math.min(...coming) };
  }

  drop(runId: string): void {
    this.#until.delete(runId);
  }

  #coming(runId: string, now: EpochMs): EpochMs[] {
    return (this.#until.get(runId) ?? []).filter((until) => until > now);
  }
}
