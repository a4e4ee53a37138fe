/** The gate as the turn sees it. One gate per provider, endpoint, model and key; every model call passes one. */

import type { EpochMs } from '../model.js';
import type { RefusedFor } from './learned.js';
import type { ToldLimits } from './told-limits.js';

export interface AdmissionRequest {
  runId: string;
  /** Later turns go first. 1-based. */
  turn: number;
  /** Estimated tokens of the prompt. */
  promptTokens: number;
  /** The most tokens that the answer may have. */
  maxTokens: number;
  interactive: boolean;
}

/** What ended a call, for the gate's limits. */
export type Release =
  /** Answered, or refused for a reason of its own. `tokens` are those really used, as the provider reported them. */
  | { kind: 'done'; tokens?: { input: number; output: number } | null; told?: ToldLimits | null }
  /** No connection, cut, timed out, 5xx. `what` in words, for people. */
  | { kind: 'failed'; what?: string }
  /** No call was made, and none of the run can be made before money comes back. */
  | { kind: 'unused' }
  /** A limit signal; `until` is when the provider would take this call again. */
  | {
      kind: 'limited';
      until: EpochMs;
      what?: RefusedFor;
      /** True: what is used up is the quota of a day. @default false */
      quota?: boolean;
      /** False: it is no limit, so nothing is learned of one (overload, money). @default true */
      teaches?: boolean;
      told?: ToldLimits | null;
    };

export type Admission =
  /**
   * The caller may write its intent, then waits in `enter` for its place among the calls under way, then sends.
   * It must call `release` once, whatever happens; more often does no harm.
   */
  | { kind: 'go'; enter(): Promise<Entry>; release(how: Release): void }
  /** Not within the patience given; come back at `until`. */
  | { kind: 'wait'; until: EpochMs; reason: Bottleneck }
  | { kind: 'paused' }
  | { kind: 'cancelled' };

/** `send`: now. Else nothing may be sent any more, and the intent is taken back. */
export type Entry = { kind: 'send' } | Exclude<Admission, { kind: 'go' }>;

/**
 * What a run waits for. `concurrency`: its own workers, `slow`: the same, while answers take much longer than usual; `provider`: a limit
 * that the provider keeps and nobody told; `breaker`: it answers nobody; `refused`: it refuses every call, `quota`: until its next day;
 * `retry`: no turn is here, some wait to be tried again.
 */
export type Bottleneck =
  | 'concurrency'
  | 'slow'
  | 'requests/min'
  | 'tokens/min'
  | 'provider'
  | 'breaker'
  | 'refused'
  | 'quota'
  | 'money'
  | 'stagger'
  | 'retry'
  | 'paused'
  | 'nothing';

export interface GatePort {
  /** Waits at most `patienceMs`. An aborted signal is `cancelled`; the cancel of a run that waits reaches the gate by its control row. */
  admit(request: AdmissionRequest, patienceMs: number, signal: AbortSignal): Promise<Admission>;
  /** Money is short: the run's tickets wait until one of its calls is settled. */
  blockOnMoney(runId: string): void;
  /** A turn of the run is to be tried again then, and waits elsewhere. */
  rests(runId: string, until: EpochMs): void;
  /** Turns of the run that were admitted through this gate in this process and are not over. */
  inFlight(runId: string): number;
  bottleneck(runId: string): Bottleneck;
}
