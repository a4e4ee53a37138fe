/**
 * The gate's rules as a pure state machine: the clock is an argument, timers and the store live outside.
 * Order of the queue: interactive before bulk, then the run that was served least for its weight, then later turns, then first come.
 */
import type { EpochMs } from '../model.js';
import { intentsAhead, type RunLimits } from './limits.js';
import type { AdmissionRequest, Bottleneck, Release } from './port.js';

/** A slot that was not used this long after its time is lost, so that late senders cannot bunch up. */
const SLOT_LIFE_MS = 200;
/** Spacing is stretched by this much, so that jitter on the way never shows the provider more than the limit. */
const SPACING_MARGIN = 1.01;

/** Limit signals with no answer between them after which everybody waits. */
const LIMITED_IN_A_ROW = 3;

export interface Ticket extends AdmissionRequest {
  id: number;
}

interface Line {
  limits: RunLimits;
  /** Admitted and not over. */
  inFlight: number;
  /** Those of them whose call is under way. */
  entered: number;
  admitted: number;
  firstAdmission: EpochMs;
  /** Tokens served over weight: the run with the least goes first. */
  served: number;
  moneyShort: boolean;
  /** Waiting tickets by class (interactive first) and turn. */
  waiting: Map<number, Ticket[]>;
  size: number;
}

export interface Step {
  admit: Ticket[];
  /** When to ask again, if nothing happens before; null = on the next event. */
  wakeAt: EpochMs | null;
  /** Send slots that could be used at once if there were any. */
  slotsWanted: number;
}

/** Rank of a ticket's queue inside its run: interactive above bulk, later turns above earlier ones. */
function rank(ticket: AdmissionRequest): number {
  return (ticket.interactive ? 1_000_000 : 0) + ticket.turn;
}

export class Gate {
  readonly #lines = new Map<string, Line>();
  readonly #slots: EpochMs[] = [];
  #notBefore: EpochMs = 0;
  #limitedInARow = 0;

  setRun(runId: string, limits: RunLimits): void {
    const line = this.#lines.get(runId);
    if (line) {
      line.limits = limits;
      return;
    }
    // A newcomer starts level with the least served, not at zero: it gets its share, not the past.
    const served = Math.min(...[...this.#lines.values()].filter((other) => other.size > 0).map((other) => other.served));
    this.#lines.set(runId, {
      limits,
      inFlight: 0,
      entered: 0,
      admitted: 0,
      firstAdmission: 0,
      served: Number.isFinite(served) ? served : 0,
      moneyShort: false,
      waiting: new Map(),
      size: 0,
    });
  }

  /** Throws for an unknown run. */
  limits(runId: string): RunLimits {
    return this.#line(runId).limits;
  }

  /** Forgets a run without calls under way; its waiting tickets are returned. */
  dropRun(runId: string): Ticket[] {
    const line = this.#lines.get(runId);
    if (!line) return [];
    this.#lines.delete(runId);
    return [...line.waiting.values()].flat();
  }

  enqueue(ticket: Ticket): void {
    const line = this.#line(ticket.runId);
    const key = rank(ticket);
    const queue = line.waiting.get(key);
    if (queue) queue.push(ticket);
    else line.waiting.set(key, [ticket]);
    line.size += 1;
  }

  /** Takes a waiting ticket out; false when it was admitted already. */
  withdraw(ticket: Ticket): boolean {
    const line = this.#lines.get(ticket.runId);
    const queue = line?.waiting.get(rank(ticket));
    const position = queue?.findIndex((waiting) => waiting.id === ticket.id) ?? -1;
    if (!line || !queue || position < 0) return false;
    queue.splice(position, 1);
    if (queue.length === 0) line.waiting.delete(rank(ticket));
    line.size -= 1;
    return true;
  }

