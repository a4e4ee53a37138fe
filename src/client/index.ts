/** The library. Loads no worker, no model adapter and no host: those live in the host's own process. */

export { EXIT, type ExitCode, type Place, type Problem, SwarmError } from '../core/errors.js';
export type { Estimate } from '../core/estimate.js';
export type { Interval } from '../core/interval.js';
export type { Counts, FailureCause, FailureGroup, Finish, Outcome, RunState, StopCause, Usage } from '../core/model.js';
export type { Role } from '../core/phases.js';
export type { ResizeOptions } from '../core/resize.js';
export type { CheckReport } from '../runs/check.js';
export type { ModelCheck } from '../runs/model-check.js';
export type { FoundLimits, ListOptions, Progress, SpendWarning } from '../runs/progress.js';
export type { FoundOutcome, RunResult } from '../runs/results.js';
export type { RunWait, Standing } from '../runs/standing.js';
export type { Rows, SeenRows, StartNotes, StartOptions } from '../runs/start-options.js';
export type { SeedContent } from '../schema/seed.js';
export type { ConnectOptions, RunHandle, StartedRun, Swarm } from './api.js';
export { connect } from './connect.js';
