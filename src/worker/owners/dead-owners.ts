/**
 * Processes that died without a word, found by those that live: whose lease is over is ended, once, by whoever comes first. Its calls are
 * doubtful, its shares free, its activities are handed out again by Temporal at once.
 */
import type { NativeConnection } from '@temporalio/worker';
import type { Clock } from '../../core/clock.js';
import type { Store } from '../../store/port/store.js';
import { OVERDUE_MS, type OwnerRow } from '../../store/port/workers.js';
import { interruptAttachedRuns } from './interrupt-runs.js';
import type { Lease } from './lease.js';
import { processOf } from './process-identity.js';
import { returnActivities } from './return-activities.js';

export interface DeadOwnersOptions {
  store: Pick<Store, 'endOwner' | 'activityEnded' | 'runs' | 'restRun'>;
  lease: Pick<Lease, 'owner' | 'temporal' | 'living' | 'dead' | 'onLook'>;
  clock: Clock;
  connection: NativeConnection;
  namespace: string;
  log: { info(facts: object, text: string): void; warn(facts: object, text: string): void };
  onError(error: unknown): void;
}

export class DeadOwners {
  readonly #options: DeadOwnersOptions;
  readonly #unsubscribe: () => void;
  /** Tokens of activities that could not be returned yet. */
  readonly #tokens = new Set<string>();
  #looking: Promise<void> | null = null;

  constructor(options: DeadOwnersOptions) {
    this.#options = options;
    this.#unsubscribe = options.lease.onLook(() => {
      this.#looking ??= this.#look()
        .catch(options.onError)
        .finally(() => {
          this.#looking = null;
        });
    });
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { store, lease, clock, connection, namespace, log } = this.#options;
    // A process of this machine that lives is only slow, or stopped.
    const overdue = new Set(lease.dead(OVERDUE_MS).map(({ id }) => id));
    const isDead = ({ id }: OwnerRow) => processOf(id) !== 'alive' || overdue.has(id);
    // Task tokens mean something to the Temporal that made them alone: owners of another one are ended by their own kind.
    // Who died before it could say where its activities are has none.
    const dead = lease.dead().filter((owner) => isDead(owner) && ['', lease.temporal].includes(owner.temporal));
    if (lease.temporal === '' || (dead.length === 0 && this.#tokens.size === 0)) return;
    const ended = new Set<string>();
    for (const owner of dead) {
      const tokens = await store.endOwner(owner, lease.owner, clock.wall());
      if (tokens === null) continue;
      ended.add(owner.id);
      for (const token of tokens) this.#tokens.add(token);
      // Paused before their activities come back.
      const interrupted = await this.#interruptRunsOf(owner);
      log.info({ owner: owner.id, activities: tokens.length, interrupted }, 'took over from a process that died');
    }
    if (ended.size === 0 && this.#tokens.size === 0) return;
    await returnActivities({
      connection,
      namespace,
      tokens: [...this.#tokens],
      isDead: (identity) => ended.has(identity),
      done: (token) => {
        this.#tokens.delete(token);
        store.activityEnded(token).catch(this.#options.onError);
      },
      log,
    });
  }

  /** Runs belong to hosts; a `swarm worker` is booked under a name of its own. */
  async #interruptRunsOf(dead: OwnerRow): Promise<string[]> {
    const { store, lease, clock } = this.#options;
    const another = lease.living().some(({ home, id }) => home === dead.home && id !== dead.id);
    if (another) return [];
    return await interruptAttachedRuns(store, 'died', ({ home }) => home === dead.home, Math.min(dead.leaseUntil, clock.wall()));
  }
}
