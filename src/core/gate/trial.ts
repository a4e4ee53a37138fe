/** Some calls whose fate is counted, to see whether a limit was met and where it lies. */
import type { EpochMs } from '../model.js';
import type { Ceiling } from './ceilings.js';
import { type RefusedFor, type SentCall, UNKNOWN_PACE } from './learned.js';
import type { Sample } from './noise-floor.js';

const SHORTEST_MS = 150;
const LONGEST_MS = 1_500;
const CALLS = 20;
const NOISY_CALLS = 60;
/** Refusals after which a trial ends early when enough was accepted, and else pauses. */
export const TRIAL_REFUSALS = 4;
/** Of the calls of a rush, or of a trial above a limit of places. */
const MOST = 0.25;
/** Of the pace at which an unknown limit was met. */
const FIRST_SHARE = 1 / 6;

export class Trial {
  /** As they were sent. */
  readonly calls: SentCall[] = [];
  readonly refused = new Set<SentCall>();
  /** Of the calls of the rush those that were refused. */
  earlier = 0;
  /** Of the refused ones those since the last pause. */
  fresh = 0;
  /** Calls per second while nothing better is known. */
  pace = Number.POSITIVE_INFINITY;
  /** Enough was refused: nobody sends until all answers to what was sent can be here. */
  stop: { at: EpochMs; until: EpochMs } | null = null;
  pauses = 0;
  /** A single call after a pause, which shows whether calls are taken again, and how many were refused before; null when none is wanted. */
  probe: { call: SentCall | null; refused: number } | null = null;
  readonly votes: Record<Ceiling | 'both', number> = { pace: 0, window: 0, both: 0 };

  /** `peak`: the most calls in flight that were taken before; `rush`: calls sent after the one whose refusal began it, and before it. */
  constructor(
    readonly from: EpochMs,
    readonly peak: number,
    readonly rush = 0,
  ) {}

  /** Too little was accepted at this pace to measure anything. */
  slower(): void {
    this.pace = Number.isFinite(this.pace) ? this.pace / 2 : UNKNOWN_PACE * FIRST_SHARE;
  }

  /** The probe was refused. With most places free no limit of places was met. */
  probeRefused(call: SentCall): void {
    if (this.probe !== null) this.probe.refused += 1;
    if (call.level >= this.peak / 2) return;
    this.votes.pace += this.votes.both;
    this.votes.both = 0;
  }

  /** What is known `ms` after its begin: the youngest calls cannot have been refused yet. */
  sample(refusalMs: number, ms: number): Sample {
    const refused = this.refused.size;
    return { sent: Math.max(refused, oldOf(this.calls.length, refusalMs, ms)), refused, ms: Math.max(1, ms) };
  }

  /**
   * The same without the refusals before the first call that was taken, and that one: a provider that counts in windows refuses all until
   * the next window, and that says no more than the refusal before.
   */
  sampleSinceTaken(refusalMs: number, now: EpochMs): Sample {
    const first = this.calls.findIndex((call) => !this.refused.has(call));
    const ms = now - (this.calls[Math.max(0, first)]?.sentAt ?? now);
    if (first === -1) return { sent: this.refused.size, refused: this.refused.size, ms: Math.max(1, ms) };
    const refused = this.refused.size - first;
    return { sent: Math.max(refused, oldOf(this.calls.length - first - 1, refusalMs, ms)), refused, ms: Math.max(1, ms) };
  }

  /** One without excess may still have begun with so many refusals that they were no chance. */
  get wasTooQuick(): boolean {
    return this.pauses > 0 || this.earlier >= Math.max(TRIAL_REFUSALS, MOST * this.rush);
  }

  /** Above a limit of places nearly all are refused. */
  get mostRefused(): boolean {
    return this.refused.size >= MOST * this.calls.length;
  }
}

/** `noisy`: some refusals have nothing to do with load, so that more calls are wanted. */
export function isLongEnough({ sent, ms }: Sample, noisy: boolean): boolean {
  return (ms >= SHORTEST_MS && sent >= (noisy ? NOISY_CALLS : CALLS)) || ms >= LONGEST_MS;
}

/** Which ceiling a refused call seems to have met. */
export function causeOf({ held }: SentCall, what: RefusedFor): Ceiling | 'both' {
  if (what === 'concurrency') return 'window';
  if (what !== null) return 'pace';
  return held ?? 'both';
}

function oldOf(calls: number, refusalMs: number, ms: number): number {
  return Math.round(calls * (1 - Math.min(1, refusalMs / Math.max(1, ms))));
}
