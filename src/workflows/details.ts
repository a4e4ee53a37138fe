/** The markdown that the Web UI shows as a run's current details. Pure. */
import type { WatchRunResult } from '../activities/watch-run.js';
import type { RunPlan } from './messages.js';

export function currentDetails(plan: RunPlan, phase: string, paused: boolean, seen: WatchRunResult): string {
  const done = seen.ok + seen.failed + seen.filtered;
  const share = seen.total === 0 ? 100 : Math.floor((done * 100) / seen.total);
  return [
    `### ${plan.name}: ${share} % of ${seen.total} rows${paused ? ', paused' : ''}`,
    '',
    // No table: the Web UI draws one without any space between its columns.
    `**${seen.ok}** ok, **${seen.failed}** failed, **${seen.filtered}** filtered, **${seen.total - done}** left.`,
    `**${seen.calls}** calls answered, **${seen.limited}** rate limited, **${seen.doubtful}** doubtful; **$${seen.costUsd.toFixed(4)}** spent.`,
    '',
    `Phase **${phase}**, epoch ${plan.epoch}, model \`${plan.model}\`, waits for **${seen.waitsFor}**.`,
    `Rows: \`${plan.outputDir}\`.`,
  ].join('\n');
}
