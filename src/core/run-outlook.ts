/** What people and programs are told of a run while it goes on: what it waits for, the limits found, what the rows left will take. Pure. */
import { type Estimate, repriced, restOf, SAMPLED_ROWS, type SampledRow, speedOf } from './estimate.js';
import type { Learned } from './gate/learned.js';
import { heaviest, type Wait, type WaitFacts, waitText } from './gate/wait.js';
import type { Counts, EpochMs } from './model.js';
import { costOf, type TokenPrice } from './money/price.js';
import type { Role } from './phases.js';

/** What the store says of a run at one moment. */
export interface LookFacts {
  /** Id. */
  run: string;
  control: Pick<WaitFacts, 'concurrency' | 'auto' | 'requestsPerMinute' | 'tokensPerMinute'> & { paused: boolean };
  learned: Learned | null;
  /** Of every process that works on it. */
  waits: readonly Wait[];
  /** Those of `FirstRows`. */
  rows: readonly SampledRow[];
  /** Rows without an outcome. */
  left: number;
  /** Price that the task gives, today; null = it gives none, and the rows were done at that of the list. */
  price: TokenPrice | null;
  /** That the price is of. */
  role: Role;
}

export interface Look {
  found: Pick<WaitFacts, 'callsPerSecond' | 'callsInFlight'>;
  /** The heaviest wait, with its text; null when nobody waits. */
  wait: (Wait & { text: string }) | null;
  /** Null before the first rows have shown it, and when none are left. */
  rest: Estimate | null;
}

export function lookAt({ run, control, learned, waits, rows, left, price, role }: LookFacts, now: EpochMs): Look {
  const found = { callsPerSecond: learned?.pace ?? null, callsInFlight: learned?.window ?? null };
  // Told by the gates a moment ago: a run that was let go on waits for nobody.
  const wait = heaviest(waits.filter(({ why }) => why !== 'paused' || control.paused));
  return {
    found,
    wait: wait && { ...wait, text: waitText(wait, { run, ...control, ...found }, now) },
    rest: restOf(price === null ? rows : repriced(rows, role, (usage) => costOf(price, usage)), left, speedOf(control, learned)),
  };
}

/** What `FirstRows` needs to know of the run: its totals, and which of its epochs it is in. */
export type RowsDone = Counts & { epoch: number /** Highest sequence number of an outcome. */; seq: number };

/**
 * The first rows of one run, the sample of what its other rows will take. A row that is done changes only with the next epoch, so they are
 * read again only while some are missing and another row is done: the read is the dearest part of a look.
 */
export class FirstRows {
  readonly #read: (count: number) => Promise<SampledRow[]>;
  #kept: { rows: readonly SampledRow[]; epoch: number; seq: number } | null = null;

  constructor(read: (count: number) => Promise<SampledRow[]>) {
    this.#read = read;
  }

  /** Empty when nothing can be said by them: no row is done, or none is left. */
  async at({ total, ok, failed, filtered, epoch, seq }: RowsDone): Promise<readonly SampledRow[]> {
    const done = ok + failed + filtered;
    if (done === 0 || done >= total) return [];
    const kept = this.#kept;
    if (kept?.epoch === epoch && (kept.seq === seq || kept.rows.length === SAMPLED_ROWS)) return kept.rows;
    const rows = await this.#read(SAMPLED_ROWS);
    this.#kept = { rows, epoch, seq };
    return rows;
  }
}
