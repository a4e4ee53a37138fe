/** The end of a run in a few lines: counts, money, places, and what to type next. Pure. */
import { join } from 'node:path';
import type { Progress, RunResult } from '../../client/api.js';
import { formatUsd } from '../../core/format.js';
import { tookText } from './progress-facts.js';
import { safeLine } from './safe-text.js';
import { renderFacts } from './table.js';

/** Results, for stdout. */
export function resultLines(result: RunResult, progress: Progress): string[] {
  const { counts } = result;
  const pending = counts.total - counts.ok - counts.failed - counts.filtered;
  const parts = [`${counts.ok} ok`, `${counts.failed} failed`];
  if (counts.filtered > 0) parts.push(`${counts.filtered} filtered`);
  if (pending > 0) parts.push(`${pending} not done`);
  return renderFacts([
    ['run', `${result.run}  ${result.state}${result.reason === null ? '' : ` (${result.reason})`}`],
    ['rows', `${counts.total}: ${parts.join(', ')}`],
    [
      'cost',
      formatUsd(result.costUsd) + (progress.doubtful > 0 ? `, and ${formatUsd(progress.heldUsd)} held for doubtful calls` : ''),
    ],
    ['took', progress.endedAt === null ? null : tookText(progress, progress.endedAt)],
    ['output', result.outputFile],
    ['failed', counts.failed > 0 && result.outputFile !== null ? join(result.outputDir, 'failed.jsonl') : null],
    ['folder', result.outputDir],
  ]);
}

function cappedAdvice({ run, message }: RunResult): string[] {
  const next = `go on when the next day has begun: swarm resume ${run}`;
  if (message?.includes('SWARM_MAX_DAILY_COST')) return [next];
  if (message?.includes('max_daily_cost')) return [next, `go on with a higher cap: swarm resize ${run} --max-daily-cost USD`];
  return [`go on with a higher cap: swarm resize ${run} --max-cost USD`];
}

/** What the provider or the engine said about the end, and how to go on; for stderr. */
export function adviceLines(result: RunResult): string[] {
  const lines = result.message === null || result.state === 'completed' ? [] : [safeLine(result.message)];
  const { run } = result;
  if (result.state === 'capped') lines.push(...cappedAdvice(result));
  if (result.state === 'paused') lines.push(`go on when it is mended: swarm resume ${run}`);
  if (result.state === 'completed' && result.counts.failed > 0) lines.push(`do the failed rows again: swarm retry ${run}`);
  return lines;
}
