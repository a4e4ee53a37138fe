/** The named points at which a host may die, and what each may cost. */
import type { Findings } from '../checker.js';
import type { FrontPoint } from './front.js';

export interface Point {
  name: string;
  /** Calls that are paid for again: exactly so many. */
  paidAgain: 0 | 1;
  /** Calls that are listed as doubtful: also one that was reserved and never sent. Null: as many as were reserved at that moment. */
  doubtful: 0 | 1 | null;
  /** One where the call at the point shall be the only one there is. */
  rows: number;
  /** Default 1. Two: each is an activity of its own. */
  turns?: number;
  /** Of each call. Default 10. Long: the row's activity is here before its first turn ends, or the host begins the second one ahead of it. */
  latencyMs?: number;
  /** In `npm run soak` alone: what a neighbour of it shows in less time is in `npm test`. @default false */
  soakOnly?: true;
  /** What the door before the provider does. Null: calls pass. */
  front: FrontPoint | null;
}

/** Rows of the points at the files. */
const SOME = 12;

export const POINTS: readonly Point[] = [
  { name: 'before reserve', soakOnly: true, paidAgain: 0, doubtful: 0, rows: 1, front: null },
  { name: 'after reserve', paidAgain: 0, doubtful: 1, rows: 1, front: null },
  { name: 'after send', paidAgain: 1, doubtful: 1, rows: 1, front: 'after send' },
  { name: 'mid body', paidAgain: 1, doubtful: 1, rows: 1, front: 'mid body' },
  { name: 'after body', paidAgain: 1, doubtful: 1, rows: 1, front: null },
  { name: 'after journal', paidAgain: 0, doubtful: 0, rows: 1, front: null },
  { name: 'after complete', soakOnly: true, paidAgain: 0, doubtful: 0, rows: 1, turns: 2, latencyMs: 2_000, front: null },
  // Partial output is written while calls are under way: those at the door were reserved.
  { name: 'mid append', paidAgain: 0, doubtful: null, rows: SOME, front: 'hold' },
  { name: 'after append', soakOnly: true, paidAgain: 0, doubtful: null, rows: SOME, front: 'hold' },
  { name: 'mid finalize', paidAgain: 0, doubtful: 0, rows: SOME, front: null },
  { name: 'after fsync', soakOnly: true, paidAgain: 0, doubtful: 0, rows: SOME, front: null },
  { name: 'mid rename', paidAgain: 0, doubtful: 0, rows: SOME, front: null },
];

/** Of any point. */
export const MOST_ROWS = Math.max(...POINTS.map(({ rows }) => rows));

/** How a run ended whose host died at a point. */
export interface PointEnd {
  findings: Findings;
  /** Of the run, as its command told it. */
  state: string;
  /** What went wrong beside the result: processes left, keys in files. */
  wrong: string[];
}

/** What is not as the table says, a line each. */
export function pointProblems(point: Point, { findings, state, wrong }: PointEnd): string[] {
  const { broken, paidAgain, doubtful } = findings;
  const problems = [...wrong, ...broken];
  if (state !== 'completed') problems.push(`the run ended as ${state}`);
  if (paidAgain !== point.paidAgain) problems.push(`${paidAgain} calls paid again, not ${point.paidAgain}`);
  if (point.doubtful !== null && doubtful !== point.doubtful) problems.push(`${doubtful} doubtful calls, not ${point.doubtful}`);
  return problems;
}
