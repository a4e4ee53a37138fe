/**
 * This process's lease as an owner. Who is past its lease may be taken for dead: its calls are doubtful and others have its shares, so it
 * sends nothing until it has a new one.
 */
import type { Clock } from '../../core/clock.js';
import type { EpochMs } from '../../core/model.js';
import type { Store } from '../../store/port/store.js';
import type { OwnerRow } from '../../store/port/workers.js';
import { OwnersSeen } from './owners-seen.js';

/** An owner is taken for dead this long after its last beat. A stall of this length makes calls under way be paid again. */
const LEASE_MS = 6_000;
const BEAT_MS = 1_000;
/** Nobody is taken for dead by a process whose own lease is younger: after an outage of the store all of them come back at once. */
const PATIENCE_MS = 2_500;

export interface LeaseOptions {
  store: Pick<Store, 'beat' | 'owners'>;
  owner: { id: string; home: string; pid: number };
  clock: Clock;
  onError(error: unknown): void;
}

export class Lease {
  readonly #options: LeaseOptions;
  readonly #lapsed = new Set<() => void>();
  readonly #looked = new Set<() => void>();
  readonly #seen: OwnersSeen;
  /** Steady times: the lease in the store is one of the wall. */
  #until: EpochMs = 0;
  #since: EpochMs = 0;
  #term = 0;
  #temporal = '';
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> | null = null;
  #ended = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#seen = new OwnersSeen(options.clock, { leaseMs: LEASE_MS, patienceMs: PATIENCE_MS });
  }

  get owner(): string {
    return this.#options.owner.id;
  }

  /** Grows when the lease was lost and taken again: what was begun in an earlier term may have been ended by others. */
  get term(): number {
    return this.#term;
  }

  /** Id of the Temporal namespace of this process's activities; empty until it is known. */
  get temporal(): string {
    return this.#temporal;
  }

  valid(): boolean {
    return this.#options.clock.now() < this.#until;
  }

  /** Owners as of the last beat. */
  owners(): readonly OwnerRow[] {
    return this.#seen.rows();
  }

  /** Owners that are alive. */
  living(): OwnerRow[] {
    return this.#seen.rows().filter((owner) => this.#seen.isAlive(owner));
  }

  /** No other owner is alive. */
  alone(): boolean {
    return this.living().every(({ id }) => id === this.owner);
  }

  /** Other owners that are dead: their lease has been over for so long. Nobody is while this process cannot be sure. */
  dead(overMs = 0): OwnerRow[] {
    if (!this.valid() || this.#options.clock.now() - this.#since < PATIENCE_MS) return [];
    return this.#seen.dead(overMs).filter(({ id }) => id !== this.owner);
  }

  /** Calls the listener after a lost lease was taken again. Returns what ends it. */
  onLapse(listener: () => void): () => void {
    this.#lapsed.add(listener);
    return () => this.#lapsed.delete(listener);
  }

  /** Calls the listener after each beat. Returns what ends it. */
  onLook(listener: () => void): () => void {
    this.#looked.add(listener);
    return () => this.#looked.delete(listener);
  }

  /** Takes the lease and keeps it. Throws when the first beat fails. */
  async start(): Promise<void> {
    await this.#beat();
    this.#plan();
  }

  /** Says where this owner's activities are, in the store from the next beat on, which follows at once. */
  async belongsTo(temporal: string): Promise<void> {
    this.#temporal = temporal;
    await this.#beat();
  }

  /** The lease ends now: what is still open is doubtful as soon as somebody looks. */
  async end(): Promise<void> {
    this.#ended = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#beating?.catch(() => undefined);
    this.#until = 0;
    await this.#options.store.beat({ ...this.#options.owner, temporal: this.#temporal }, 0);
  }

  #plan(): void {
    if (this.#ended) return;
    // A beat that took longer than the lease was in vain: the next one follows at once.
    this.#timer = setTimeout(
      () => {
        this.#beating = this.#beat()
          .catch(this.#options.onError)
          .finally(() => this.#plan());
      },
      this.valid() ? BEAT_MS : BEAT_MS / 10,
    );
  }

  async #beat(): Promise<void> {
    const { store, owner, clock } = this.#options;
    const until = clock.now() + LEASE_MS;
    await store.beat({ ...owner, temporal: this.#temporal }, clock.wall() + LEASE_MS);
    const lost = !this.valid();
    this.#until = until;
    if (lost) {
      this.#since = clock.now();
      this.#term += 1;
      if (this.#term > 1) for (const listener of this.#lapsed) listener();
    }
    this.#seen.look(await store.owners());
    for (const listener of this.#looked) listener();
  }
}
