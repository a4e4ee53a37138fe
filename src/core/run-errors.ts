/** What is wrong with a run that somebody named, as errors for people. Pure. */
import { SwarmError } from './errors.js';

export function unknownRun(runId: string): SwarmError {
  return new SwarmError({ code: 'E_RUN_UNKNOWN', found: `there is no run ${runId}`, fix: 'list the runs with: swarm runs' });
}

/** @param found why the run must stand still for what is asked. */
export function runBusy(runId: string, found: string): SwarmError {
  return new SwarmError({ code: 'E_RUN_BUSY', found, fix: `wait for its end, or pause it first: swarm pause ${runId}` });
}
