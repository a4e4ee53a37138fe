/**
 * The gate's rules as a pure state machine: the clock is an argument, timers and the store live outside. A ticket passes when its run
 * may go on, it is the fairest of those, and nothing that all runs share holds it: breaker, limits told, configured and learned.
 */
import type { EpochMs } from '../model.js';
import { AutoWindow } from './auto-window.js';
import { Breaker } from './breaker.js';
import { ConfiguredRates, type Rate } from './configured-rates.js';
import { FairShare, type Ticket } from './fair-queue.js';
import type { Learned, SentCall } from './learned.js';
import { LearnedLimits } from './learned-limits.js';
import { startFrom } from './learned-start.js';
import type { RunLimits } from './limits.js';
import { type Failure, type Hold, type Line, type LineCounts, NO_COUNTS } from './line.js';
import { Lines } from './lines.js';
import type { Pace } from './pace.js';
import { Paces } from './paces.js';
import { heldBy, type Place } from './place.js';
import type { Release } from './port.js';
import type { Step } from './step.js';
import { ToldBudget } from './told-limits.js';

export type { Ticket } from './fair-queue.js';

export class Gate {
  readonly #lines: Lines;
  readonly #places = new Map<number, Place>();
  readonly #fair = new FairShare();
  readonly #breaker = new Breaker();
  readonly #told = new ToldBudget();
  readonly #limits: LearnedLimits;
  readonly #auto: AutoWindow;
  readonly #rates = new ConfiguredRates();
  readonly #paces = new Paces();
  #processes = 1;
  #entered = 0;
  #autoEntered = 0;
  #hold: Hold = { why: 'nothing', until: null };

  /** `learned`: what an earlier run found at this gate. */
  constructor(learned: Learned | null = null, now: EpochMs = 0) {
    const start = startFrom(learned, now);
    this.#limits = new LearnedLimits(start);
    this.#auto = new AutoWindow(start.auto);
    this.#lines = new Lines(start.answerTokens);
  }

  /** Processes that share what the provider allows: what was learned is divided by them, and a start into the unknown, too. */
  sharedBy(processes: number): void {
    if (processes === this.#processes) return;
    this.#limits.scale(this.#processes / processes);
    this.#processes = processes;
    this.#paces.sharedBy(processes);
    this.#setRates();
  }

  #setRates(): void {
    this.#rates.set(this.#lines.limits(), this.#processes === 1);
    this.#paces.rateTold(this.rate('requests') !== null);
  }

  /** What another process found for all of them: those that were quicker and those that were slower meet half way. */
  evenOut({ pace }: Pick<Learned, 'pace'>): void {
    if (pace !== null) this.#limits.nearer(pace / this.#processes);
  }

  setRun(runId: string, limits: RunLimits): void {
    this.#lines.set(runId, limits);
    this.#setRates();
  }

  /** Throws for an unknown run. */
  limits(runId: string): RunLimits {
    return this.#lines.at(runId).limits;
  }

  /** Forgets a run without calls under way; its waiting tickets are returned. */
  dropRun(runId: string): Ticket[] {
    const left = this.#lines.drop(runId);
    this.#setRates();
    return left;
  }

  /** True when it is the first of its run: one behind others is held by what holds those. */
  enqueue(ticket: Ticket, now: EpochMs): boolean {
    const { queue } = this.#lines.at(ticket.runId);
    this.#fair.joins(queue, now);
    queue.push(ticket);
    return queue.first() === ticket;
  }

  /** Takes a waiting ticket out; false when it was admitted already. */
  withdraw(ticket: Ticket): boolean {
    return this.#lines.get(ticket.runId)?.queue.remove(ticket) ?? false;
  }

