/** What to type next when a run rests or has failed rows. Pure. */
import { typedUsd } from '../../core/format.js';
import type { Progress } from '../../runs/progress.js';
import { retrySteps } from './failures.js';

type Resting = Pick<Progress, 'run' | 'state' | 'reason' | 'message' | 'failed' | 'failures' | 'maxCostUsd' | 'today'>;

/** Twice the cap, as it is typed: a number that works as it stands, to be changed by who wants another. */
function higher(capUsd: number | null | undefined): string {
  return capUsd ? typedUsd(2 * capUsd) : '1';
}

/** The cap of a host or of a command, which this program's environment need not have. */
const ENVIRONMENT_CAP = /SWARM_MAX_DAILY_COST[^($]*\(\$([\d.]+)\)/;

function afterCap({ run, message, maxCostUsd, today }: Resting): string[] {
  const next = `go on when the next day has begun: swarm resume ${run}`;
  const raise = (option: string, capUsd: number | null | undefined) =>
    `go on with a higher cap, such as: swarm resize ${run} ${option} ${higher(capUsd)}`;
  if (message?.includes('SWARM_MAX_DAILY_COST')) {
    const told = ENVIRONMENT_CAP.exec(message)?.[1];
    const own = `SWARM_MAX_DAILY_COST=${higher(told === undefined ? today?.maxCostUsd : Number(told))} swarm resume ${run}`;
    const stop = message.includes('SWARM_MAX_DAILY_COST of its command') ? '' : 'swarm stop; ';
    return [next, `go on with a higher cap, such as: ${stop}${own}`];
  }
  if (message?.includes('max_daily_cost')) return [next, raise('--max-daily-cost', today?.maxCostUsd)];
  return [raise('--max-cost', maxCostUsd)];
}

/** What the task says was refused, or fails its rows: it may have to change. */
const OF_TASK: readonly Resting['reason'][] = ['request', 'systematic'];

function afterPause({ run, reason }: Resting): string[] {
  if (reason === 'user') return [`go on: swarm resume ${run}`];
  const mended = `go on when it is mended: swarm resume ${run}`;
  if (!OF_TASK.includes(reason)) return [mended];
  return [mended, 'go on with a changed task, and keep the rows that are done: swarm run TASK --changed keep'];
}

/** A line for each way to go on; none while the run goes on by itself or nothing is left to do. */
export function nextSteps(rest: Resting): string[] {
  const { run, state, message, failed, failures } = rest;
  switch (state) {
    case 'capped':
      return afterCap(rest);
    case 'paused':
      return afterPause(rest);
    case 'interrupted':
      // What interrupted it mostly says so itself.
      return message?.includes(`swarm resume ${run}`) ? [] : [`go on: swarm resume ${run}`];
    case 'completed':
      return retrySteps(run, failed, failures);
    default:
      return [];
  }
}
