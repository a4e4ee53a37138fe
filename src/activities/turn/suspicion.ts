/**
 * Whether what a row met is its own, or wrong for every row: the request, or the address. Known once a call of the run was answered (then
 * it is the row's), or once several rows met the same, nothing is under way any more and no call was answered. And whether rows that failed
 * alike wait for the calls that are under way, in all processes.
 */
import type { CallFailure, Suspect } from '../../core/call-failure.js';
import type { EpochMs } from '../../core/model.js';
import type { Seed } from '../../schema/seed.js';

/** One row alone proves nothing, however it is refused. */
export const ALIKE_ROWS = 3;
/** As many are named. */
const NAMED = 5;

/** What is wrong for every row, and rows that met it, by their ids. */
export interface Alike {
  suspect: Suspect;
  rows: readonly string[];
  /** How many rows met it. */
  count: number;
}

type Failure = Pick<CallFailure, 'suspect' | 'status' | 'code'>;

export class Suspicion {
  /** Ids by index of the rows that met something, by what it was. */
  readonly #met = new Map<string, Map<number, string>>();
  readonly #waiting = new Set<() => void>();
  #underWay = 0;
  /** Rows that wait for the verdict, or act on it. */
  #weighing = 0;
  #answered: boolean;
  /** By the steady clock. */
  #alikeUntil = 0;

  /** @param answered the run has an answer already: there is nothing to suspect. */
  constructor(answered: boolean) {
    this.#answered = answered;
  }

  /** True while it is found out whether all calls are in vain: none begins. */
  holds(now: EpochMs): boolean {
    if (now < this.#alikeUntil) return true;
    return this.#weighing > 0 && [...this.#met.values()].some(({ size }) => size >= ALIKE_ROWS);
  }

  /** The store has said that so many rows failed alike that none may begin: it is asked again then. */
  alike(until: EpochMs): void {
    this.#alikeUntil = until;
  }

  /** A row ended well here, and the store knows it. */
  rowIsOk(): void {
    this.#alikeUntil = 0;
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** No call of the run is under way in this process. */
  get idle(): boolean {
    return this.#underWay === 0;
  }

  /** A call of the run, from its sending until what came back is known. */
  begins(): void {
    this.#underWay += 1;
  }

  ends(): void {
    this.#underWay -= 1;
    this.#look();
  }

  /** A call of the run was answered, here or elsewhere. */
  clear(): void {
    this.#answered = true;
    this.#met.clear();
    this.#look();
  }

  /**
   * Decides what becomes of a row whose call has ended so; null: what it met is its own. A row that was refused waits here for the calls that
   * are under way.
   */
  async weigh<T>(failure: Failure, seed: Pick<Seed, 'index' | 'id'>, decide: (alike: Alike | null) => Promise<T>): Promise<T> {
    this.#weighing += 1;
    try {
      return await decide(await this.#meets(failure, seed));
    } finally {
      this.#weighing -= 1;
    }
  }

  async #meets(failure: Failure, { index, id }: Pick<Seed, 'index' | 'id'>): Promise<Alike | null> {
    const { suspect = null } = failure;
    if (suspect === null || this.#answered) return null;
    const what = `${suspect} ${failure.status} ${failure.code}`;
    const rows = this.#met.get(what) ?? new Map<number, string>();
    this.#met.set(what, rows.set(index, id));
    // An unreadable answer is asked for again anyway.
    if (suspect === 'address' && rows.size < ALIKE_ROWS) return null;
    while (!this.#answered && this.#underWay > 0) await this.#news();
    if (this.#answered || rows.size < ALIKE_ROWS) return null;
    return { suspect, rows: [...rows.values()].slice(0, NAMED), count: rows.size };
  }

  async #news(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #look(): void {
    if (!this.#answered && this.#underWay > 0) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