  /** An admitted turn wants to send now: true when there is a place, false when it must ask again. */
  enter(runId: string, now: EpochMs): boolean {
    const line = this.#line(runId);
    const { concurrency, places = concurrency } = line.limits;
    if (line.entered >= places || now < this.#notBefore) return false;
    line.entered += 1;
    return true;
  }

  /** One admitted turn of the run is over; it ended in a limit signal, or not, or no call was made. */
  release(runId: string, how: Release, entered: boolean): void {
    if (how.kind === 'done') this.#limitedInARow = 0;
    else if (how.kind === 'limited') this.#limited(how.until);
    const line = this.#lines.get(runId);
    if (!line) return;
    line.inFlight -= 1;
    if (entered) line.entered -= 1;
    if (how.kind !== 'unused') line.moneyShort = false;
  }

  /** A single 429 concerns its own row; several with no answer between them are about load, and all wait. */
  #limited(until: EpochMs): void {
    this.#limitedInARow += 1;
    if (this.#limitedInARow >= LIMITED_IN_A_ROW) this.#notBefore = Math.max(this.#notBefore, until);
  }

  blockOnMoney(runId: string): void {
    this.#line(runId).moneyShort = true;
  }

  inFlight(runId: string): number {
    return this.#lines.get(runId)?.inFlight ?? 0;
  }

  /** Calls of the run under way. */
  entered(runId: string): number {
    return this.#lines.get(runId)?.entered ?? 0;
  }

  /** Tickets of the run that wait. */
  waiting(runId: string): number {
    return this.#lines.get(runId)?.size ?? 0;
  }

  /** Tickets of the run admitted so far. */
  admitted(runId: string): number {
    return this.#lines.get(runId)?.admitted ?? 0;
  }

  /** Milliseconds between two sends, or null without a rate: the strictest of the runs that use the gate. */
  interval(): number | null {
    let perMinute = Number.POSITIVE_INFINITY;
    for (const { limits } of this.#lines.values())
      perMinute = Math.min(perMinute, limits.requestsPerMinute ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(perMinute) ? (60_000 / perMinute) * SPACING_MARGIN : null;
  }

  addSlots(first: EpochMs, count: number, intervalMs: number): void {
    for (let slot = 0; slot < count; slot += 1) this.#slots.push(first + slot * intervalMs);
  }

  /** Who may send now. Call after every event and at `wakeAt`. */
  next(now: EpochMs): Step {
    const admit: Ticket[] = [];
    const limited = this.interval() !== null;
    while (this.#slots.length > 0 && (this.#slots[0] as number) < now - SLOT_LIFE_MS) this.#slots.shift();
    // Also for admitted turns: those that wait to enter ask again at that time.
    if (now < this.#notBefore) return { admit, wakeAt: this.#notBefore, slotsWanted: 0 };
    if (!limited) this.#slots.length = 0;

    let wakeAt: EpochMs | null = null;
    const soonest = (time: EpochMs) => {
      wakeAt = wakeAt === null ? time : Math.min(wakeAt, time);
    };
    for (;;) {
      const line = this.#mostDeserving(now);
      if (!line) break;
      if (limited) {
        const slot = this.#slots[0];
        if (slot === undefined) break;
        if (slot > now) {
          soonest(slot);
          break;
        }
        this.#slots.shift();
      }
      admit.push(this.#take(line, now));
    }
    for (const line of this.#lines.values()) {
      const at = this.#staggeredUntil(line);
      if (line.size > 0 && at > now) soonest(at);
    }
    return { admit, wakeAt, slotsWanted: limited ? Math.max(0, this.#ready(now) - this.#slots.length) : 0 };
  }

  /** Why a waiting run waits. */
  bottleneck(runId: string, now: EpochMs): Bottleneck {
    const line = this.#lines.get(runId);
    if (!line) return 'nothing';
    if (line.limits.paused) return 'paused';
    if (line.size === 0) return 'nothing';
    if (now < this.#notBefore) return 'provider';
    if (line.moneyShort) return 'money';
    if (line.inFlight >= this.#room(line)) return 'concurrency';
    if (this.#staggeredUntil(line) > now) return 'stagger';
    return this.interval() === null ? 'nothing' : 'requests/min';
  }

  #line(runId: string): Line {
    const line = this.#lines.get(runId);
    if (!line) throw new Error(`the gate does not know run ${runId}`);
    return line;
  }

  /** Tickets that only lack a slot. */
  #ready(now: EpochMs): number {
    let ready = 0;
    for (const line of this.#lines.values()) {
      if (this.#mayGo(line, now)) ready += Math.min(line.size, this.#room(line) - line.inFlight);
    }
    return ready;
  }

  /** Turns that may be admitted. Under a rate an intent ahead of its place would send after its slot's time. */
  #room({ limits }: Line): number {
    return limits.concurrency + (this.interval() === null ? intentsAhead(limits.concurrency) : 0);
  }

  #staggeredUntil(line: Line): EpochMs {
    const { staggerMs, concurrency } = line.limits;
    if (staggerMs <= 0 || line.admitted === 0 || line.admitted >= concurrency) return 0;
    return line.firstAdmission + line.admitted * staggerMs;
  }

  #mayGo(line: Line, now: EpochMs): boolean {
    const { limits } = line;
    if (line.size === 0 || limits.paused || limits.cancelled || line.moneyShort) return false;
    return line.inFlight < this.#room(line) && this.#staggeredUntil(line) <= now;
  }

  #mostDeserving(now: EpochMs): Line | null {
    let best: Line | null = null;
    let bestInteractive = false;
    for (const line of this.#lines.values()) {
      if (!this.#mayGo(line, now)) continue;
      const interactive = topRank(line) >= 1_000_000;
      if (best && bestInteractive && !interactive) continue;
      if (!best || (interactive && !bestInteractive) || line.served < best.served) {
        best = line;
        bestInteractive = interactive;
      }
    }
    return best;
  }

  #take(line: Line, now: EpochMs): Ticket {
    const key = topRank(line);
    const queue = line.waiting.get(key) as Ticket[];
    const ticket = queue.shift() as Ticket;
    if (queue.length === 0) line.waiting.delete(key);
    line.size -= 1;
    line.inFlight += 1;
    if (line.admitted === 0) line.firstAdmission = now;
    line.admitted += 1;
    line.served += Math.max(1, ticket.tokens) / line.limits.weight;
    return ticket;
  }
}

function topRank(line: Line): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const key of line.waiting.keys()) if (key > top) top = key;
  return top;
}
