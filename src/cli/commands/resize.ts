import { EXIT } from '../../core/errors.js';
import { formatUsd, plural } from '../../core/format.js';
import type { ResizeOptions } from '../../core/resize.js';
import { RESIZE_LIMITS } from '../../core/resize.js';
import { usageError } from '../problems.js';
import { withRun } from '../run-by-id.js';
import type { Session } from '../session.js';

function changes(options: ResizeOptions): string {
  const parts: string[] = [];
  const { concurrency, maxCost, maxCostPerCall, maxCostPerRow, maxDailyCost, requestsPerMinute, tokensPerMinute } = options;
  const cap = (usd: number | null | undefined, of: string) => {
    if (usd !== undefined) parts.push(usd === null ? `no cap${of}` : `at most ${formatUsd(usd)}${of}`);
  };
  const rate = (perMinute: number | null | undefined, unit: string) => {
    if (perMinute !== undefined) parts.push(perMinute === null ? `no limit of ${unit}` : `at most ${perMinute} ${unit}`);
  };
  if (concurrency !== undefined) parts.push(`${plural(concurrency, 'call')} in flight`);
  cap(maxCost, '');
  cap(maxCostPerCall, ' a call');
  cap(maxCostPerRow, ' a row');
  cap(maxDailyCost, ' a day');
  rate(requestsPerMinute, 'requests/min');
  rate(tokensPerMinute, 'tokens/min');
  return parts.join(', ');
}

export interface ResizeFlags {
  concurrency?: number;
  maxCost?: number | 'none';
  maxCostPerCall?: number | 'none';
  maxCostPerRow?: number | 'none';
  maxDailyCost?: number | 'none';
  requestsPerMinute?: number | 'none';
  tokensPerMinute?: number | 'none';
}

function resizeOptions(flags: ResizeFlags): ResizeOptions {
  const options: ResizeOptions = flags.concurrency === undefined ? {} : { concurrency: flags.concurrency };
  for (const name of RESIZE_LIMITS) {
    const value = flags[name];
    if (value !== undefined) options[name] = value === 'none' ? null : value;
  }
  return options;
}

/** `swarm resize RUN`: new limits, obeyed at once. */
export async function resize(session: Session, [run = '']: readonly string[], flags: ResizeFlags): Promise<number> {
  const options = resizeOptions(flags);
  if (Object.keys(options).length === 0) {
    throw usageError('E_CLI_MISSING', 'there is nothing to change', {
      allowed:
        '--concurrency N, --max-cost, --max-cost-per-call, --max-cost-per-row or --max-daily-cost USD, --requests-per-minute or --tokens-per-minute N',
      fix: `swarm resize ${run} --concurrency 8`,
    });
  }
  const after = await withRun(session, run, async (handle, known) => {
    await handle.resize(options);
    // A run that stopped at a cap goes on when that is moved.
    const goesOn = known.state === 'capped' && (options.maxCost !== undefined || options.maxDailyCost !== undefined);
    if (goesOn) await handle.resume();
    return goesOn ? 'it goes on' : `it is ${(await handle.progress()).state}`;
  });
  session.say(`Run ${run} has ${changes(options)}; ${after}.`);
  return EXIT.ok;
}
