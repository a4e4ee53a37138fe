import type { ResizeOptions } from '../../client/api.js';
import { EXIT } from '../../core/errors.js';
import { usageError } from '../problems.js';
import { withRun } from '../run-by-id.js';
import type { Session } from '../session.js';
import { formatUsd } from '../view/format.js';

function changes({ concurrency, maxCost, requestsPerMinute }: ResizeOptions): string {
  const parts: string[] = [];
  if (concurrency !== undefined) parts.push(`${concurrency} calls in flight`);
  if (maxCost !== undefined) parts.push(maxCost === null ? 'no cap' : `at most ${formatUsd(maxCost)}`);
  if (requestsPerMinute !== undefined) {
    parts.push(requestsPerMinute === null ? 'no limit of requests/min' : `at most ${requestsPerMinute} requests/min`);
  }
  return parts.join(', ');
}

export interface ResizeFlags {
  concurrency?: number;
  maxCost?: number | 'none';
  requestsPerMinute?: number | 'none';
}

function resizeOptions({ concurrency, maxCost, requestsPerMinute }: ResizeFlags): ResizeOptions {
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(maxCost === undefined ? {} : { maxCost: maxCost === 'none' ? null : maxCost }),
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute: requestsPerMinute === 'none' ? null : requestsPerMinute }),
  };
}

/** `swarm resize RUN`: new limits, obeyed at once. */
export async function resize(session: Session, [run = '']: readonly string[], flags: ResizeFlags): Promise<number> {
  const options = resizeOptions(flags);
  if (Object.keys(options).length === 0) {
    throw usageError('E_CLI_MISSING', 'there is nothing to change', {
      allowed: '--concurrency N, --max-cost USD, --requests-per-minute N',
      fix: `swarm resize ${run} --concurrency 8`,
    });
  }
  const after = await withRun(session, run, async (handle, known) => {
    await handle.resize(options);
    // A run that stopped at its cap goes on when the cap is moved.
    if (known.state === 'capped' && options.maxCost !== undefined) await handle.resume();
    return await handle.progress();
  });
  session.say(`Run ${run} has ${changes(options)}; it is ${after.state}.`);
  return EXIT.ok;
}
