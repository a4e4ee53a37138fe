/** What all worker processes have in common: queues, rates, shares of limits, owners and the activities that run in them. */

import type { Learned } from '../../core/gate/learned.js';
import type { Share, ShareAsk, ShareHolder } from '../../core/gate/shares.js';
import type { Wait } from '../../core/gate/wait.js';
import type { EpochMs } from '../../core/model.js';
import type { Excess } from '../../core/money/excess.js';

/**
 * How long after the end of its lease an owner that may only be slow keeps its calls: to end them is to pay for them again. Who is known to
 * be dead is ended sooner, by `endOwner`.
 */
export const OVERDUE_MS = 15_000;

export interface QueueRow {
  /** Temporal task queue: `llm.<provider>.<model>`. */
  name: string;
  provider: string;
  model: string;
  requestsPerMinute: number | null;
  /** Mean call time that was measured last; null keeps what is known. */
  callMs: number | null;
  lastUsedAt: EpochMs;
}

/** A process that makes calls. */
export interface OwnerRow {
  id: string;
  /** Home that its calls are booked under. */
  home: string;
  /** Id of the Temporal namespace that its activities belong to; empty until it is known. */
  temporal: string;
  leaseUntil: EpochMs;
}

/** An owner, and the lease that it was judged by: one that has beaten since lives. */
export type KnownLease = Pick<OwnerRow, 'id' | 'leaseUntil'>;

/** What one process has of a limit. */
export interface ShareRow extends ShareHolder, Share {
  key: string;
}

/** What a process asks of one limit. */
export interface KeyedAsk extends Pick<ShareAsk, 'limit' | 'wanted' | 'held'> {
  /** Names the limit: `run/<id>` for the concurrency of a run. */
  key: string;
}

export interface ShareRequest {
  owner: string;
  at: EpochMs;
  /** Owners that are dead have nothing any more. */
  dead: readonly KnownLease[];
  asks: readonly KeyedAsk[];
}

export interface SharedStore {
  /** Adds or changes a queue; returns what is known of it now. */
  registerQueue(queue: QueueRow): Promise<QueueRow>;
  queues(usedSince: EpochMs): Promise<QueueRow[]>;
  /**
   * Takes `count` send slots of a rate shared by all processes. Slots are `intervalMs` apart; the first is at or after `now`, a time of the
   * wall. Returns the time of the first one. Where the wall was set back since the last slots, what was owed then is owed from now on.
   */
  takeSlots(rateKey: string, count: number, intervalMs: number, now: EpochMs): Promise<EpochMs>;
  /** What was learned of a gate's limits; null when nothing was. */
  limits(gateKey: string): Promise<Learned | null>;
  setLimits(gateKey: string, learned: Learned): Promise<void>;
  /** By how much answers of a model have cost more than they may, as far as it was seen lately; null = they did not. */
  excess(modelKey: string): Promise<Excess | null>;
  /** Adds what was seen just now. Returns all that was seen lately. */
  exceeded(modelKey: string, excess: Excess): Promise<Excess>;
  /** What a run waits for in a process; null = for nothing. */
  setWait(owner: string, runId: string, wait: Wait | null): Promise<void>;
  /** What a run waits for, in each process whose lease holds at a time. */
  waits(runId: string, at: EpochMs): Promise<Wait[]>;
  /** Asks for shares of limits, all in one step; what each key got. */
  share(request: ShareRequest): Promise<Map<string, Share>>;
  /** What all processes have of these limits. */
  shares(keys: readonly string[]): Promise<ShareRow[]>;
  /** Gives back all that an owner has of these limits. */
  endShares(owner: string, keys: readonly string[]): Promise<void>;
  /** Says that this owner is alive until a time of its wall; 0 = it has ended. */
  beat(owner: { id: string; home: string; pid: number; temporal?: string }, until: EpochMs): Promise<void>;
  /** All owners that were not ended, also those whose lease is over. */
  owners(): Promise<OwnerRow[]>;
  /** Ends owners of this home except `keep`: their open calls become doubtful (crash). Returns the task tokens of activities that ran there. */
  endOwners(home: string, keep: string, at: EpochMs): Promise<string[]>;
  /**
   * Ends one owner if its lease is still the one that it was judged by: its open calls become doubtful (crash), its shares are free, its
   * activities belong to `successor`. Returns their task tokens; null when it is alive or somebody else was quicker.
   */
  endOwner(owner: KnownLease, successor: string, at: EpochMs): Promise<string[] | null>;
  activityStarted(owner: string, taskToken: string): Promise<void>;
  activityEnded(taskToken: string): Promise<void>;
}
