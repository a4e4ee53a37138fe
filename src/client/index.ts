/** The library. Loads no worker, no model adapter and no host: those live in the host's own process. */

export { EXIT, type Problem, SwarmError } from '../core/errors.js';
export type { Counts, FailureCause, Finish, Outcome, RunState, StopCause, Usage } from '../core/model.js';
export type {
  CheckReport,
  ConnectOptions,
  FoundLimits,
  ListOptions,
  Progress,
  ResizeOptions,
  Rows,
  RunHandle,
  RunResult,
  StartedRun,
  StartNotes,
  StartOptions,
  Swarm,
} from './api.js';
export { connect } from './connect.js';
