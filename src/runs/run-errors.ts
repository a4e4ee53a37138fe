/** Why a run cannot be followed or changed, as errors for people. */
import { EXIT, SwarmError } from '../core/errors.js';

export function stillPaused(runId: string): SwarmError {
  return new SwarmError(
    {
      code: 'E_LOCKED',
      found: `run ${runId} is paused and has rows left; failed rows are done again once it has ended`,
      fix: `first: swarm resume ${runId}; at its end: swarm retry ${runId}`,
    },
    EXIT.locked,
  );
}

export function stillRunning(runId: string): SwarmError {
  return new SwarmError(
    {
      code: 'E_LOCKED',
      found: `run ${runId} is under way; failed rows are done again once it has ended`,
      fix: `swarm watch ${runId}, then retry with --detach; or swarm retry ${runId}, which waits for its end`,
    },
    EXIT.locked,
  );
}

export function endedEarly(runId: string, why: string, cause?: unknown): SwarmError {
  return new SwarmError(
    {
      code: 'E_RUN_ENDED',
      found: `the workflow of run ${runId} ended before its time: ${why}`,
      fix: `go on with: swarm resume ${runId}`,
    },
    EXIT.failedRows,
    { cause },
  );
}

/** Somebody stopped the host under a client that follows a run. */
export function hostStopped(runId: string, detached: boolean): SwarmError {
  return new SwarmError(
    {
      code: 'E_HOST_STOPPED',
      found: `the host was stopped (swarm stop, or a signal) before run ${runId} had ended; what was answered is kept`,
      fix: detached ? 'it goes on by itself after: swarm start' : `go on with: swarm resume ${runId}`,
    },
    EXIT.unreachable,
  );
}

/** Each host was gone before a call of the run was answered. */
export function hostsDie(runId: string, times: number): SwarmError {
  return new SwarmError(
    {
      code: 'E_HOST_DIES',
      found: `${times} hosts in a row died before run ${runId} got another answer; what was answered is kept`,
      fix: `look at host.log of the home, and whether the system ends the host for want of memory; then go on with: swarm resume ${runId}`,
    },
    EXIT.unreachable,
  );
}

/** A disk failed, and the store could not be told of the run's end. `message` is what closeRun met. */
export function untoldFault(runId: string, message: string | null): SwarmError {
  return new SwarmError(
    {
      code: 'E_RUN_DISK',
      found: `run ${runId} is paused: a disk failed, and the store could not take that down${message === null ? '' : `\n${message}`}`,
      fix: 'mend the disk, then run the same command again: it goes on, and nothing that was stored is paid for again',
    },
    EXIT.diskWrite,
  );
}
