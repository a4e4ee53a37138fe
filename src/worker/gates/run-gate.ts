/** A gate at work: the pure rules plus timers, promises and send slots from the store. */

import { type Rate, slotsFrom, type WantedSlots } from '../../core/gate/configured-rates.js';
import { Gate, type Ticket } from '../../core/gate/gate.js';
import type { Learned } from '../../core/gate/learned.js';
import type { RunLimits } from '../../core/gate/limits.js';
import type { Admission, AdmissionRequest, Bottleneck, Entry, GatePort } from '../../core/gate/port.js';
import type { EpochMs } from '../../core/model.js';
import type { Lease } from '../owners/lease.js';
import { PutOffTurns } from './resting-turns.js';
import type { SeenHold } from './stored-waits.js';

interface Waiting {
  ticket: Ticket;
  deadline: number;
  resolve(admission: Admission): void;
}

interface Entrant {
  id: number;
  resolve(entry: Entry): void;
}

/** A rate of 1,000 calls/s is kept by some calls at a time: a timer for each costs more than its call does here. */
const LEAST_WAIT_MS = 3;
/** How often tickets are looked at for the end of their patience. */
const SWEEP_MS = 1_000;

export interface RunGateOptions {
  now(): number;
  /** Takes slots of a rate that all processes share, the first not before `from`; resolves to the time of the first. */
  takeSlots(rate: Rate, count: number, intervalMs: number, from: number): Promise<number>;
  /** Nothing is sent without a lease, nor what was admitted in an earlier term of it. */
  lease: Pick<Lease, 'valid' | 'term'>;
  onError(error: unknown): void;
  /** What an earlier run found. @default null */
  learned?: Learned | null;
}

export class RunGate implements GatePort {
  readonly #gate: Gate;
  readonly #options: RunGateOptions;
  readonly #waiting = new Map<number, Waiting>();
  /** Admitted turns that wait for a place, by run, in order. */
  readonly #entrants = new Map<string, Entrant[]>();
  readonly #putOff = new PutOffTurns();
  #nextTicket = 1;
  #timer: NodeJS.Timeout | null = null;
  #wakeAt = Number.POSITIVE_INFINITY;
  #sweeper: NodeJS.Timeout | null = null;
  readonly #takingSlots = new Set<Rate>();

  constructor(options: RunGateOptions) {
    this.#options = options;
    this.#gate = new Gate(options.learned ?? null, options.now());
  }

  setRun(runId: string, limits: RunLimits): void {
    this.#gate.setRun(runId, limits);
    if (limits.cancelled) this.#flush(runId, { kind: 'cancelled' });
    else if (limits.paused) this.#flush(runId, { kind: 'paused' });
    this.#pump();
  }

