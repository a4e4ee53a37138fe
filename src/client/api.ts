/** The library's types: what a program sees of durable-swarm. `connect()` in connect.ts fills them. */

import type { ResizeOptions } from '../core/resize.js';
import type { ListOptions, Progress } from '../runs/progress.js';
import type { FoundOutcome, RunResult } from '../runs/results.js';
import type { Rows, StartNotes, StartOptions } from '../runs/start-options.js';

export interface ConnectOptions {
  /** Default `SWARM_HOME` or the user's state folder. */
  home?: string;
  /** Told what starting the host does ("building temporal, 3 of 7 minutes"), a line each. */
  onProgress?: (line: string) => void;
}

export interface RunHandle {
  readonly id: string;
  progress(): Promise<Progress>;
  /** Outcomes in order of arrival, from the first (or after `after`), until the run ends. */
  outcomes(options?: { after?: number; signal?: AbortSignal }): AsyncIterable<FoundOutcome>;
  /** Resolves when the run has ended and its output is published. An aborted signal stops the waiting, not the run. */
  result(options?: { signal?: AbortSignal }): Promise<RunResult>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  resize(options: ResizeOptions): Promise<void>;
  cancel(): Promise<void>;
  /**
   * Failed rows (of one cause) are done again; the handle then follows the new epoch. Returns how many. A run under way is waited for;
   * with `wait: false` that is E_LOCKED (exit 6). @default wait: true
   */
  retry(options?: { cause?: string; wait?: boolean }): Promise<number>;
}

export type StartedRun = RunHandle & { start: StartNotes };

export interface Swarm {
  /**
   * Validates, stages the rows, starts or resumes. `task` is a path or an object with the keys of the file; the rows are those of
   * its `seeds_file`, or `seeds`. Bad input throws a SwarmError before any call is made.
   */
  start(task: string | object, options?: StartOptions): Promise<StartedRun>;
  start(task: string | object, seeds: Rows, options?: StartOptions): Promise<StartedRun>;
  /** Throws E_RUN_UNKNOWN. */
  get(run: string): Promise<RunHandle>;
  /** Newest first. */
  runs(options?: ListOptions): Promise<Progress[]>;
  /** Address in the Web UI of the embedded server, of a run or of all; null with a cluster of the user and with SWARM_UI=off. Throws E_RUN_UNKNOWN. */
  webUi(run?: string): Promise<string | null>;
  close(): Promise<void>;
}
