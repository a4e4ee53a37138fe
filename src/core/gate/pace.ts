/**
 * Even spacing with a burst (GCRA), for requests and tokens per minute. The clock of a rate is one number, the time of its next
 * slot. It lives in the store, so that all processes share it; how far it may lag behind now is the burst.
 */
import type { EpochMs } from '../model.js';

export interface Pace {
  /** Units that may go at once after a pause. */
  burst: number;
  /** Time of one unit, ms. */
  intervalMs: number;
}

const WINDOW_S = 60;
/**
 * Of a second's worth: calls are sent a little early or late, and a provider that takes just that much at once would refuse the first that
 * is early.
 */
const BURST_S = 0.95;
/**
 * Requests that a minute may have at its begin, of a second's worth. They go no quicker than the rate itself (`secondOf`): a run of less
 * than a minute loses less of what the spacing of a whole one costs.
 */
const HEAD_S = 1.2;
/** A slot of a rate without a burst is good for this long; a late timer must not lose it. */
const SLOT_LIFE_MS = 200;
/** Spacing is stretched by this much for a burst of 1, less for larger ones: jitter must not show more than the limit. */
const MARGIN = 0.01;

/**
 * Nearly a second's worth may go at once; the spacing is such that no 60 s hold more than `perMinute`:
 * burst + ceil(60 x rate) - 1 <= perMinute.
 */
export function paceOf(perMinute: number): Pace {
  return spacedOut(perMinute, secondOf(perMinute / WINDOW_S));
}

/** The same for requests, whose burst is larger and is to be spread out by who sends them. */
export function requestPaceOf(perMinute: number): Pace {
  const burst = secondOf(perMinute / WINDOW_S);
  return spacedOut(perMinute, burst === 1 ? 1 : Math.floor((perMinute / WINDOW_S) * HEAD_S));
}

/** What may go at once of a rate. */
function secondOf(perSecond: number): number {
  return Math.max(1, Math.floor(perSecond * BURST_S));
}

/** How far the even clock of a rate may lag, ms: a second's worth at once. */
export function secondMs(perSecond: number): number {
  return ((secondOf(perSecond) - 1) * 1_000) / perSecond;
}

function spacedOut(perMinute: number, burst: number): Pace {
  const spaced = burst === 1 ? perMinute : perMinute - burst + 1;
  return { burst, intervalMs: ((WINDOW_S * 1_000) / spaced) * (1 + MARGIN / Math.sqrt(burst)) };
}

/** How far the clock of a rate may lag: hand `now - lag` to the store as the time from which slots are taken. */
export function lagMs({ burst, intervalMs }: Pace): number {
  return (burst - 1) * intervalMs;
}

/** The clock of a rate after `count` units are taken, and the time of the first of them. The store does the same in one statement. */
export function takeSlots(clock: EpochMs, count: number, pace: Pace, now: EpochMs): { first: EpochMs; clock: EpochMs } {
  const first = Math.max(clock, now - lagMs(pace));
  return { first, clock: first + count * pace.intervalMs };
}

interface Chunk {
  first: EpochMs;
  left: number;
  intervalMs: number;
}

/** Units that this process has taken from the shared clock and not yet used. */
export class SlotBank {
  readonly #chunks: Chunk[] = [];
  /** Given back by calls that used less than was taken for them; below 0 when they used more. */
  #credit = 0;

  add(first: EpochMs, count: number, intervalMs: number): void {
    this.#chunks.push({ first, left: count, intervalMs });
  }

  /** Units held, due or not. */
  get held(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.left, this.#credit);
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#credit = 0;
  }

  /** Units come back (count > 0) or turn out to have been used beyond what was taken (count < 0). At most `most` are kept. */
  giveBack(count: number, most: number): void {
    this.#credit = Math.min(most, this.#credit + count);
  }

  /** Slots not used in time are lost, so that late senders cannot bunch up. */
  expire(pace: Pace, now: EpochMs): void {
    const oldest = now - Math.max(SLOT_LIFE_MS, lagMs(pace));
    while (this.#chunks[0] !== undefined) {
      const chunk = this.#chunks[0];
      const lost = Math.min(chunk.left, Math.ceil((oldest - chunk.first) / chunk.intervalMs));
      if (lost > 0) advance(chunk, lost);
      if (chunk.left > 0) return;
      this.#chunks.shift();
    }
  }

  /** When `count` units are due; null when they are not held. */
  dueAt(count: number): EpochMs | null {
    let missing = count - this.#credit;
    if (missing <= 0) return 0;
    for (const chunk of this.#chunks) {
      if (chunk.left >= missing) return chunk.first + (missing - 1) * chunk.intervalMs;
      missing -= chunk.left;
    }
    return null;
  }

  /** Takes units that are due. */
  take(count: number): void {
    this.#credit -= count;
    while (this.#credit < 0 && this.#chunks[0] !== undefined) {
      const chunk = this.#chunks[0];
      const used = Math.min(chunk.left, Math.ceil(-this.#credit));
      advance(chunk, used);
      this.#credit += used;
      if (chunk.left === 0) this.#chunks.shift();
    }
  }
}

function advance(chunk: Chunk, count: number): void {
  chunk.first += count * chunk.intervalMs;
  chunk.left -= count;
}
