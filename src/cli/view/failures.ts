/** Why rows failed: counts by cause, an example of each, what to change, and what to type next. Pure. */
import { plural, shortened, typedUsd } from '../../core/format.js';
import type { FailureCause, FailureGroup } from '../../core/model.js';
import { safeLine } from './safe-text.js';

interface CauseNotes {
  /** In a list of counts. */
  name: string;
  /** What may help; a key of the task, where there is one. */
  change: string;
  /** True when the same call may end otherwise by itself. */
  again: boolean;
}

const CAUSES: Readonly<Record<FailureCause, CauseNotes>> = {
  refused: { name: 'refused', change: 'change what the message names, in the task or in the row', again: false },
  content_filter: { name: 'content filter', change: 'change prompt_template, the row, or worker_model', again: false },
  truncated: { name: 'truncated', change: 'raise worker_max_tokens, or change on_truncate', again: false },
  empty: { name: 'empty', change: 'raise worker_max_tokens where reasoning uses it up, or change worker_model', again: true },
  transport: { name: 'transport', change: 'raise timeout where answers take longer', again: true },
  schema: { name: 'of another form', change: 'change output_schema or labels, max_repairs, or worker_model', again: true },
  too_long: { name: 'too long', change: 'shorten the row, or change worker_model', again: false },
  finish: { name: 'unknown end', change: 'change worker_model if it comes again', again: true },
  capped: { name: 'at their cap', change: 'raise max_cost_per_row or max_cost_per_call', again: false },
};

/** Longest message of an example; all of it is in failed.jsonl. */
const LONGEST_MESSAGE = 160;

function notesOf({ cause }: FailureGroup): CauseNotes {
  // What is content_filter was called filtered once.
  const known = cause === 'filtered' ? 'content_filter' : cause;
  return CAUSES[known as FailureCause] ?? { name: safeLine(cause), change: 'see failed.jsonl', again: false };
}

/** `9 content filter`, `7 HTTP 400`. */
function countOf(group: FailureGroup): string {
  const status = group.cause === 'refused' || group.cause === 'transport' ? /^HTTP \d{3}/.exec(group.example.message)?.[0] : null;
  return `${group.rows} ${status ?? notesOf(group).name}`;
}

/** `9 content filter, 7 HTTP 400`; the empty text where no causes are known. */
export function causeCounts(groups: readonly FailureGroup[]): string {
  return groups.map(countOf).join(', ');
}

/** The same in a sentence: ` (9 content filter, 7 HTTP 400)`. */
export function causesText(groups: readonly FailureGroup[]): string {
  return groups.length === 0 ? '' : ` (${causeCounts(groups)})`;
}

/** For each cause an example and what to change: `7 HTTP 400, such as row r7: HTTP 400: no; change ...`. */
export function causeLines(groups: readonly FailureGroup[]): string[] {
  return groups.map((group) => {
    const { id, code, message } = group.example;
    const said = shortened(safeLine(message || code), LONGEST_MESSAGE);
    return `${countOf(group)}, such as row ${safeLine(id)}: ${said}; ${notesOf(group).change}`;
  });
}

const ROW_CAP = /max_cost_per_(row|call) \(\$([\d.]+)\) by \$([\d.]+)/;

/** A cap that lets the example through. */
function raisedCap(run: string, { example }: FailureGroup): string[] {
  const [, of, cap, short] = ROW_CAP.exec(example.message) ?? [];
  if (of === undefined) return [];
  const enough = typedUsd(2 * (Number(cap) + Number(short)));
  return [
    `with a higher cap, such as: swarm resize ${run} --max-cost-per-${of} ${enough}   then: swarm retry ${run} --cause capped`,
  ];
}

/** Ways to do failed rows again. Where the same call can only end as before, the task is to be changed first. */
export function retrySteps(run: string, failed: number, groups: readonly FailureGroup[]): string[] {
  if (failed === 0) return [];
  const all = `do the ${plural(failed, 'failed row')} again: swarm retry ${run}`;
  if (groups.length === 0 || groups.every((group) => notesOf(group).again)) return [all];
  return groups.flatMap((group) => {
    if (group.cause === 'capped') return raisedCap(run, group);
    const first = notesOf(group).again ? '' : ', once the task is changed (swarm run TASK --changed keep)';
    return [
      `do the ${plural(group.rows, 'row')} with cause ${group.cause} again${first}: swarm retry ${run} --cause ${group.cause}`,
    ];
  });
}
