/** The markdown that the Web UI shows as a run's current details. Pure. */
import type { WatchRunResult } from './activity-messages.js';
import type { BegunPhase, RunPlan, RunSummary } from './messages.js';

/** Between two dollar signs the Web UI sees a formula. */
function inUsd(text: string): string {
  return text.replace(/\$([\d.]+)/g, '$1 USD');
}

function spentText(usd: number | null): string {
  return usd === null ? '**unknown** USD' : `**${usd.toFixed(4)} USD**`;
}

/** Its role, and the model of that role. */
function phaseText({ name, role, use }: BegunPhase): string {
  return `**${name}** (${role}: \`${use.model}\`)`;
}

/** `phase`: null before the first one. */
export function currentDetails(plan: RunPlan, phase: BegunPhase | null, paused: boolean, seen: WatchRunResult): string {
  const { total, ok, failed, filtered, calls, limited, doubtful, costUsd } = seen;
  // Not in what older histories hold.
  const { maxCostUsd = null, rest = null, found = null } = seen;
  const left = total - ok - failed - filtered;
  const share = total === 0 ? 100 : Math.floor(((total - left) * 100) / total);
  const cap = maxCostUsd === null ? '' : ` of ${maxCostUsd.toFixed(2)}`;
  const waitsFor = paused ? 'a person: the run is paused' : seen.waitsFor;
  return [
    `### ${plan.name}: ${share} % of ${total} rows${paused ? ', paused' : ''}`,
    '',
    // No table: the Web UI draws one without any space between its columns.
    `**${ok}** ok, **${failed}** failed, **${filtered}** filtered, **${left}** left.`,
    `**${calls}** calls answered, **${limited}** rate limited, **${doubtful}** doubtful; ${spentText(costUsd)}${cap} spent.`,
    '',
    ...(left === 0 ? [] : [`Waits for **${waitsFor}**.`]),
    ...(rest === null ? [] : [`The rest: ${inUsd(rest)}.`]),
    ...(found === null ? [] : [`The provider takes ${found}.`]),
    '',
    `Phase ${phase === null ? '**open**' : phaseText(phase)}, epoch ${plan.epoch}.`,
    `Rows: \`${plan.outputDir}\`.`,
  ].join('\n');
}

/** What the user of the host types to go on with a run that has rows left. */
function nextCommand({ run, state }: Pick<RunSummary, 'run' | 'state'>): string {
  return state === 'capped' ? `swarm resize ${run} --max-cost USD` : `swarm resume ${run}`;
}

/** A failed run's message: what is left, why, and how to go on. */
export function failureMessage(summary: RunSummary): string {
  const { run, state, stop, message, counts } = summary;
  const { total, ok, failed, filtered } = counts;
  const left = total - ok - failed - filtered;
  const why = message ?? (stop === null ? 'their workflows ended without them (by hand?)' : `it stopped: ${stop}`);
  const how = state === 'interrupted' ? 'was interrupted' : 'failed';
  return `E_RUN_FAILED: run ${run} ${how} with ${left} of ${total} rows left: ${why}\n  fix: ${nextCommand(summary)}`;
}

/** The last details: what the run's workflow returned. */
export function endDetails(plan: RunPlan, begun: readonly BegunPhase[], summary: RunSummary): string {
  const { state, stop, message, counts, usage, costUsd } = summary;
  const { total, ok, failed, filtered } = counts;
  const left = total - ok - failed - filtered;
  const why = [stop === state ? null : stop, message].filter((text) => text !== null).join(': ');
  return [
    `### ${plan.name}: ${state}${why === '' ? '' : ` (${why})`}, ${total - left} of ${total} rows`,
    '',
    `**${ok}** ok, **${failed}** failed, **${filtered}** filtered, **${left}** left.`,
    `${usage.input} tokens in, ${usage.output} out; ${spentText(costUsd)} spent.`,
    '',
    ...(left === 0 ? [] : [`Go on with: \`${nextCommand(summary)}\`.`, '']),
    `${begun.length === 1 ? 'Phase' : 'Phases'} ${begun.map(phaseText).join(', ')}, epoch ${plan.epoch}.`,
    `Rows: \`${plan.outputDir}\`.`,
  ].join('\n');
}
