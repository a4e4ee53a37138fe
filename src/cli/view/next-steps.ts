/** What to type next when a run rests or has failed rows. Pure. */
import type { Progress } from '../../client/api.js';

type Resting = Pick<Progress, 'run' | 'state' | 'reason' | 'message' | 'failed'>;

function afterCap({ run, message }: Resting): string[] {
  const next = `go on when the next day has begun: swarm resume ${run}`;
  const higher = `SWARM_MAX_DAILY_COST=USD swarm resume ${run}`;
  if (message?.includes('SWARM_MAX_DAILY_COST of its command')) return [next, `go on with a higher cap: ${higher}`];
  if (message?.includes('SWARM_MAX_DAILY_COST')) return [next, `go on with a higher cap: swarm stop; ${higher}`];
  if (message?.includes('max_daily_cost')) return [next, `go on with a higher cap: swarm resize ${run} --max-daily-cost USD`];
  return [`go on with a higher cap: swarm resize ${run} --max-cost USD`];
}

/** A line for each way to go on; none while the run goes on by itself or nothing is left to do. */
export function nextSteps(rest: Resting): string[] {
  const { run, state, reason, message, failed } = rest;
  switch (state) {
    case 'capped':
      return afterCap(rest);
    case 'paused':
      return [`${reason === 'user' ? 'go on' : 'go on when it is mended'}: swarm resume ${run}`];
    case 'interrupted':
      // What interrupted it mostly says so itself.
      return message?.includes(`swarm resume ${run}`) ? [] : [`go on: swarm resume ${run}`];
    case 'completed':
      return failed > 0 ? [`do the failed rows again: swarm retry ${run}`] : [];
    default:
      return [];
  }
}
