/**
 * Calls with which a provider took calls again, after it had taken none. What was taken from one to the next is its rate, whether it counts
 * in a bucket or in windows.
 */
import type { SentCall } from './learned.js';
import type { Sample } from './noise-floor.js';
import type { Traffic } from './traffic.js';
import type { Trial } from './trial.js';

/** Of what was sent before nothing is known. */
const LONGEST_MS = 5_000;
/** Less than the pause before an opening, so that it is kept apart from what was sent before. */
const APART_MS = 30;

export class Openings {
  /** Newest first, at most three; the first call is one, too. */
  #calls: SentCall[] = [];

  sent(call: SentCall): void {
    if (this.#calls.length === 0) this.#calls = [call];
  }

  /** A probe that was refused after all opened nothing. */
  refused(call: SentCall): void {
    if (this.#calls.length > 1 && call === this.#calls[0]) this.#calls.shift();
  }

  /**
   * `probe` was taken after a pause of the trial. Returns what was taken since the opening before; null when that is no measure. `sure`: a
   * limit was met, not a chance; else what came at once at the begin does not count.
   */
  add(probe: SentCall, trial: Trial, traffic: Traffic, sure: boolean): Sample | null {
    this.#calls = [probe, ...this.#calls].slice(0, 3);
    if (!sure && this.#calls.length < 3) return null;
    const from = Math.max(this.#calls[1]?.sentAt ?? 0, probe.sentAt - LONGEST_MS);
    const taken = traffic.accepted(from - APART_MS, probe.sentAt - APART_MS);
    const closedFrom = trial.calls[0]?.sentAt ?? probe.sentAt;
    if (taken === 0 || closedFrom < from) return null;
    const refused = trial.refused.size;
    return { sent: taken + refused, refused, ms: Math.max(1, probe.sentAt - from) };
  }
}