  dropRun(runId: string): void {
    this.#putOff.drop(runId);
    this.#turnAway(runId, { kind: 'cancelled' });
    for (const { id } of this.#gate.dropRun(runId)) this.#answer(id, { kind: 'cancelled' });
    this.#pump();
  }

  admit(request: AdmissionRequest, patienceMs: number, signal: AbortSignal): Promise<Admission> {
    const limits = this.#gate.limits(request.runId);
    if (signal.aborted || limits.cancelled) return Promise.resolve({ kind: 'cancelled' });
    if (limits.paused) return Promise.resolve({ kind: 'paused' });
    return new Promise((resolve) => {
      const now = this.#options.now();
      const { runId, turn, promptTokens, maxTokens, interactive } = request;
      const ticket: Ticket = { id: this.#nextTicket, runId, turn, promptTokens, maxTokens, interactive, waits: false };
      this.#nextTicket += 1;
      this.#waiting.set(ticket.id, { ticket, deadline: now + patienceMs, resolve });
      if (this.#gate.enqueue(ticket, now)) this.#pump();
      this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS);
    });
  }

  blockOnMoney(runId: string): void {
    this.#gate.blockOnMoney(runId);
  }

  /** A cap may have been raised. */
  unblockMoney(runId: string): void {
    this.#gate.unblockMoney(runId);
    this.#pump();
  }

  inFlight(runId: string): number {
    return this.#gate.counts(runId).inFlight;
  }

  /** Calls of the run under way. */
  entered(runId: string): number {
    return this.#gate.counts(runId).entered;
  }

  /** Turns of the run that wait to be admitted. */
  waiting(runId: string): number {
    return this.#gate.counts(runId).waiting;
  }

  /** Calls of the run admitted so far. */
  admitted(runId: string): number {
    return this.#gate.counts(runId).admitted;
  }

  bottleneck(runId: string): Bottleneck {
    return this.#gate.hold(runId, this.#options.now()).why;
  }

  rests(runId: string, until: EpochMs): void {
    this.#putOff.add(runId, until, this.#options.now());
  }

  /** What the run waits for at the moment. */
  seen(runId: string): SeenHold {
    const now = this.#options.now();
    const hold = this.#gate.hold(runId, now);
    const { waiting, inFlight } = this.#gate.counts(runId);
    const rest = hold.why === 'nothing' && waiting === 0 && inFlight === 0 ? this.#putOff.seen(runId, now) : null;
    if (rest === null) return { hold, turns: waiting };
    const { failure } = this.#gate;
    return { hold: { why: 'retry', until: rest.until, ...(failure && { failure }) }, turns: rest.turns };
  }

  /** What the next run should know. */
  learned(): Learned {
    return this.#gate.learned(this.#options.now());
  }

  evenOut(found: Learned): void {
    this.#gate.evenOut(found);
    this.#pump();
  }

  /** Turns wait to be admitted. */
  busy(): boolean {
    return this.#waiting.size > 0;
  }

  sharedBy(processes: number): void {
    this.#gate.sharedBy(processes);
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#sweeper) clearInterval(this.#sweeper);
    for (const runId of [...this.#entrants.keys()]) this.#turnAway(runId, { kind: 'cancelled' });
    for (const id of [...this.#waiting.keys()]) this.#answer(id, { kind: 'cancelled' });
  }

  /** All waiting tickets are given back: the process stops. */
  giveBack(): void {
    this.lapsed();
    for (const { ticket } of [...this.#waiting.values()]) {
      this.#gate.withdraw(ticket);
      this.#answer(ticket.id, { kind: 'wait', until: this.#options.now() + SWEEP_MS, reason: 'nothing' });
    }
  }

  /** Admitted turns that wait for their place take their intents back: others may have ended them. */
  lapsed(): void {
    for (const runId of [...this.#entrants.keys()]) this.#turnAway(runId, this.#later());
  }

  #later(): Entry {
    return { kind: 'wait', until: this.#options.now() + SWEEP_MS, reason: 'nothing' };
  }

  #flush(runId: string, admission: Exclude<Admission, { kind: 'go' }>): void {
    this.#turnAway(runId, admission);
    for (const { ticket } of [...this.#waiting.values()]) {
      if (ticket.runId !== runId) continue;
      this.#gate.withdraw(ticket);
      this.#answer(ticket.id, admission);
    }
  }

  #answer(id: number, admission: Admission): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    waiting.resolve(admission);
    if (this.#waiting.size === 0 && this.#sweeper) {
      clearInterval(this.#sweeper);
      this.#sweeper = null;
    }
  }

  #sweep(): void {
    const now = this.#options.now();
    for (const { ticket, deadline } of this.#waiting.values()) {
      if (deadline > now) continue;
      const reason = this.bottleneck(ticket.runId);
      this.#gate.withdraw(ticket);
      this.#answer(ticket.id, { kind: 'wait', until: now, reason });
    }
  }

  #pump(): void {
    const now = this.#options.now();
    const { admit, wakeAt, wanted } = this.#gate.next(now);
    for (const { id, runId } of admit) this.#answer(id, this.#admission(id, runId));
    for (const runId of this.#entrants.keys()) this.#letIn(runId, now);
    if (wanted.requests) this.#takeSlots('requests', wanted.requests);
    if (wanted.tokens) this.#takeSlots('tokens', wanted.tokens);
    const none = Number.POSITIVE_INFINITY;
    const admission = Math.max(wakeAt ?? none, now + LEAST_WAIT_MS);
    // Asked after turns were let in: that is what holds the next ones.
    this.#wake(Math.min(admission, this.#gate.entryAt(now) ?? none), now);
  }

  #wake(wakeAt: number, now: number): void {
    if (wakeAt === this.#wakeAt && this.#timer) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#wakeAt = wakeAt;
    if (!Number.isFinite(wakeAt)) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#pump();
      },
      Math.max(1, Math.ceil(wakeAt - now)),
    );
  }

  #admission(id: number, runId: string): Admission {
    const { term } = this.#options.lease;
    return {
      kind: 'go',
      enter: () => this.#enter(id, runId, term),
      release: (how) => {
        this.#gate.release(id, how, this.#options.now());
        this.#pump();
      },
    };
  }

  #enter(id: number, runId: string, term: number): Promise<Entry> {
    const { paused, cancelled } = this.#gate.limits(runId);
    if (cancelled) return Promise.resolve({ kind: 'cancelled' });
    if (paused) return Promise.resolve({ kind: 'paused' });
    if (term !== this.#options.lease.term) return Promise.resolve(this.#later());
    const line = this.#entrants.get(runId);
    if (line === undefined && this.#options.lease.valid() && this.#gate.enter(id, this.#options.now()))
      return Promise.resolve({ kind: 'send' });
    return new Promise((resolve) => {
      // Behind others: what lets those in comes back for this one.
      if (line) {
        line.push({ id, resolve });
        return;
      }
      this.#entrants.set(runId, [{ id, resolve }]);
      this.#pump();
    });
  }

  #letIn(runId: string, now: number): void {
    const line = this.#entrants.get(runId) ?? [];
    let places = 0;
    if (!this.#options.lease.valid()) return;
    while (line[places] !== undefined && this.#gate.enter((line[places] as Entrant).id, now)) places += 1;
    for (const { resolve } of line.splice(0, places)) resolve({ kind: 'send' });
    if (line.length === 0) this.#entrants.delete(runId);
  }

  /** Nobody of these enters any more. */
  #turnAway(runId: string, entry: Entry): void {
    const line = this.#entrants.get(runId) ?? [];
    this.#entrants.delete(runId);
    for (const { resolve } of line) resolve(entry);
  }

  #takeSlots(rate: Rate, { count, pace }: WantedSlots): void {
    if (this.#takingSlots.has(rate)) return;
    this.#takingSlots.add(rate);
    this.#options
      .takeSlots(rate, count, pace.intervalMs, slotsFrom(pace, this.#options.now()))
      .then((first) => this.#gate.addSlots(rate, first, count, pace.intervalMs))
      .catch((error: unknown) => this.#options.onError(error))
      .finally(() => {
        this.#takingSlots.delete(rate);
        this.#pump();
      });
  }
}
