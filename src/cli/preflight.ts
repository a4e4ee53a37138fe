/** What a check found, as it is told before a run: problems, notes, the estimate, and the question about money. */

import type { SwarmError } from '../core/errors.js';
import { formatCount, formatEstimate, formatUsd, plural } from '../core/format.js';
import { badTask } from '../runs/bad-task.js';
import type { CheckReport } from '../runs/check.js';
import { canAsk, saysYes } from './ask.js';
import type { Session } from './session.js';

/** Above this upper bound a person is asked, in USD. */
const ASK_ABOVE_USD = 1;

/** All problems as one error; null without problems. */
export function checkFailure({ problems }: CheckReport): SwarmError | null {
  return problems.length === 0 ? null : badTask(problems);
}

/** The worst case of all rows, then what the rows that are left will take. */
export function estimateLines(report: CheckReport): string[] {
  const { estimate, doneRows, anewRows } = report;
  if (estimate === null) return [worstLine(report)];
  const done =
    doneRows + anewRows === 0
      ? []
      : [
          `${plural(doneRows, 'row')} ${doneRows === 1 ? 'is' : 'are'} done already, ${estimate.rows} ${estimate.rows === 1 ? 'is' : 'are'} left`,
        ];
  if (anewRows > 0)
    done.push(
      `of these ${plural(anewRows, 'row')} ${anewRows === 1 ? 'was' : 'were'} done before: paid again, by what was changed`,
    );
  if (estimate.rows === 0) return [worstLine(report), ...done];
  const by =
    report.sampleRun === null
      ? 'guess, nothing is measured yet'
      : `by ${plural(estimate.sample, 'row')} of ${report.sampleRun}, right 9 of 10 times`;
  return [worstLine(report), ...done, `expected: ${formatEstimate(estimate)} (${by})`];
}

/** `200 rows, at most 200 calls, 12.3k tokens in, 51.2k out, worst case $0.12`. */
function worstLine(report: CheckReport): string {
  const { rows, calls, inputTokens, outputTokens, worstCostUsd } = report;
  const cap = report.maxCostUsd === null ? '' : `, cap ${formatUsd(report.maxCostUsd)}`;
  const cost = (worstCostUsd === null ? 'worst case unknown' : `worst case ${formatUsd(worstCostUsd)}`) + cap;
  const tokens = `${formatCount(inputTokens)} tokens in, ${formatCount(outputTokens)} out`;
  return `${plural(rows, 'row')}, at most ${plural(calls, 'call')}, ${tokens}, ${cost}`;
}

/** Upper bound of what the rows that are left will cost: the estimate's, never more than the cap. 0 = the price is unknown. */
function mostUsd({ worstCostUsd, maxCostUsd, estimate }: CheckReport): number {
  const high = estimate?.costUsd?.high ?? worstCostUsd ?? 0;
  return Math.min(high, worstCostUsd ?? 0, maxCostUsd ?? Number.POSITIVE_INFINITY);
}

/** True when the run may start: little money, `--yes`, nobody to ask, or a person who said yes. */
export async function mayStart(session: Session, report: CheckReport, yes: boolean): Promise<boolean> {
  const { context } = session;
  const most = mostUsd(report);
  if (yes || !canAsk(context) || most <= ASK_ABOVE_USD) return true;
  const { estimate, anewRows } = report;
  const likely = estimate?.costUsd && estimate.sample > 0 ? `, about ${formatUsd(estimate.costUsd.expected)} is likely` : '';
  const again =
    anewRows > 0
      ? `${plural(anewRows, 'row')} that ${anewRows === 1 ? 'was' : 'were'} done ${anewRows === 1 ? 'is' : 'are'} paid again, the others not`
      : 'rows that are done are not paid again';
  session.say(`This may cost up to ${formatUsd(most)}${likely}; ${again}.`, 'warning');
  return await saysYes(context, 'Go on?');
}
