/** The question whether a call may be made, and its answers. */

import type { EpochMs, NanoUsd } from '../../core/model.js';
import type { CapName } from '../../core/money/reservation.js';
import type { Role } from '../../core/phases.js';
import type { RunStop } from '../../core/run-stop.js';
import type { CallKey } from './store.js';
import type { KnownLease } from './workers.js';

export interface Intent extends CallKey {
  epoch: number;
  /** Name of the phase, and what the model does in it. */
  phase: string;
  role: Role;
  /** Id of the process that makes the call. */
  owner: string;
  /** The most that the call may cost; null when its price is not known: then it goes only where there is no cap. */
  reservedNano: NanoUsd | null;
  at: EpochMs;
  /** Owners that are dead for sure: their open calls are doubtful. @default none */
  overdue?: readonly KnownLease[];
  /** Zone of the run's calendar days. @default UTC */
  timeZone?: string;
  /** Cap of this process for all runs of a day. @default none */
  homeCap?: DayCap | null;
  /** Answers of the model have cost more than they may: `WARY_TIMES` of reservation.ts. @default false */
  wary?: boolean;
  /** No money is spent: it is in no day's sum, and no day's cap holds it back. @default false */
  simulated?: boolean;
  /** So many rows in a row failed alike: no call goes before those under way have ended; null: however many. @default PAUSE_AFTER */
  pauseAfter?: number | null | undefined;
}

export interface DayCap {
  capNano: NanoUsd;
  timeZone: string;
}

/** No cap may be passed: this call waits or is not made. */
export interface Capped {
  kind: 'capped';
  cap: CapName;
  capNano: NanoUsd;
  /** What the call lacks under this cap. */
  shortNano: NanoUsd;
  /** What calls in doubt hold of this cap. */
  heldNano: NanoUsd;
  /** Even with no other call under way it would not fit. */
  final: boolean;
  /** When the day of the cap is over; null for the other caps. */
  until: EpochMs | null;
  /** As in the intent. */
  wary?: boolean;
}

/** There is a cap, and nobody knows what the call may cost. */
export interface Unpriced {
  kind: 'unpriced';
  cap: CapName;
}

/** No call of the run may begin, of any process: it is cancelled, stopped, or else paused. */
export interface Halted {
  kind: 'halted';
  cancelled: boolean;
  stop: RunStop | null;
}

/** So many rows in a row failed alike that the calls under way have to show whether all do. */
export interface Alike {
  kind: 'alike';
}

export type IntentResult =
  | { kind: 'go'; attempt: number }
  /** Settled + reserved + doubtful + this one would pass a cap. */
  | Capped
  | Unpriced
  | Halted
  | Alike
  /** The answer is stored already: read it. */
  | { kind: 'answered' }
  /** The seed has its outcome already. */
  | { kind: 'done' }
  /** Under way in another live process. */
  | { kind: 'elsewhere'; owner: string };
