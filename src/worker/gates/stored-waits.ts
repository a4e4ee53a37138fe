/**
 * What the runs of this process wait for, told to the store for status, live views and the Web UI. The reason of most of the last looks
 * counts, so that a queue that is empty for a moment changes nothing; one row a run, written when the reason changes.
 */
import { type Clock, toWall } from '../../core/clock.js';
import type { Hold } from '../../core/gate/line.js';
import type { Wait } from '../../core/gate/wait.js';
import type { EpochMs } from '../../core/model.js';
import type { Store } from '../../store/port/store.js';

const LOOKS = 6;
/** A time that comes sooner is over before anybody has read it. */
const NEAR_MS = 1_000;
/** Rewritten at most this often for a time that moves. */
const REWRITE_MS = 1_000;

/** One look at a run. */
export interface SeenHold {
  hold: Hold;
  /** Turns that wait. */
  turns: number;
}

interface Told {
  reasons: Hold['why'][];
  /** The reason of most of the last looks, and since when. */
  why: Hold['why'];
  since: EpochMs;
  /** As it was written but with steady times, when, and by how much the wall was ahead of them. */
  written: Wait | null;
  writtenAt: EpochMs;
  writtenAhead: number;
}

export interface ToldWaitsOptions {
  store: Pick<Store, 'setWait'>;
  owner: string;
  clock: Clock;
}

/** The provider takes no calls: no average is needed to see that. */
const CLEAR: readonly Hold['why'][] = ['breaker', 'refused', 'quota', 'paused'];

export class ToldWaits {
  readonly #options: ToldWaitsOptions;
  readonly #told = new Map<string, Told>();

  constructor(options: ToldWaitsOptions) {
    this.#options = options;
  }

  /** To be called a few times a second for every run. Throws what the store throws. */
  async look(runId: string, seen: SeenHold): Promise<void> {
    const { store, owner, clock } = this.#options;
    const at = clock.now();
    const ahead = toWall(clock, 0);
    const known = this.#told.get(runId);
    const told: Told = known ?? { reasons: [], why: 'nothing', since: at, written: null, writtenAt: 0, writtenAhead: 0 };
    this.#told.set(runId, told);
    told.reasons = [...told.reasons, seen.hold.why].slice(-LOOKS);
    const why = CLEAR.includes(seen.hold.why) ? seen.hold.why : mostOf(told.reasons);
    if (why !== told.why) Object.assign(told, { why, since: at });
    const wait = waitOf(told, seen, at);
    // A wall that was set makes what is written untrue.
    const moved = wait !== null && Math.abs(ahead - told.writtenAhead) >= NEAR_MS;
    if (!moved && !differs(told.written, wait, at - told.writtenAt)) return;
    await store.setWait(owner, runId, wait && onTheWall(wait, ahead));
    Object.assign(told, { written: wait, writtenAt: at, writtenAhead: ahead });
  }

  /** The run is over here. */
  async forget(runId: string): Promise<void> {
    const told = this.#told.get(runId);
    this.#told.delete(runId);
    if (told?.written) await this.#options.store.setWait(this.#options.owner, runId, null);
  }
}

/** The newest of those that were seen most often. */
function mostOf(reasons: readonly Hold['why'][]): Hold['why'] {
  const counts = new Map<Hold['why'], number>();
  for (const why of reasons) counts.set(why, (counts.get(why) ?? 0) + 1);
  let most: Hold['why'] = 'nothing';
  for (const why of reasons) if ((counts.get(why) ?? 0) >= (counts.get(most) ?? 0)) most = why;
  return most;
}

function waitOf({ why, since }: Told, { hold, turns }: SeenHold, now: EpochMs): Wait | null {
  if (why === 'nothing') return null;
  const { until } = hold;
  const wait: Wait = {
    why,
    since,
    until: hold.why === why && until !== null && until - now >= NEAR_MS ? Math.ceil(until) : null,
    turns,
  };
  const { answers, failure } = hold;
  if (why === 'slow' && answers) Object.assign(wait, { answerMs: Math.round(answers.ms), usualMs: Math.round(answers.usualMs) });
  if ((why === 'breaker' || why === 'retry') && failure) Object.assign(wait, { failure });
  return wait;
}

/** Its times as others may read them. */
function onTheWall(wait: Wait, ahead: number): Wait {
  const { since, until, failure } = wait;
  const times = { since: since + ahead, until: until === null ? null : until + ahead };
  return { ...wait, ...times, ...(failure && { failure: { ...failure, since: failure.since + ahead } }) };
}

/** Turns that wait change at every look: they are only told with something else. */
function differs(written: Wait | null, wait: Wait | null, agoMs: number): boolean {
  if (written === null || wait === null) return written !== wait;
  if (written.why !== wait.why || written.since !== wait.since) return true;
  if (agoMs < REWRITE_MS) return false;
  const near = (a: number | null | undefined, b: number | null | undefined) => a === b || Math.abs((a ?? 0) - (b ?? 0)) < NEAR_MS;
  const [before, after] = [written.failure, wait.failure];
  if (before?.text !== after?.text || before?.since !== after?.since) return true;
  return !near(written.until, wait.until) || !near(written.answerMs, wait.answerMs);
}
