/**
 * Whose turn is next: interactive before bulk, then the run that was served least for its weight, then later turns, then first come.
 * Start-time fair queueing: every run has a virtual time, the tokens it was served over its weight. A run that comes or comes back
 * starts level with the one served last: it gets its share, not the past.
 */
import type { AdmissionRequest } from './port.js';

export interface Ticket extends AdmissionRequest {
  id: number;
  /** Kept by the queue: true while the ticket is in it. @default false */
  waits?: boolean;
}

/** Rank of a ticket inside its run: interactive above bulk, later turns above earlier ones. */
const INTERACTIVE = 1_000_000;
const rankOf = (ticket: AdmissionRequest) => (ticket.interactive ? INTERACTIVE : 0) + ticket.turn;

/** A run that had nothing to send for at most this long keeps what it was served less. */
const GRACE_MS = 2_000;

/** First in, first out. Tickets that do not wait any more are skipped when their turn comes. */
class Fifo {
  #tickets: Ticket[] = [];
  #head = 0;

  push(ticket: Ticket): void {
    this.#tickets.push(ticket);
  }

  /** Null when no ticket is left that waits. */
  first(): Ticket | null {
    for (let ticket = this.#tickets[this.#head]; ticket !== undefined; ticket = this.#tickets[this.#head]) {
      if (ticket.waits) return ticket;
      this.#head += 1;
    }
    return null;
  }

  /** Only after `first` gave a ticket. */
  shift(): void {
    this.#head += 1;
    // Half of it is over: copied down, at a cost that every ticket bears once.
    if (this.#head > 32 && this.#head * 2 > this.#tickets.length) {
      this.#tickets = this.#tickets.slice(this.#head);
      this.#head = 0;
    }
  }

  rest(): Ticket[] {
    return this.#tickets.slice(this.#head).filter(({ waits }) => waits);
  }
}

/** One run's waiting tickets. */
export class RunQueue {
  readonly #byRank = new Map<number, Fifo>();
  /** Ranks in use, ascending. */
  readonly #ranks: number[] = [];
  #size = 0;
  /** Virtual time: where this run starts when it is served next. */
  virtual = 0;
  /** When its last waiting ticket left. */
  emptyAt = Number.NEGATIVE_INFINITY;
  weight = 1;

  get size(): number {
    return this.#size;
  }

  push(ticket: Ticket): void {
    const rank = rankOf(ticket);
    let queue = this.#byRank.get(rank);
    if (!queue) {
      queue = new Fifo();
      this.#byRank.set(rank, queue);
      let at = this.#ranks.length;
      while (at > 0 && (this.#ranks[at - 1] as number) > rank) at -= 1;
      this.#ranks.splice(at, 0, rank);
    }
    queue.push(ticket);
    ticket.waits = true;
    this.#size += 1;
  }

  first(): Ticket | null {
    for (;;) {
      const rank = this.#ranks.at(-1);
      if (rank === undefined) return null;
      const ticket = (this.#byRank.get(rank) as Fifo).first();
      if (ticket) return ticket;
      this.#ranks.pop();
      this.#byRank.delete(rank);
    }
  }

  /** Only after `first` gave this ticket. */
  shift(ticket: Ticket): void {
    (this.#byRank.get(rankOf(ticket)) as Fifo).shift();
    this.remove(ticket);
  }

  /** False when the ticket does not wait here. */
  remove(ticket: Ticket): boolean {
    if (!ticket.waits) return false;
    ticket.waits = false;
    this.#size -= 1;
    return true;
  }

  all(): Ticket[] {
    return [...this.#byRank.values()].flatMap((queue) => queue.rest());
  }
}

/** Virtual time over the runs of one gate. */
export class FairShare {
  /** Virtual time of the run that was served last. */
  #virtual = 0;

  /** The run has something to send. */
  joins(queue: RunQueue, now: number): void {
    if (queue.size > 0 || now - queue.emptyAt <= GRACE_MS) return;
    queue.virtual = Math.max(queue.virtual, this.#virtual);
  }

  /** The ticket is served: its run moves on by what it will take. */
  serve(queue: RunQueue, tokens: number, now: number): void {
    this.#virtual = Math.max(this.#virtual, queue.virtual);
    queue.virtual += Math.max(1, tokens) / queue.weight;
    if (queue.size === 0) queue.emptyAt = now;
  }

  /** What a call really took, less what it was charged with. */
  correct(queue: RunQueue, tokens: number): void {
    queue.virtual += tokens / queue.weight;
  }
}

/** True when `a` goes before `b`. */
export function goesBefore(a: { first: Ticket; virtual: number }, b: { first: Ticket; virtual: number }): boolean {
  if (a.first.interactive !== b.first.interactive) return a.first.interactive;
  return a.virtual < b.virtual;
}
