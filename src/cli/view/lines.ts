/** The view model as text: a block for a terminal, one line for a pipe. Pure. */
import type { Ansis } from 'ansis';
import stringWidth from 'string-width';
import { formatCount, formatDuration, formatInterval, formatRate, formatUsd, plural } from '../../core/format.js';
import { scaled } from '../../core/interval.js';
import { cutTo, wrapTo } from './table.js';
import type { ViewModel } from './view-state.js';

export interface BlockStyle {
  /** Columns of the terminal. */
  width: number;
  unicode: boolean;
  colors: Ansis;
}

const LONGEST_BAR = 40;

function failures({ failed, filtered }: ViewModel): string[] {
  return [...(failed > 0 ? [`${failed} failed`] : []), ...(filtered > 0 ? [`${filtered} filtered`] : [])];
}

/** Most of them are made again: a row fails after several. */
function failedCalls({ failedCalls: count }: ViewModel): string[] {
  return count > 0 ? [`${plural(count, 'call')} failed`] : [];
}

function spend({ costUsd, heldUsd, maxCostUsd }: ViewModel): string {
  const held = heldUsd !== null && heldUsd > 0 ? ` + ${formatUsd(heldUsd)} held` : '';
  const cost = costUsd === null ? 'cost unknown' : formatUsd(costUsd);
  return `${cost}${held}${maxCostUsd === null ? '' : ` of ${formatUsd(maxCostUsd)}`}`;
}

function rate({ state, rowsPerSecond, callsPerMinute }: ViewModel): string | null {
  if (state !== 'running' && state !== 'completed') return null;
  if (rowsPerSecond === null || callsPerMinute === null) return null;
  return `${formatRate(rowsPerSecond)} rows/s, ${formatRate(callsPerMinute)} calls/min`;
}

/** At the speed of the last seconds; how sure that is follows from how much the rows differ. */
function timeLeft({ etaMs, rest, state }: ViewModel): string | null {
  if (etaMs === 0 || (etaMs === null && (rest === null || state !== 'running'))) return null;
  if (rest === null || rest.ms.expected === 0) return `about ${formatDuration(etaMs ?? 0)} left`;
  return `about ${formatInterval(scaled(rest.ms, (etaMs ?? rest.ms.expected) / rest.ms.expected), formatDuration)} left`;
}

/** Shorter times are over before anybody has read them. */
const TOLD_MS = 5_000;

/** `workers (all 16 busy), for 42s`. */
function waitLine({ waitsFor, waitedMs }: ViewModel): string | null {
  if (waitsFor === null) return null;
  return `waits for ${waitsFor}${waitedMs === null || waitedMs < TOLD_MS ? '' : `, for ${formatDuration(waitedMs)}`}`;
}

/** `last failure: no connection to api.example.com: the name is not known (ENOTFOUND), since 12:01:00Z`. */
function failureLine({ lastFailure }: ViewModel): string | null {
  return lastFailure === null ? null : `last failure: ${lastFailure}`;
}

/** `rest $0.51 ($0.44 to $0.59)`, the tokens, and what the provider takes, the most important first. */
function restFacts({ rest, found }: ViewModel): string[] {
  const tokens = rest === null ? [] : [`${formatInterval(rest.outputTokens, formatCount)} tokens out`];
  const money = rest === null || rest.costUsd === null ? [] : [formatInterval(rest.costUsd, formatUsd)];
  const [first, ...more] = [...money, ...tokens];
  return [...(first === undefined ? [] : [`rest ${first}`]), ...more, ...(found === null ? [] : [`the provider takes ${found}`])];
}

/** As many of the parts as fit, the first ones first. */
function fitting(parts: readonly string[], separator: string, width: number): string {
  const line = parts.reduce((text, part) => {
    const longer = text === '' ? part : `${text}${separator}${part}`;
    return text === '' || stringWidth(longer) <= width ? longer : text;
  }, '');
  return cutTo(line, width);
}

function percent(fraction: number): string {
  // Never "100 %" before the last row.
  return `${Math.floor(fraction * 100)} %`;
}

