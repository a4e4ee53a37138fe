/**
 * Doubtful calls against a provider's usage export. Pure. Only what follows from the export without a guess is decided; all else stays
 * doubtful, with the reason.
 */
import type { EpochMs, NanoUsd, Usage } from '../model.js';

/** One request as the provider lists it. */
export interface UsageLine {
  /** 1-based, in the file. */
  line: number;
  /** Id that was sent with the request (`callId`), when the export has it. */
  callId: string | null;
  at: EpochMs;
  model: string | null;
  /** Null when the export has no cost and no price is known. */
  costNano: NanoUsd | null;
  usage: Pick<Usage, 'input' | 'cached' | 'output' | 'reasoning'> | null;
}

/** Requests of a stretch of time, counted by the provider. */
export interface UsageBucket {
  from: EpochMs;
  /** Exclusive. */
  to: EpochMs;
  model: string | null;
  requests: number;
}

/** A call as the store has it. */
export interface KnownCall {
  /** `callId`. */
  id: string;
  startedAt: EpochMs;
  endedAt: EpochMs;
  usage: Usage | null;
}

export type Decision =
  | { kind: 'settle'; line: UsageLine; costNano: NanoUsd }
  | { kind: 'release' }
  | { kind: 'stays'; why: string };

export interface Reconciled {
  /** By `id` of the doubtful call, in their order. */
  decisions: Map<string, Decision>;
  /** What the export was taken for. */
  form: 'requests with our ids' | 'requests' | 'totals';
  /** Answered calls in the time of the export, and how many of them it lists. */
  answered: number;
  found: number;
}

/** Clocks of two machines differ, and a request is booked when it arrives or when it is answered. */
const SKEW_MS = 5_000;

interface Span {
  from: EpochMs;
  to: EpochMs;
}

/** The whole of a call, on both clocks. */
function spanOf({ startedAt, endedAt }: KnownCall): Span {
  return { from: startedAt - SKEW_MS, to: endedAt + SKEW_MS };
}

function covers(span: Span, call: KnownCall): boolean {
  const { from, to } = spanOf(call);
  return from >= span.from && to <= span.to;
}

function spanOfLines(lines: readonly UsageLine[]): Span {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { at } of lines) {
    from = Math.min(from, at);
    to = Math.max(to, at);
  }
  return { from, to };
}

const UNCOVERED: Decision = { kind: 'stays', why: 'the export does not cover its time' };

function settled(line: UsageLine): Decision {
  if (line.costNano === null) return { kind: 'stays', why: `line ${line.line} has no cost, and its model no known price` };
  return { kind: 'settle', line, costNano: line.costNano };
}

/** What may be said of calls that the export does not list: nothing, unless it lists all those that it must. */
function absent(call: KnownCall, span: Span, known: Pick<Reconciled, 'answered' | 'found'>): Decision {
  if (!covers(span, call)) return UNCOVERED;
  if (known.answered === 0)
    return { kind: 'stays', why: 'no answered call is in the time of the export: nothing shows that it is whole' };
  if (known.found < known.answered)
    return { kind: 'stays', why: `the export lacks ${known.answered - known.found} of ${known.answered} answered calls` };
  return { kind: 'release' };
}

function byIds(doubtful: readonly KnownCall[], answered: readonly KnownCall[], lines: readonly UsageLine[]): Reconciled {
  const span = spanOfLines(lines);
  const listed = new Map<string, UsageLine[]>();
  for (const line of lines) if (line.callId !== null) listed.set(line.callId, [...(listed.get(line.callId) ?? []), line]);
  const inTime = answered.filter((call) => covers(span, call));
  const counts = { answered: inTime.length, found: inTime.filter(({ id }) => listed.has(id)).length };
  const decisions = new Map<string, Decision>();
  for (const call of doubtful) {
    const own = listed.get(call.id) ?? [];
    if (own.length > 1) decisions.set(call.id, { kind: 'stays', why: `${own.length} lines of the export have its id` });
    else decisions.set(call.id, own[0] ? settled(own[0]) : absent(call, span, counts));
  }
  return { decisions, form: 'requests with our ids', ...counts };
}

