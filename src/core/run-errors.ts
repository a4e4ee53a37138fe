/** A run that somebody named, and what is wrong with it, as errors for people. */
import { SwarmError } from './errors.js';

export function unknownRun(runId: string): SwarmError {
  return new SwarmError({ code: 'E_RUN_UNKNOWN', found: `there is no run ${runId}`, fix: 'list the runs with: swarm runs' });
}

/** The run's row. Throws E_RUN_UNKNOWN. */
export async function knownRun<Row>(store: { run(runId: string): Promise<Row | null> }, runId: string): Promise<Row> {
  const run = await store.run(runId);
  if (!run) throw unknownRun(runId);
  return run;
}

/** @param found why the run must stand still for what is asked. */
export function runBusy(runId: string, found: string): SwarmError {
  return new SwarmError({ code: 'E_RUN_BUSY', found, fix: `wait for its end, or pause it first: swarm pause ${runId}` });
}
