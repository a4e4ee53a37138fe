/** What this process knows of models whose answers cost more than they may: from the store at first use, and what was seen since. */
import { type Excess, heldAt, includes, joined } from '../../core/money/excess.js';
import type { ActivityDeps } from '../deps.js';

type ExcessDeps = Pick<ActivityDeps, 'store' | 'gates' | 'clock' | 'log'>;

/** How many models one process remembers. */
const KEPT = 256;
/** What other processes see is looked up this often. */
const LOOK_MS = 1_000;

/** That it goes on is stored this often. */
const TOLD_MS = 60_000;

interface Known {
  excess: Excess | null;
  /** By the steady clock. */
  readAt: number;
}

export class Excesses {
  readonly #deps: ExcessDeps;
  readonly #known = new Map<string, Known>();

  constructor(deps: ExcessDeps) {
    this.#deps = deps;
  }

  /** Null: its answers cost at most what they may. */
  async of(key: string): Promise<Excess | null> {
    const { store, gates, clock } = this.#deps;
    const known = this.#known.get(key);
    if (known === undefined || (clock.now() - known.readAt >= LOOK_MS && gates.processes() > 1)) {
      const stored = await store.excess(key);
      this.#keep(key, stored);
    }
    return this.at(key);
  }

  /** The same of a model that was asked for before. */
  at(key: string): Excess | null {
    return heldAt(this.#known.get(key)?.excess ?? null, this.#deps.clock.wall());
  }

  /** Holds at once for the next call here; a process that comes later finds it in the store. False when it is nothing new. */
  saw(key: string, excess: Excess): boolean {
    const known = this.at(key);
    // A provider that bills more for each answer is not written down for each.
    if (known && includes(known, excess) && excess.at - known.at < TOLD_MS) return false;
    this.#keep(key, excess);
    this.#deps.store
      .exceeded(key, excess)
      .then((all) => this.#keep(key, all))
      .catch((error: unknown) =>
        this.#deps.log.warn({ err: error }, 'what calls of a model cost beyond their worst case was not stored'),
      );
    return !known || !includes(known, excess);
  }

  #keep(key: string, found: Excess | null): void {
    const before = this.#known.get(key)?.excess ?? null;
    if (this.#known.size >= KEPT && !this.#known.has(key)) this.#known.clear();
    const excess = found === null ? before : joined(before, found);
    this.#known.set(key, { excess, readAt: this.#deps.clock.now() });
  }
}
