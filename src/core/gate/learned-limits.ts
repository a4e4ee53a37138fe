/**
 * Finds a provider's limits from its refusals alone. Two ceilings, calls per second and in flight, have no value until a call is refused.
 * That starts a trial of some 20 calls: what was accepted in it is the limit. While a ceiling holds calls back and nobody is refused, it is
 * raised in growing steps. Slow answers alone lower nothing.
 */
import type { EpochMs } from '../model.js';
import { type Ceiling, LearnedCeiling } from './ceilings.js';
import { LEAST_PACE, type RefusedFor, type SentCall, UNKNOWN_PACE } from './learned.js';
import { NoiseFloor, type Sample } from './noise-floor.js';
import { Traffic } from './traffic.js';
import { causeOf, newTrial, sampleOf, slower, type Trial } from './trial.js';
import { CallsUnderWay } from './under-way.js';

const TRIAL_MS = 150;
const TRIAL_CALLS = 20;
const NOISY_TRIAL_CALLS = 60;
/** Refusals after which a trial ends early when enough was accepted, and else pauses. */
const TRIAL_REFUSALS = 4;
const TRIAL_ACCEPTED = 5;
const EARLIEST_TRIAL_MS = 40;
const PAUSE_MS = 60; // first pause of a trial that could measure nothing; doubled with each
const SETTLE_MS = 5; // beyond one and a half times what a refusal takes
const LONGEST_TRIAL_MS = 1_500;
const TICK_MS = 600;
const MARGIN = 0.98; // what was learned is kept a little below what was measured
const MET_SHARE = 0.25;
const SATURATED = 0.9; // a ceiling that is used this much holds calls back

export class LearnedLimits {
  readonly #pace: LearnedCeiling;
  readonly #window: LearnedCeiling;
  readonly #noise: NoiseFloor;
  readonly #traffic = new Traffic();
  readonly underWay = new CallsUnderWay();
  #trial: Trial | null = null;
  /** Ceilings before the cuts that may turn out to be of no use. */
  #before: { pace: number; window: number } | null = null;
  /** Ceilings before the first of the trials that followed each other. */
  #unstormed: { from: EpochMs; pace: number; window: number } | null = null;
  #lastCut: EpochMs = 0;
  #pausedUntil: EpochMs = 0;
  /** Sent and refused since the last cut or raise. */
  #since: Sample & { from: EpochMs } = { sent: 0, refused: 0, ms: 0, from: 0 };
  #tickFrom: { pace: EpochMs; window: EpochMs } = { pace: 0, window: 0 };
  #sentInTick = 0;
  #refusedInTick: { pace: boolean; window: boolean } = { pace: false, window: false };
  #windowHeld = false;

  constructor(learned: { pace: number; window: number; noise: number }) {
    const { pace, window, noise } = learned;
    this.#pace = new LearnedCeiling({ value: pace, least: LEAST_PACE, most: UNKNOWN_PACE, whole: false });
    this.#window = new LearnedCeiling({ value: window, least: 1, most: 100_000, whole: true });
    this.#noise = new NoiseFloor(noise);
  }

