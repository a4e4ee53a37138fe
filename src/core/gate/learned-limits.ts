/**
 * Finds a provider's limits from its refusals alone. Two ceilings, calls per second and in flight, have no value until a call is refused.
 * A trial of some 20 calls follows: what was accepted in it is the limit. Where none is, single calls find out when they are again, and what
 * was from one such opening to the next is the rate. Ceilings that hold calls back are raised in growing steps while nobody is refused.
 */
import type { EpochMs } from '../model.js';
import { type Ceiling, LearnedCeiling } from './ceilings.js';
import { LEAST_PACE, type RefusedFor, type SentCall, UNKNOWN_PACE } from './learned.js';
import { NoiseFloor, type Sample } from './noise-floor.js';
import { Openings } from './openings.js';
import { Pause } from './pause.js';
import { Traffic } from './traffic.js';
import { causeOf, isLongEnough, TRIAL_REFUSALS, Trial } from './trial.js';
import { CallsUnderWay } from './under-way.js';
import { Use } from './use.js';

/** Accepted calls that measure, when a trial ends early. */
const TRIAL_ACCEPTED = 5;
const EARLIEST_TRIAL_MS = 40;
const MARGIN = 0.98; // what was learned is kept a little below what was measured

export class LearnedLimits {
  readonly #pace: LearnedCeiling;
  readonly #window: LearnedCeiling;
  readonly #noise: NoiseFloor;
  readonly #traffic = new Traffic();
  readonly #openings = new Openings();
  readonly #pause = new Pause();
  readonly underWay = new CallsUnderWay();
  readonly use = new Use();
  #trial: Trial | null = null;
  /** Ceilings before the cuts that may turn out to be of no use. */
  #before: { pace: number; window: number } | null = null;
  /** Ceilings before the first of the trials that followed each other. */
  #unstormed: { from: EpochMs; pace: number; window: number } | null = null;
  #lastCut: EpochMs = 0;
  /** Sent and refused since the last cut or raise. */
  #since: Sample & { from: EpochMs } = { sent: 0, refused: 0, ms: 0, from: 0 };

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

  #values() {
    return { pace: this.#pace.value, window: this.#window.value };
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
    return this.#pause.until;
  }

  /** True once a refusal lowered a ceiling. */
  get limited(): boolean {
    return this.paceKnown || this.#window.known;
  }

  sent(call: SentCall): void {
    this.underWay.sent(call);
    this.#traffic.sent(call.sentAt);
    this.#since.sent += 1;
    this.use.sent();
    this.#openings.sent(call);
    const trial = this.#trial;
    if (trial === null || call.sentAt < trial.from) return;
    trial.calls.push(call);
    this.#pause.sent(trial, call, this.underWay.refusalMs);
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
    this.use.refused();
  }

