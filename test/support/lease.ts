/** A lease that a test holds in its hand. */
import type { OwnerRow } from '../../src/store/port/workers.js';
import type { LeaseOfShares } from '../../src/worker/gates/limit-shares.js';

export class TestLease implements LeaseOfShares {
  term = 1;
  isValid = true;
  isAlone = true;
  /** Other owners that are dead. */
  deadOnes: OwnerRow[] = [];
  readonly others: OwnerRow[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(readonly owner: string) {}

  owners(): readonly OwnerRow[] {
    return this.others;
  }

  valid(): boolean {
    return this.isValid;
  }

  alone(): boolean {
    return this.isAlone;
  }

  living(): OwnerRow[] {
    return this.others.filter(({ leaseUntil }) => leaseUntil > Date.now());
  }

  dead(): OwnerRow[] {
    return this.deadOnes;
  }

  onLapse(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The lease was lost and is taken again. */
  lapse(): void {
    this.term += 1;
    this.isValid = true;
    for (const listener of this.#listeners) listener();
  }
}
