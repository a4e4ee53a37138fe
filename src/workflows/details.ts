/** The markdown that the Web UI shows as a run's current details. Pure. */
import type { WatchRunResult } from '../activities/watch-run.js';
import type { RunPlan } from './messages.js';

export function currentDetails(plan: RunPlan, phase: string, paused: boolean, seen: WatchRunResult): string {
  const done = seen.ok + seen.failed + seen.filtered;
  const share = seen.total === 0 ? 100 : Math.floor((done * 100) / seen.total);
  return [
    `### ${plan.name}: ${share} % of ${seen.total} rows${paused ? ', paused' : ''}`,
    '',
    '| ok | failed | filtered | left | calls | 429s | doubtful | spent |',
    '|---|---|---|---|---|---|---|---|',
    `| ${seen.ok} | ${seen.failed} | ${seen.filtered} | ${seen.total - done} | ${seen.calls} | ${seen.limited} | ${seen.doubtful} | $${seen.costUsd.toFixed(4)} |`,
    '',
    `Phase **${phase}**, epoch ${plan.epoch}, model \`${plan.model}\`, waits for **${seen.waitsFor}**.`,
    `Rows: \`${plan.outputDir}\`.`,
  ].join('\n');
}