  /** An admitted turn wants to send now: true when there is a place, false when it must ask again. */
  enter(id: number, now: EpochMs): boolean {
    const place = this.#places.get(id);
    if (!place) throw new Error(`the gate has not admitted ticket ${id}`);
    const { line } = place;
    if (line.entered >= line.places || !this.#breaker.mayPass(now)) return false;
    if (this.#breaker.until === null && this.#limits.pausedUntil > now) return false;
    if (this.#entered >= this.#limits.window) {
      this.#limits.use.holdsWindow();
      return false;
    }
    if (line.limits.auto && this.#autoEntered >= this.#auto.size) {
      this.#auto.holds();
      return false;
    }
    if (this.#paces.entersAt(this.#limits, now) > now) return false;
    this.#paces.entered(this.#limits, now);
    line.entered += 1;
    this.#entered += 1;
    place.auto = line.limits.auto === true;
    if (place.auto) this.#autoEntered += 1;
    const held = heldBy(this.#entered, this.#limits.window, place.held);
    place.call = { sentAt: now, level: this.#entered, held };
    this.#limits.sent(place.call);
    this.#breaker.sent();
    this.#told.sent(place.ticket, now);
    return true;
  }

  /** When an admitted turn that was held to an even pace may ask again; null when none was. */
  entryAt(now: EpochMs): EpochMs | null {
    const at = this.#paces.entersAt(this.#limits, now);
    return this.#places.size > this.#entered && at > now ? at : null;
  }

  /** One admitted turn is over; more often does no harm. */
  release(id: number, how: Release, now: EpochMs): void {
    const place = this.#places.get(id);
    if (!place) return;
    this.#places.delete(id);
    const { line, call } = place;
    line.inFlight -= 1;
    if (how.kind !== 'unused') line.moneyShort = false;
    if (call === null) {
      this.#told.unsent(place.ticket);
      this.#charge(place, 0);
      return;
    }
    line.entered -= 1;
    this.#entered -= 1;
    if (place.auto) this.#autoEntered -= 1;
    if (how.kind === 'done') this.#answered(place, call, how, now);
    else if (how.kind === 'limited') this.#refused(place, call, how, now);
    else {
      this.#limits.ended(call);
      if (how.kind === 'failed') this.#breaker.failed(call.sentAt, now, how.what ?? null);
    }
  }

  blockOnMoney(runId: string): void {
    this.#lines.at(runId).moneyShort = true;
  }

  /** A cap may have been raised: its tickets ask again. */
  unblockMoney(runId: string): void {
    const line = this.#lines.get(runId);
    if (line) line.moneyShort = false;
  }

  counts(runId: string): LineCounts {
    return this.#lines.get(runId)?.counts ?? NO_COUNTS;
  }

  /** The pace of a configured rate, the strictest of the runs that use the gate; null without one. */
  rate(rate: Rate): Pace | null {
    return this.#rates.pace(rate);
  }

  /** Slots that the shell took. */
  addSlots(rate: Rate, first: EpochMs, count: number, intervalMs: number): void {
    this.#rates.add(rate, first, count, intervalMs);
  }

  /** What the next run should know, of all processes together. */
  learned(now: EpochMs): Learned {
    const finite = (value: number) => (Number.isFinite(value) ? value * this.#processes : null);
    const { pace, window, noise } = this.#limits;
    const found = { pace: finite(pace), window: finite(window), auto: this.#auto.found, noise };
    return { ...found, answerTokens: this.#lines.answerTokens, told: this.#told.perMinute(), at: now };
  }

  /** Who may send now. Call after every event and at `wakeAt`. */
  next(now: EpochMs): Step {
    const admit: Ticket[] = [];
    this.#limits.tick(now);
    this.#auto.tick(now, this.#limits.underWay.answerMs, this.#limits.limited);
    this.#rates.expire(now);
    this.#hold = { why: 'nothing', until: null };
    for (let line = this.#fairest(now); line !== null; line = this.#fairest(now)) {
      const ticket = line.queue.first() as Ticket;
      const tokens = line.tokens.estimate(ticket.promptTokens, ticket.maxTokens);
      this.#hold = this.#holdOf(line, ticket, tokens, now);
      if (this.#hold.why !== 'nothing') break;
      this.#admit(line, ticket, tokens, now);
      admit.push(ticket);
    }
    // Also for admitted turns: those that wait to enter ask again when the breaker lets one pass.
    const times = [this.#hold.until, this.#breaker.until, this.#limits.pausedUntil, this.#lines.staggeredUntil(now)];
    const coming = times.filter((at): at is EpochMs => at !== null && at > now);
    const wanted = this.#rates.any ? this.#lines.ready(now) : null;
    return {
      admit,
      wakeAt: coming.length === 0 ? null : Math.min(...coming),
      wanted: wanted === null ? {} : this.#rates.wanted(wanted.count, wanted.tokens),
    };
  }

  /** Why a waiting run waits, and until when. */
  hold(runId: string, now: EpochMs): Hold {
    const line = this.#lines.get(runId);
    if (!line) return { why: 'nothing', until: null };
    const outage = line.limits.paused ? null : this.#breaker.hold(line.busy, now);
    if (outage !== null) return outage;
    const hold = line.hold(now, this.#paced()) ?? this.#hold;
    return hold.why === 'concurrency' ? (this.#limits.underWay.slow(now) ?? hold) : hold;
  }

  /** What calls met last, while none was answered; null when the last ones were, or nothing is known of it. */
  get failure(): Failure | null {
    return this.#breaker.failure;
  }

  #paced(): boolean {
    return this.#rates.any || Number.isFinite(this.#limits.pace);
  }

  #fairest(now: EpochMs): Line | null {
    return this.#lines.fairest(now, this.#paced());
  }

  /** What all runs share: the first of these that holds the ticket. */
  #holdOf(line: Line, ticket: Ticket, tokens: number, now: EpochMs): Hold {
    const { until } = this.#breaker;
    if (until !== null) {
      // One admitted turn is enough for the probe.
      if (until > now || this.#places.size > this.#entered || !this.#breaker.mayPass(now))
        return { why: 'breaker', until: until > now ? until : null };
    }
    if (this.#places.size >= this.#limits.window) {
      this.#limits.use.holdsWindow();
      return { why: 'provider', until: null };
    }
    if (line.limits.auto && this.#autoEntered + (this.#places.size - this.#entered) >= this.#auto.size) {
      this.#auto.holds();
      return { why: 'concurrency', until: null };
    }
    const told = this.#told.fits(ticket, now);
    if (told.at > now) return { why: told.unit === 'requests' ? 'requests/min' : 'tokens/min', until: told.at };
    const tokensCount = !this.#told.knowsTokens(line.limits.tokensPerMinute ?? 0);
    const configured = this.#rates.holds(tokensCount ? tokens : 0, now);
    if (configured !== null) return configured;
    const at = Math.max(this.#paces.admitsAt(this.#limits, now), this.#limits.pausedUntil);
    return at > now ? { why: 'provider', until: at } : { why: 'nothing', until: null };
  }

  #admit(line: Line, ticket: Ticket, tokens: number, now: EpochMs): void {
    line.queue.shift(ticket);
    line.admits(now);
    this.#fair.serve(line.queue, tokens, now);
    this.#rates.take(tokens, now);
    this.#told.promise(ticket);
    this.#paces.admitted(this.#limits, now);
    // The burst is used up: the learned rate is what holds calls back.
    const full = Number.isFinite(this.#limits.pace) && this.#paces.admitsAt(this.#limits, now) > now;
    this.#places.set(ticket.id, { ticket, line, tokens, call: null, held: full ? 'pace' : null, auto: false });
  }

  /** Settles what the call was charged with against what it took. */
  #charge({ line, tokens }: Place, used: number): void {
    const over = used - tokens;
    this.#fair.correct(line.queue, over);
    this.#rates.correct(over);
  }

  #answered(place: Place, call: SentCall, { tokens, told }: Release & { kind: 'done' }, now: EpochMs): void {
    this.#limits.answered(call, now);
    this.#auto.answered(call.sentAt, now);
    this.#breaker.answered(call.sentAt);
    if (told) this.#told.told(told, now);
    if (!tokens) return;
    place.line.tokens.answered(tokens.output);
    this.#charge(place, tokens.input + tokens.output);
  }

  #refused(place: Place, call: SentCall, how: Release & { kind: 'limited' }, now: EpochMs): void {
    if (how.told) this.#told.told(how.told, now);
    // A limit that is told need not be found, and a probe that finds nobody says nothing about one.
    if (this.#breaker.until !== null || (how.told && this.#told.fits(place.ticket, now).at > now)) this.#limits.ended(call);
    else if (how.teaches === false) this.#limits.turnedAway(call, now);
    else this.#limits.refused(call, how.what ?? null, now);
    if (this.#breaker.refused(call.sentAt, how, (from) => this.#limits.accepted(from, now), now)) this.#limits.storm();
    this.#charge(place, 0);
  }
}