  /** Calls per second; Infinity = no limit met. */
  get pace(): number {
    return Math.min(this.#pace.value, this.#trial?.pace ?? Number.POSITIVE_INFINITY);
  }

  get paceKnown(): boolean {
    return this.#pace.known;
  }

  /** Calls in flight; Infinity = no limit met. */
  get window(): number {
    return this.#window.value;
  }

  get noise(): number {
    return this.#noise.share;
  }

  /** More or fewer processes share the limits now. */
  scale(share: number): void {
    this.#pace.restore(this.#pace.value * share);
    this.#window.restore(Math.max(1, Math.floor(this.#window.value * share)));
  }

  /** Half of the way to a pace that others found; nothing while refusals are being looked into. */
  nearer(pace: number): void {
    if (this.#trial !== null) return;
    this.#pace.restore(this.#pace.known ? (this.#pace.value + pace) / 2 : pace);
  }

  /** Nobody sends before this: a trial waits for calls to be accepted. */
  get pausedUntil(): EpochMs {
    return this.#pausedUntil;
  }

  /** True once a refusal lowered a ceiling. */
  get limited(): boolean {
    return this.paceKnown || this.#window.known;
  }

  sent(call: SentCall): void {
    this.underWay.sent(call);
    this.#traffic.sent(call.sentAt);
    this.#since.sent += 1;
    this.#sentInTick += 1;
    if (this.#trial !== null && call.sentAt >= this.#trial.from) this.#trial.sent += 1;
  }

  answered(call: SentCall, now: EpochMs): void {
    if (this.#unstormed !== null && call.sentAt >= this.#unstormed.from) this.#unstormed = null;
    this.underWay.answered(call, now);
  }

  /** Ended in a way that says nothing about limits. */
  ended(call: SentCall): void {
    this.underWay.ended(call);
  }

  /** Refused for what is no limit: no ceiling goes down, and none goes up on it. */
  turnedAway(call: SentCall, now: EpochMs): void {
    this.underWay.refused(call, now);
    this.#traffic.refused(call.sentAt);
    this.#refusedInTick = { pace: true, window: true };
  }

  refused(call: SentCall, what: RefusedFor, now: EpochMs): void {
    this.turnedAway(call, now);
    if (call.sentAt >= this.#since.from) this.#since.refused += 1;
    const cause = causeOf(call, what);
    const trial = this.#trial;
    if (trial !== null) {
      if (call.sentAt < trial.from) return;
      trial.refused += 1;
      trial.fresh += 1;
      trial.votes[cause] += 1;
      this.#judge(trial, now);
    } else if (call.sentAt >= this.#lastCut) this.#firstRefusal(cause, now);
  }

  /** Calls sent from `from` on that were not refused and are old enough to have been. */
  accepted(from: EpochMs, now: EpochMs): number {
    return this.#traffic.accepted(from, now - 2 * this.underWay.refusalMs);
  }

  /** A ticket waits for a place in the window. */
  holdsWindow(): void {
    this.#windowHeld = true;
  }

  /** Call before every admission: ends trials, raises ceilings. */
  tick(now: EpochMs): void {
    if (this.#trial !== null) this.#judge(this.#trial, now);
    const noisy = this.#noise.share > 0;
    const paceMs = Math.max(TICK_MS, 5_000 / this.#pace.value);
    if (now - this.#tickFrom.pace >= paceMs) {
      const used = this.#sentInTick >= SATURATED * this.#pace.value * ((now - this.#tickFrom.pace) / 1_000);
      if (used && (noisy || !this.#refusedInTick.pace) && (noisy || this.#trial === null))
        this.#raised(this.#pace.raise(now), now);
      this.#tickFrom.pace = now;
      this.#sentInTick = 0;
      this.#refusedInTick.pace = false;
    }
    if (now - this.#tickFrom.window >= Math.max(TICK_MS, this.underWay.answerMs)) {
      const clean = noisy || (!this.#refusedInTick.window && this.#trial === null);
      if (this.#windowHeld && clean) this.#raised(this.#window.raise(now), now);
      this.#tickFrom.window = now;
      this.#refusedInTick.window = false;
      this.#windowHeld = false;
      this.underWay.tick();
    }
  }

  #raised(raised: boolean, now: EpochMs): void {
    if (!raised) return;
    if (this.#noise.passes({ ...this.#since, ms: now - this.#since.from })) this.#before = null;
    this.#restart(now);
  }

  #restart(now: EpochMs): void {
    this.#since = { sent: 0, refused: 0, ms: 0, from: now };
  }

  /** One refusal after a quiet time: a known ceiling goes down a little, and a trial shows whether that is enough. */
  #firstRefusal(cause: Ceiling | 'both', now: EpochMs): void {
    this.#unstormed ??= { from: now, pace: this.#pace.value, window: this.#window.value };
    const known = (cause !== 'window' && this.#pace.known) || (cause !== 'pace' && this.#window.known);
    if (known && this.#noise.share === 0) {
      const ms = Math.max(1, now - this.#since.from);
      const sample = { sent: Math.max(1, this.#since.sent), refused: Math.max(1, this.#since.refused), ms };
      if (this.#isNoise(sample, now)) return;
      const span = Math.min(5_000, Math.max(1_000, ms));
      const perMs = Math.max(0, this.accepted(now - span, now)) / span;
      if (cause !== 'window' && this.#pace.known) this.#pace.stepBack(perMs * 1_000 * 0.99, perMs, now);
      if (cause !== 'pace' && this.#window.known) this.#window.stepBack(this.#window.value - 1, perMs, now);
      this.#lastCut = now;
      this.#restart(now);
    }
    this.#trial = newTrial(now + 1);
    // At an unknown pace many calls would be refused before the trial has begun.
    if (!this.#pace.known && this.#noise.share === 0) {
      this.#settle(now);
      slower(this.#trial as Trial);
    }
  }

  #judge(trial: Trial, now: EpochMs): void {
    if (trial.stop !== null) {
      if (now >= trial.stop.until) this.#judgeStopped(trial, trial.stop.at, now);
      return;
    }
    const ms = now - trial.from;
    const sample = sampleOf(trial, this.underWay.refusalMs, ms);
    const enough =
      (ms >= TRIAL_MS && sample.sent >= (this.#noise.share > 0 ? NOISY_TRIAL_CALLS : TRIAL_CALLS)) || ms >= LONGEST_TRIAL_MS;
    if (enough) this.#end(trial, sample, now);
    else if (trial.fresh >= TRIAL_REFUSALS && this.#noise.exceededBy(sample)) {
      this.#settle(now);
      trial.stop = { at: now, until: this.#pausedUntil };
    }
  }

  /** All is known about what was sent: either it measures the limit, or a longer pause lets some through. */
  #judgeStopped(trial: Trial, at: EpochMs, now: EpochMs): void {
    const ms = at - trial.from;
    if (ms >= EARLIEST_TRIAL_MS && trial.sent - trial.refused >= TRIAL_ACCEPTED) {
      this.#end(trial, { sent: trial.sent, refused: trial.refused, ms }, now);
      return;
    }
    trial.stop = null;
    trial.fresh = 0;
    // Most pass: that needs more time, no pause.
    if (trial.sent > 2 * trial.refused) return;
    this.#pausedUntil = at + PAUSE_MS * 2 ** trial.pauses;
    trial.pauses += 1;
    slower(trial);
  }

  /** Nobody sends until it is known what became of the calls that were. */
  #settle(now: EpochMs): void {
    this.#pausedUntil = now + SETTLE_MS + 1.5 * this.underWay.refusalMs;
  }

  #end(trial: Trial, sample: Sample, now: EpochMs): void {
    this.#trial = null;
    const exceeded = this.#noise.exceededBy(sample);
    if (exceeded && !this.#isNoise(sample, now)) {
      this.#cut(trial, sample, now);
      return;
    }
    if (!exceeded && this.#noise.learn(sample)) this.#before = null;
    this.#restart(now);
  }

  /** Nobody was accepted for a while: what that took from the ceilings is given back, since it says nothing about them. */
  storm(): void {
    this.#trial = null;
    this.#pausedUntil = 0;
    if (this.#unstormed === null) return;
    this.#pace.restore(this.#unstormed.pace);
    this.#window.restore(this.#unstormed.window);
    this.#unstormed = null;
  }

  /** Where refusals do not go away when less is sent, what was taken is given back. */
  #isNoise(sample: Sample, now: EpochMs): boolean {
    this.#before ??= { pace: this.#pace.value, window: this.#window.value };
    // The rush before the first limit is not to be compared with what comes after.
    if (!this.limited || !this.#noise.proves(sample, Math.min(this.#pace.level, this.#window.level))) return false;
    this.#pace.restore(Math.max(this.#before.pace, this.#pace.value));
    this.#window.restore(Math.max(this.#before.window, this.#window.value));
    this.#before = null;
    this.#restart(now);
    return true;
  }

  /** Down to what was accepted in the trial. */
  #cut(trial: Trial, { sent, refused, ms }: Sample, now: EpochMs): void {
    // Where nothing passed nothing was measured: half of what there was is a guess.
    const guess = this.#pace.known ? this.#pace.value / 2_000 : 0;
    const perMs = sent > refused ? (sent - refused) / ms / (1 - this.#noise.share) : guess;
    const { votes } = trial;
    const both = votes.both >= votes.pace && votes.both >= votes.window;
    const measured = sent - refused >= TRIAL_ACCEPTED || this.#pace.known;
    const most = this.#pace.value * (1 - refused / sent);
    if (measured && (both || votes.pace > votes.window))
      this.#pace.cut(Math.min(perMs * 1_000, most) * MARGIN, perMs, now, !both || this.#pace.known);
    const level = this.#acceptedLevel(trial, now);
    // Each refused call takes its place with it.
    const places = this.#window.known ? Math.min(level, this.#window.value * (1 - refused / sent)) : level;
    // Above a limit of places nearly all are refused: a smaller share says nothing about a window that no one has met.
    const met = this.#window.known || refused / sent >= MET_SHARE;
    if (met && (both || votes.window >= votes.pace)) this.#window.cut(places, perMs, now, !both || this.#window.known);
    this.#lastCut = now;
    this.#restart(now);
    this.#trial = newTrial(now + 1);
  }

  /** The most calls in flight that were accepted. */
  #acceptedLevel(trial: Trial, now: EpochMs): number {
    const oldEnough = now - 2 * this.underWay.refusalMs;
    const { value, known } = this.#window;
    const level = known ? this.underWay.level(trial.from, oldEnough) : this.underWay.highest(oldEnough);
    return level > 0 ? level : Math.min(value, this.underWay.size) / 2;
  }
}
