/** The end of a run in a few lines: counts, money, places, and what to type next. Pure. */
import { join } from 'node:path';
import { formatUsd } from '../../core/format.js';
import type { Progress } from '../../runs/progress.js';
import type { RunResult } from '../../runs/results.js';
import { causeLines, causesText } from './failures.js';
import { nextSteps } from './next-steps.js';
import { heldText, stateText, tookText } from './progress-facts.js';
import { safeLine } from './safe-text.js';
import { renderFacts } from './table.js';

/** Results, for stdout. */
export function resultLines(result: RunResult, progress: Progress, width?: number): string[] {
  const { counts } = result;
  const pending = counts.total - counts.ok - counts.failed - counts.filtered;
  const parts = [`${counts.ok} ok`, `${counts.failed} failed${causesText(progress.failures)}`];
  if (counts.filtered > 0) parts.push(`${counts.filtered} filtered`);
  if (pending > 0) parts.push(`${pending} not done`);
  return renderFacts(
    [
      ['run', `${result.run}  ${stateText(result)}`],
      ['rows', `${counts.total}: ${parts.join(', ')}`],
      ...causeLines(progress.failures).map((line): [string, string] => ['cause', line]),
      [
        'cost',
        formatUsd(result.costUsd) + (progress.doubtful > 0 ? `, and ${formatUsd(progress.heldUsd)} held for doubtful calls` : ''),
      ],
      ['held', heldText(progress)],
      ['took', progress.endedAt === null ? null : tookText(progress, progress.endedAt)],
      ['output', result.outputFile],
      ['failed', counts.failed > 0 && result.outputFile !== null ? join(result.outputDir, 'failed.jsonl') : null],
      ['folder', result.outputDir],
    ],
    width,
  );
}

/** What the provider or the engine said about the end, and how to go on; for stderr. */
export function adviceLines(result: RunResult, { maxCostUsd, today, failures }: Progress): string[] {
  const said = result.message === null || result.state === 'completed' ? [] : [safeLine(result.message)];
  return [...said, ...nextSteps({ ...result, maxCostUsd, today, failures, failed: result.counts.failed })];
}