/** `#####-----` as wide as asked for. */
export function bar(fraction: number, width: number, unicode: boolean): string {
  const full = Math.floor(Math.min(1, Math.max(0, fraction)) * width);
  return (unicode ? '\u2588' : '#').repeat(full) + (unicode ? '\u2591' : '-').repeat(width - full);
}

/** The block of the live view; every line fits the width. */
export function liveBlock(model: ViewModel, style: BlockStyle): string[] {
  const { colors } = style;
  // The last column stays free: a full line would wrap on some terminals.
  const width = Math.max(10, style.width - 1);
  const cut = (text: string) => cutTo(text, width);
  const separator = style.unicode ? ' \u00b7 ' : ' | ';
  const done = ` ${percent(model.fraction)}  ${model.done} of ${model.total}`;
  const barWidth = Math.min(LONGEST_BAR, width - done.length);
  const elapsed = model.elapsedMs === null ? '' : `  ${formatDuration(model.elapsedMs)}`;
  const left = timeLeft(model);
  const facts = (parts: readonly string[]) => `  ${fitting(parts, separator, width - 2)}`;
  // Where not all fits, the last one says most.
  const lastOf = (parts: readonly (string | null)[]) => {
    const known = parts.filter((part) => part !== null);
    const all = `  ${known.join(separator)}`;
    return stringWidth(all) <= width ? all : cut(`  ${known.at(-1) ?? ''}`);
  };
  const bad = failures(model);
  const counts = facts([`${model.ok} ok`, ...bad, `${model.inFlight} in flight`, ...failedCalls(model)]);
  const pace = rate(model) ?? (model.state === 'running' ? 'measuring the rate' : null);
  const lines = [
    colors.bold(cut(`${model.name}  ${model.state}${elapsed}  ${model.run}`)),
    barWidth < 5 ? cut(`  ${done.trim()}`) : `  ${colors.cyan(bar(model.fraction, barWidth - 2, style.unicode))}${done}`,
    bad.length > 0 ? colors.yellow(counts) : counts,
    lastOf([`${formatCount(model.inputTokens)} tokens in, ${formatCount(model.outputTokens)} out`, spend(model)]),
    ...(pace === null && left === null ? [] : [lastOf([pace, left])]),
  ];
  const rest = restFacts(model);
  if (rest.length > 0) lines.push(facts(rest));
  // Whole: when a wait ends, and what to type, stand at its end.
  const wrapped = (text: string | null) => (text === null ? [] : wrapTo(text, width - 2).map((line) => `  ${line}`));
  const failing = wrapped(failureLine(model));
  lines.push(...failing.map((line) => colors.yellow(line)));
  const wait = wrapped(waitLine(model));
  if (wait.length > 0) lines.push(...wait.map((line) => colors.dim(line)));
  // A block that keeps its height does not flicker.
  else if (model.state === 'running') lines.push('');
  return lines;
}

/** One line of a log. */
export function plainLine(model: ViewModel): string {
  const parts = [
    `${model.done}/${plural(model.total, 'row')}`,
    ...failures(model),
    `${model.inFlight} in flight`,
    ...failedCalls(model),
    `${formatCount(model.inputTokens)} tokens in, ${formatCount(model.outputTokens)} out`,
    spend(model),
    rate(model),
    timeLeft(model),
    model.rest?.costUsd ? restFacts(model)[0] : null,
    waitLine(model),
    failureLine(model),
  ];
  return `${model.state}: ${parts.filter((part) => part !== null).join(', ')}`;
}

/** When a line was last written, and what it said. */
export interface LastLine {
  at: number;
  model: ViewModel;
}

const STEP = 0.05;
const STEP_MS = 10_000;
/** A run in which nothing happens is only said to be alive. */
const IDLE_MS = 60_000;

/** True when a log deserves another line: about 5 % further, 10 s later with news, a minute later without, or another state. */
export function lineIsDue(last: LastLine | null, model: ViewModel, now: number): boolean {
  if (last === null || last.model.state !== model.state) return true;
  const news = last.model.done !== model.done || last.model.inFlight !== model.inFlight;
  return model.fraction - last.model.fraction >= STEP || Math.abs(now - last.at) >= (news ? STEP_MS : IDLE_MS);
}
