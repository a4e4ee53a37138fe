/** The library's types: what a program sees of durable-swarm. `connect()` in connect.ts fills them. */

import type { ResizeOptions } from '../core/resize.js';
import type { ListOptions, Progress } from '../runs/progress.js';
import type { FoundOutcome, RunResult } from '../runs/results.js';
import type { Rows, StartNotes, StartOptions } from '../runs/start-options.js';

/** Where `connect` looks, and whom it tells. */
export interface ConnectOptions {
  /** Home folder: store, host, logs. @default `SWARM_HOME`, else the user's state folder */
  home?: string;
  /** Told what starting the host does ("building temporal, 3 of 7 minutes"), a line each. @default nobody */
  onProgress?: (line: string) => void;
}

/** A run as a program holds it. Requests to a run that is gone throw E_RUN_UNKNOWN. */
export interface RunHandle {
  /** Id of the run, as `swarm runs` lists it. */
  readonly id: string;
  /** How it stands now, from the store alone. */
  progress(): Promise<Progress>;
  /**
   * Outcomes in order of arrival, from the first (or behind the `seq` that `after` names), until the run ends. An aborted signal throws its
   * reason. Throws like `result`.
   */
  outcomes(options?: { after?: number; signal?: AbortSignal }): AsyncIterable<FoundOutcome>;
  /**
   * Resolves when the run has ended and its output is published; failed rows, caps and refusals are results, no errors. An aborted signal stops
   * the waiting, not the run. Throws E_RUN_ENDED, E_HOST_STOPPED, E_HOST_DIES, E_DISK_FULL, E_RUN_DISK: what keeps the run from ending.
   */
  result(options?: { signal?: AbortSignal }): Promise<RunResult>;
  /** No more calls are started; those under way finish. Throws E_TEMPORAL_UNREACHABLE (exit 4). */
  pause(): Promise<void>;
  /** Goes on, also with a run that a cap or a refusal stopped. Throws E_KEY_MISSING, E_KEY_FORMAT (exit 5), E_TEMPORAL_UNREACHABLE (exit 4). */
  resume(): Promise<void>;
  /** New limits for all processes at once. Throws E_CLI_VALUE, and E_PRICE_UNKNOWN for a cap over a price that nobody knows (exit 2). */
  resize(options: ResizeOptions): Promise<void>;
  /** Ends the run for good; what is done is published. Throws E_TEMPORAL_UNREACHABLE (exit 4). */
  cancel(): Promise<void>;
  /**
   * Failed rows (of one cause) are done again; the handle then follows the new epoch. Returns how many. A run under way is waited for;
   * with `wait: false` that is E_LOCKED (exit 6), as for a paused one with rows left.
   */
  retry(options?: { cause?: string; wait?: boolean }): Promise<number>;
}

/** A run that was just started or joined. */
export interface StartedRun extends RunHandle {
  /** What the starter should be told. */
  start: StartNotes;
}

/** A connection to a home, and the host of it once that is needed. */
export interface Swarm {
  /**
   * Validates, stages the rows, starts or resumes. `task` is a path or an object with the keys of the file; the rows are those of
   * its `seeds_file`, or `seeds`. Throws before any call is made: bad input with all its problems (exit 2), E_KEY_MISSING and E_KEY_FORMAT
   * (exit 5), E_LOCKED (exit 6), and what the start of a host fails with (exit 4 or 7).
   */
  start(task: string | object, options?: StartOptions): Promise<StartedRun>;
  /** The same, with the rows as an argument of its own. */
  start(task: string | object, seeds: Rows, options?: StartOptions): Promise<StartedRun>;
  /** The handle of a run that is in the store. Throws E_RUN_UNKNOWN. */
  get(run: string): Promise<RunHandle>;
  /** Newest first. */
  runs(options?: ListOptions): Promise<Progress[]>;
  /** Address in the Web UI of the embedded server, of a run or of all; null with a cluster of the user and with SWARM_UI=off. Throws E_RUN_UNKNOWN. */
  webUi(run?: string): Promise<string | null>;
  /** Lets go of host and store. Detached runs go on; others are interrupted when nobody else follows them. */
  close(): Promise<void>;
}