  refused(call: SentCall, what: RefusedFor, now: EpochMs): void {
    this.turnedAway(call, now);
    this.#openings.refused(call);
    if (call.sentAt >= this.#since.from) this.#since.refused += 1;
    const [cause, trial] = [causeOf(call, what), this.#trial];
    if (trial !== null && call.sentAt < trial.from) trial.earlier += 1;
    else if (trial !== null) {
      trial.refused.add(call);
      trial.fresh += 1;
      trial.votes[cause] += 1;
      if (trial.probe?.call === call) {
        trial.probeRefused(call);
        this.#pause.beforeProbe(trial, now);
      } else this.#judge(trial, now);
    } else if (call.sentAt >= this.#lastCut) this.#firstRefusal(call, cause, now);
  }

  /** Calls sent from `from` on that were not refused and are old enough to have been. */
  accepted(from: EpochMs, now: EpochMs): number {
    return this.#traffic.accepted(from, now - 2 * this.underWay.refusalMs);
  }

  /** Call before every admission: ends trials, raises ceilings. */
  tick(now: EpochMs): void {
    if (this.#trial !== null) this.#judge(this.#trial, now);
    const noisy = this.#noise.share > 0;
    const idle = noisy || this.#trial === null;
    const pace = this.use.pace(this.#pace.value, now);
    if (pace?.used && (noisy || pace.clean) && idle) this.#raised(this.#pace.raise(now), now);
    const window = this.use.window(this.underWay.answerMs, now);
    if (window?.used && (noisy || window.clean) && idle) this.#raised(this.#window.raise(now), now);
    if (window !== null) this.underWay.tick();
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
  #firstRefusal(call: SentCall, cause: Ceiling | 'both', now: EpochMs): void {
    this.#unstormed ??= { from: now, ...this.#values() };
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
    const trial = new Trial(now + 1, this.underWay.highest(now), this.#traffic.accepted(call.sentAt, now));
    this.#trial = trial;
    // At an unknown pace many calls would be refused before the trial has begun.
    if (!this.#pace.known && this.#noise.share === 0) {
      this.#pause.settle(this.underWay.refusalMs, now);
      trial.slower();
    }
  }

  #judge(trial: Trial, now: EpochMs): void {
    if (trial.stop !== null) {
      if (now >= trial.stop.until) this.#judgeStopped(trial, trial.stop.at, now);
      return;
    }
    if (trial.probe !== null) {
      const { call, refused } = trial.probe;
      if (call !== null && now >= this.#pause.until) this.#opened(trial, call, refused, now);
      return;
    }
    const ms = now - trial.from;
    const sample = trial.sample(this.underWay.refusalMs, ms);
    const enough = isLongEnough(sample, this.#noise.share > 0);
    const judged = this.#isStrict(trial) ? trial.sampleSinceTaken(this.underWay.refusalMs, now) : sample;
    if (enough && judged.refused > 1 && judged.refused === judged.sent) this.#pause.beforeProbe(trial, now);
    else if (enough) this.#end(trial, judged, now);
    else if (trial.fresh >= TRIAL_REFUSALS && this.#noise.exceededBy(sample)) {
      this.#pause.settle(this.underWay.refusalMs, now);
      trial.stop = { at: now, until: this.#pause.until };
    }
  }

  /** All is known about what was sent: either it measures the limit, or a longer pause lets some through. */
  #judgeStopped(trial: Trial, at: EpochMs, now: EpochMs): void {
    const ms = at - trial.from;
    const sent = trial.calls.length;
    const refused = trial.refused.size;
    const strict = this.#isStrict(trial);
    if (!strict && ms >= EARLIEST_TRIAL_MS && sent - refused >= TRIAL_ACCEPTED) {
      this.#end(trial, { sent, refused, ms }, now);
      return;
    }
    trial.stop = null;
    trial.fresh = 0;
    // Most pass: that needs more time, no pause.
    if (sent > 2 * refused) return;
    this.#pause.beforeProbe(trial, at);
    if (!strict) trial.slower();
  }

  /** A known rate is measured between openings, and by what was refused after calls were taken. */
  #isStrict({ votes }: Trial): boolean {
    return this.#pace.known && this.#noise.share === 0 && votes.pace > votes.window + votes.both;
  }

  /** A single call after a pause was taken. That may measure the rate, and a probe that was refused before it is no chance. */
  #opened(trial: Trial, probe: SentCall, refusedProbes: number, now: EpochMs): void {
    trial.probe = null;
    trial.fresh = 0;
    const sample = this.#openings.add(probe, trial, this.#traffic, refusedProbes > 0);
    if (sample === null) return;
    if (refusedProbes > 0 && this.#noise.share === 0) this.#cut(trial, sample, now);
    else if (refusedProbes > 0 || this.#isStrict(trial)) this.#end(trial, sample, now);
  }

  #end(trial: Trial, sample: Sample, now: EpochMs): void {
    this.#trial = null;
    const exceeded = this.#noise.exceededBy(sample);
    if (exceeded && !this.#isNoise(sample, now)) {
      this.#cut(trial, sample, now);
      return;
    }
    if (!exceeded && this.#noise.learn(trial.sample(this.underWay.refusalMs, now - trial.from))) this.#before = null;
    // Back to the pace that was too high only in steps.
    if (!exceeded && trial.wasTooQuick && !this.#pace.known && this.#noise.share === 0) {
      this.#before ??= this.#values();
      this.#pace.cut(trial.pace, trial.pace / 1_000, now, false);
    }
    this.#restart(now);
  }

  /** Nobody was accepted for a while: what that took from the ceilings is given back, since it says nothing about them. */
  storm(): void {
    this.#trial = null;
    this.#pause.until = 0;
    if (this.#unstormed === null) return;
    this.#pace.restore(this.#unstormed.pace);
    this.#window.restore(this.#unstormed.window);
    this.#unstormed = null;
  }

  /** Where refusals do not go away when less is sent, what was taken is given back. */
  #isNoise(sample: Sample, now: EpochMs): boolean {
    this.#before ??= this.#values();
    // The rush before the first limit is not to be compared with what comes after.
    if (!this.limited || !this.#noise.proves(sample, Math.min(this.#pace.level, this.#window.level))) return false;
    this.#pace.giveBack(this.#before.pace);
    this.#window.giveBack(this.#before.window);
    this.#before = null;
    this.#restart(now);
    return true;
  }

  /** Down to what was accepted in the trial. */
  #cut(trial: Trial, { sent, refused, ms }: Sample, now: EpochMs): void {
    const perMs = (sent - refused) / ms / (1 - this.#noise.share);
    const { votes } = trial;
    const both = votes.both >= Math.max(votes.pace, votes.window);
    const measured = sent - refused >= TRIAL_ACCEPTED || this.#pace.known || trial.pauses > 1;
    const most = Math.min(this.#pace.value * (1 - refused / sent), trial.pace);
    if (measured && (both || votes.pace > votes.window))
      this.#pace.cut(Math.min(perMs * 1_000, most) * MARGIN, perMs, now, !both || this.#pace.known);
    const level = this.underWay.accepted(this.#window.known ? trial.from : null, now) || this.#window.value / 2;
    // Each refused call takes its place with it.
    const places = this.#window.known ? Math.min(level, this.#window.value * (1 - refused / sent)) : level;
    // Above a limit of places nearly all are refused: a smaller share says nothing about a window that no one has met.
    const met = this.#window.known || trial.mostRefused;
    if (met && (both || votes.window >= votes.pace)) this.#window.cut(places, perMs, now, !both || this.#window.known);
    this.#lastCut = now;
    this.#restart(now);
    this.#trial = new Trial(now + 1, trial.peak);
  }
}
