/** Providers that keep a limit which nobody is told, in the ways in which real ones differ. No rule of the gate may fit just one. */
import type { ProviderModel } from './provider.js';

export interface Member {
  name: string;
  provider: ProviderModel;
  rows: number;
  /** Ms that the rows take at least. */
  idealMs: number;
  /** Calls refused, at most in the middle of the seeds; seconds beyond the ideal, at most in all of them. */
  goal: { refused: number; overS: number };
}

const LATENCY_MS = 200;
/** Calls/s. */
const RATE = 100;
const ROWS = 2_000;

/** 100 calls/s in a bucket of one second's worth. */
const bucket = (name: string, goal: Member['goal'], more: Partial<ProviderModel>): Member => {
  const provider = { latencyMs: LATENCY_MS, refusalMs: { median: 8, sigma: 0.7 }, rate: RATE, burst: RATE, ...more };
  return { name, provider, rows: ROWS, idealMs: ((ROWS - provider.burst) / RATE) * 1_000 + LATENCY_MS, goal };
};

/** 100 calls in each second. */
const second = (name: string, kind: 'fixed' | 'sliding', goal: Member['goal'], more: Partial<ProviderModel>): Member =>
  bucket(name, goal, { window: { kind, ms: 1_000, agoMs: 370 }, ...more });

const MINUTE_ROWS = 1_800;
const PER_MINUTE = 1_200;

/** 1,200 calls in each minute, all at once if they come so; the first one is 20 s old when the run begins. */
const minute = (name: string, kind: 'fixed' | 'sliding', goal: Member['goal'], more: Partial<ProviderModel>): Member => ({
  ...bucket(name, goal, { rate: PER_MINUTE / 60, window: { kind, ms: 60_000, agoMs: 20_000 }, ...more }),
  rows: MINUTE_ROWS,
  idealMs: (kind === 'fixed' ? 40_000 : 60_000) + LATENCY_MS,
});

const SECOND = { retryAfterMs: 1_000 };
const TOO_SHORT = { retryAfterMs: 20 };
const COUNT = { refusalsCount: true };

export const FAMILY: readonly Member[] = [
  bucket('bucket, each wait 1 s', { refused: 40, overS: 3 }, SECOND),
  bucket('bucket, no wait named', { refused: 40, overS: 7 }, {}),
  // What is left then are the last rows refused, which wait as long as they were told to.
  bucket('bucket, each wait 5 s, too long', { refused: 40, overS: 8 }, { retryAfterMs: 5_000 }),
  bucket('bucket, each wait 20 ms, too short', { refused: 40, overS: 3 }, TOO_SHORT),
  bucket('bucket, the true wait', { refused: 40, overS: 3 }, { retryAfterMs: 'exact' }),
  bucket('bucket of 20, each wait 1 s', { refused: 40, overS: 7 }, { ...SECOND, burst: 20 }),
  bucket('bucket of 400, each wait 1 s', { refused: 40, overS: 4 }, { ...SECOND, burst: 400 }),
  bucket('bucket, refusals count, each wait 1 s', { refused: 55, overS: 6 }, { ...SECOND, ...COUNT }),
  second('windows of a second, each wait 1 s', 'fixed', { refused: 60, overS: 12 }, SECOND),
  second('windows of a second, no wait named', 'fixed', { refused: 60, overS: 12 }, {}),
  second('sliding second, each wait 1 s', 'sliding', { refused: 45, overS: 9 }, SECOND),
  second('sliding second, no wait named', 'sliding', { refused: 45, overS: 9 }, {}),
  second('sliding second, refusals count, each wait 1 s', 'sliding', { refused: 60, overS: 9 }, { ...SECOND, ...COUNT }),
  second('sliding second, refusals count, each wait 20 ms', 'sliding', { refused: 60, overS: 9 }, { ...TOO_SHORT, ...COUNT }),
  // A window that opens is found by single calls, 15 s apart at most.
  minute('windows of a minute, each wait 1 s', 'fixed', { refused: 40, overS: 15 }, SECOND),
  minute('windows of a minute, no wait named', 'fixed', { refused: 40, overS: 15 }, {}),
  minute('windows of a minute, the true wait', 'fixed', { refused: 40, overS: 2 }, { retryAfterMs: 'exact' }),
  minute('sliding minute, each wait 1 s', 'sliding', { refused: 40, overS: 15 }, SECOND),
];
