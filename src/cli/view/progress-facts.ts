/** All that is known of one run, as lines. Pure. */

import { formatCount, formatDuration, formatEstimate, formatTime, formatUsd, plural } from '../../core/format.js';
import { clockText, learnedText } from '../../core/gate/wait.js';
import type { Progress } from '../../runs/progress.js';
import { causeLines, causesText } from './failures.js';
import { nextSteps } from './next-steps.js';
import { safeLine } from './safe-text.js';
import { renderFacts } from './table.js';
import { lastFailure, rowsDone } from './view-state.js';

/** `state`, with why it stopped or waits. */
export function stateText({ state, reason }: Pick<Progress, 'state' | 'reason'>): string {
  return reason === null || reason === state ? state : `${state} (${reason})`;
}

function processesText(count: number): string {
  return `${count === 1 ? '1 process makes' : `${count} processes make`} its calls`;
}

/** Limits of the provider, as calls met them; null when none was met. */
function foundText({ found }: Progress): string | null {
  if (found === null) return null;
  const learned = learnedText(found);
  const parts = learned === null ? [] : [learned];
  if (found.refusedAnyway > 0) parts.push(`${(found.refusedAnyway * 100).toFixed(1)} % refused at any rate`);
  return parts.length === 0 ? null : `the provider takes ${parts.join(', ')}`;
}

/** Of all runs together; null where no day's amount is set. */
function todayText({ today }: Progress): string | null {
  if (today === null) return null;
  const cap = today.maxCostUsd === null ? '' : ` of ${formatUsd(today.maxCostUsd)}`;
  return `${formatUsd(today.costUsd)}${cap} for all runs of the day`;
}

/** How money that calls in doubt hold comes back; null when they hold none. */
export function heldText({ run, doubtful, heldUsd }: Pick<Progress, 'run' | 'doubtful' | 'heldUsd'>): string | null {
  if (doubtful === 0 || heldUsd === 0) return null;
  return `give back what was not billed: swarm receipt ${safeLine(run)} --reconcile FILE; a lower worker_max_tokens holds less for a call`;
}

/** What the run waits for, and since when. */
function waitsText({ waits, state }: Progress, now: number): string | null {
  if (waits === null || state !== 'running') return null;
  return `${safeLine(waits.text)}, for ${formatDuration(now - waits.since)} (since ${clockText(waits.since, now)})`;
}

/** What the rows that are left will take. */
function restText({ rest }: Progress): string | null {
  if (rest === null) return null;
  return `${plural(rest.rows, 'row')}, ${formatEstimate(rest)}; 9 of 10 times in between, by the first ${plural(rest.sample, 'row')}`;
}

const ORIGINS = { cli: '', library: ', from code', http: ', over HTTP', temporal: ', by plain Temporal' } as const;

function startedText({ startedAt, origin }: Pick<Progress, 'startedAt' | 'origin'>): string {
  return `${formatTime(startedAt)}${ORIGINS[origin]}`;
}

/** Time worked; the time since the start, too, when the run has rested in between. */
export function tookText(
  { startedAt, endedAt, workedMs }: Pick<Progress, 'startedAt' | 'endedAt' | 'workedMs'>,
  now: number,
): string | null {
  if (startedAt === null) return null;
  const [worked, all] = [workedMs, (endedAt ?? now) - startedAt].map(formatDuration);
  return worked === all || all === undefined ? (worked ?? null) : `${worked} of work in ${all}`;
}

/** Null before the first one. */
function phaseText({ phase, role }: Progress): string | null {
  return phase === null ? null : `${safeLine(phase)} (${role})`;
}

/** For `swarm status`. */
export function progressFacts(progress: Progress, now: number, width?: number): string[] {
  const { usage } = progress;
  const reused = usage.cached > 0 ? ` (${formatCount(usage.cached)} cached)` : '';
  const failed = progress.failedCalls > 0 ? `${progress.failedCalls} failed, ` : '';
  const filtered = progress.filtered > 0 ? `, ${progress.filtered} filtered` : '';
  const held = progress.heldUsd !== null && progress.heldUsd > 0 ? ` + ${formatUsd(progress.heldUsd)} held` : '';
  const cap = progress.maxCostUsd === null ? '' : ` of ${formatUsd(progress.maxCostUsd)}`;
  const rate = (perMinute: number | null, unit: string) => (perMinute === null ? '' : `, at most ${perMinute} ${unit}`);
  const limits = `${rate(progress.requestsPerMinute, 'requests/min')}${rate(progress.tokensPerMinute, 'tokens/min')}`;
  const workers = progress.auto ? `auto, at most ${progress.concurrency}` : String(progress.concurrency);
  return renderFacts(
    [
      ['run', safeLine(progress.run)],
      ['name', safeLine(progress.name)],
      ['state', stateText(progress)],
      ['why', progress.message === null ? null : safeLine(progress.message)],
      ...nextSteps(progress).map((step): [string, string] => ['next', safeLine(step)]),
      [
        'rows',
        `${rowsDone(progress)} of ${progress.total} done: ${progress.ok} ok, ${progress.failed} failed${causesText(progress.failures)}${filtered}`,
      ],
      ...causeLines(progress.failures).map((line): [string, string] => ['cause', line]),
      [
        'calls',
        `${progress.calls} answered, ${failed}${progress.inFlight} in flight, ${progress.limited} rate limited, ${progress.doubtful} doubtful`,
      ],
      ['tokens', `${formatCount(usage.input)} in${reused}, ${formatCount(usage.output)} out`],
      ['cost', `${formatUsd(progress.costUsd)}${held}${cap}`],
      ['held', heldText(progress)],
      ['today', todayText(progress)],
      ...progress.warnings.map(({ message }): [string, string] => ['warning', safeLine(message)]),
      ['waits for', waitsText(progress, now)],
      ['failure', lastFailure(progress, now)],
      ['rest', restText(progress)],
      ['limits', `${workers} ${workers === '1' ? 'call' : 'calls'} in flight${limits}`],
      ['processes', progress.processes === null ? null : processesText(progress.processes)],
      ['found', foundText(progress)],
      ['started', startedText(progress)],
      ['took', tookText(progress, now)],
      ['phase', phaseText(progress)],
      ['epoch', String(progress.epoch)],
      ['folder', progress.outputDir],
    ],
    width,
  );
}
