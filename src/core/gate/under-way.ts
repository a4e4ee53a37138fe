/** Calls under way by how many there were when each was sent: those that were not refused show how many a provider takes at once. */
import type { EpochMs } from '../model.js';
import type { SentCall } from './learned.js';
import type { Hold } from './line.js';

/** Answers that what is usual is known by, and those that it remembers. */
const LEAST_ANSWERS = 20;
const USUAL_ANSWERS = 1_000;
/** An answer that takes this many times the usual is slow. */
const SLOW = 2;

export class CallsUnderWay {
  readonly #calls = new Set<SentCall>();
  /** Highest level of an answered call in this tick and in the one before. */
  #peaks: [number, number] = [0, 0];

  /** Mean ms of a refusal and of an answer; 0 before the first. */
  refusalMs = 0;
  answerMs = 0;
  /** Mean ms of an answer over a long time. */
  #usualMs = 0;
  #answers = 0;

  get size(): number {
    return this.#calls.size;
  }

  sent(call: SentCall): void {
    this.#calls.add(call);
  }

  answered(call: SentCall, now: EpochMs): void {
    this.#calls.delete(call);
    const ms = now - call.sentAt;
    this.answerMs = mean(this.answerMs, ms);
    this.#answers = Math.min(USUAL_ANSWERS, this.#answers + 1);
    this.#usualMs += (ms - this.#usualMs) / this.#answers;
    if (call.level > this.#peaks[0]) this.#peaks[0] = call.level;
  }

  refused(call: SentCall, now: EpochMs): void {
    this.#calls.delete(call);
    this.refusalMs = mean(this.refusalMs, now - call.sentAt);
  }

  /** Ended in a way that says nothing about limits. */
  ended(call: SentCall): void {
    this.#calls.delete(call);
  }

  tick(): void {
    this.#peaks = [0, this.#peaks[0]];
  }

  /** The highest level of a call sent from `from` on and before `to`, which is old enough to have been refused; 0 without one. */
  level(from: EpochMs, to: EpochMs): number {
    let level = 0;
    for (const call of this.#calls) {
      if (call.sentAt < to && call.sentAt >= from && call.level > level) level = call.level;
    }
    return level;
  }

  /** Answers take, or most calls under way have taken, much longer than usual; null when they do not. */
  slow(now: EpochMs): Hold | null {
    if (this.#answers < LEAST_ANSWERS) return null;
    const lateMs = SLOW * this.#usualMs;
    const late = [...this.#calls].filter(({ sentAt }) => now - sentAt >= lateMs);
    const oldestMs = late.length > this.#calls.size / 2 ? now - (late[0] as SentCall).sentAt : 0;
    const ms = Math.max(this.answerMs, oldestMs);
    return ms < lateMs ? null : { why: 'slow', until: null, answers: { ms, usualMs: this.#usualMs } };
  }

  /** The most calls in flight that were accepted: of those sent from `from` on, or of late when it is null; half of those now where none was. */
  accepted(from: EpochMs | null, now: EpochMs): number {
    const oldEnough = now - 2 * this.refusalMs;
    return (from === null ? this.highest(oldEnough) : this.level(from, oldEnough)) || this.size / 2;
  }

  /** The highest level of all that were accepted of late. */
  highest(to: EpochMs): number {
    return Math.max(...this.#peaks, this.level(0, to));
  }
}

function mean(old: number, ms: number): number {
  return old === 0 ? ms : old + 0.1 * (ms - old);
}
