/** The library. Loads no worker, no model adapter and no host: those live in the host's own process. */

export { EXIT, type Problem, SwarmError } from '../core/errors.js';
export type { Counts, FailureCause, Finish, Outcome, RunState, StopCause, Usage } from '../core/model.js';
export type { ResizeOptions } from '../core/resize.js';
export type { CheckReport } from '../runs/check.js';
export type { FoundLimits, ListOptions, Progress } from '../runs/progress.js';
export type { RunResult } from '../runs/results.js';
export type { Rows, StartNotes, StartOptions } from '../runs/start-options.js';
export type { ConnectOptions, RunHandle, StartedRun, Swarm } from './api.js';
export { connect } from './connect.js';