/** Takes the lines of answered calls out: same tokens, within the call's time, the earliest first. */
function withoutAnswered(
  answered: readonly KnownCall[],
  lines: readonly UsageLine[],
): { left: Set<UsageLine>; missing: number; answered: number } {
  const span = spanOfLines(lines);
  const left = new Set(lines);
  const byTokens = new Map<string, UsageLine[]>();
  const tokens = (usage: Pick<Usage, 'input' | 'output'> | null) => (usage === null ? '' : `${usage.input}/${usage.output}`);
  for (const line of [...lines].sort((a, b) => a.at - b.at)) {
    const same = byTokens.get(tokens(line.usage));
    if (same) same.push(line);
    else byTokens.set(tokens(line.usage), [line]);
  }
  let missing = 0;
  let inTime = 0;
  for (const call of [...answered].sort((a, b) => a.endedAt - b.endedAt)) {
    const { from, to } = spanOf(call);
    const own = byTokens.get(tokens(call.usage))?.find((line) => left.has(line) && line.at >= from && line.at <= to);
    if (own && call.usage !== null) left.delete(own);
    if (!covers(span, call)) continue;
    inTime += 1;
    if (!own || call.usage === null) missing += 1;
  }
  return { left, missing, answered: inTime };
}

function byTimes(doubtful: readonly KnownCall[], answered: readonly KnownCall[], lines: readonly UsageLine[]): Reconciled {
  const span = spanOfLines(lines);
  const { left, missing, answered: inTime } = withoutAnswered(answered, lines);
  const counts = { answered: inTime, found: inTime - missing };
  const candidates = new Map(
    doubtful.map((call) => {
      const { from, to } = spanOf(call);
      return [call, [...left].filter(({ at }) => at >= from && at <= to)] as const;
    }),
  );
  const askers = new Map<UsageLine, number>();
  for (const list of candidates.values()) for (const line of list) askers.set(line, (askers.get(line) ?? 0) + 1);
  const decisions = new Map<string, Decision>();
  for (const [call, list] of candidates) {
    const [only] = list;
    if (only === undefined) decisions.set(call.id, absent(call, span, counts));
    else if (missing > 0)
      decisions.set(call.id, absent(call, { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }, counts));
    else if (list.length === 1 && askers.get(only) === 1) decisions.set(call.id, settled(only));
    else
      decisions.set(call.id, { kind: 'stays', why: `${list.length} lines of the export could be it, or another doubtful call` });
  }
  return { decisions, form: 'requests', ...counts };
}

/** Totals name no request: they can only show that nothing was billed beyond what was answered. */
function byTotals(doubtful: readonly KnownCall[], answered: readonly KnownCall[], buckets: readonly UsageBucket[]): Reconciled {
  const ordered = [...buckets].sort((a, b) => a.from - b.from);
  const stretches: (Span & { requests: number })[] = [];
  for (const { from, to, requests } of ordered) {
    const last = stretches.at(-1);
    if (last && from <= last.to) {
      last.to = Math.max(last.to, to);
      last.requests += requests;
    } else stretches.push({ from, to, requests });
  }
  const touches = (call: KnownCall, { from, to }: Span) => spanOf(call).from < to && spanOf(call).to >= from;
  const decisions = new Map<string, Decision>();
  let known = 0;
  for (const call of doubtful) {
    const stretch = stretches.find((one) => covers(one, call));
    if (!stretch) {
      decisions.set(call.id, UNCOVERED);
      continue;
    }
    // A call across an end of the stretch may be counted in it or not.
    const within = answered.filter((one) => covers(stretch, one)).length;
    const across = answered.filter((one) => touches(one, stretch) && !covers(stretch, one)).length;
    known = Math.max(known, within);
    const more = stretch.requests - within;
    if (across > 0) decisions.set(call.id, { kind: 'stays', why: 'answered calls lie across the ends of the totals' });
    else if (more < 0)
      decisions.set(call.id, { kind: 'stays', why: `the totals have ${-more} requests fewer than were answered` });
    else if (more === 0) decisions.set(call.id, { kind: 'release' });
    else
      decisions.set(call.id, {
        kind: 'stays',
        why: `the totals have ${more} more requests than were answered, and do not say which`,
      });
  }
  return { decisions, form: 'totals', answered: known, found: known };
}

/** Null for an export with neither requests nor totals. `doubtful` and `answered` are of one run. */
export function reconcile(
  doubtful: readonly KnownCall[],
  answered: readonly KnownCall[],
  { lines, buckets }: { lines: readonly UsageLine[]; buckets: readonly UsageBucket[] },
): Reconciled | null {
  if (lines.length > 0)
    return lines.some(({ callId }) => callId !== null) ? byIds(doubtful, answered, lines) : byTimes(doubtful, answered, lines);
  return buckets.length > 0 ? byTotals(doubtful, answered, buckets) : null;
}
