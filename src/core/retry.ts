/** The one retry decision, for both grains. Pure: random is injected. */
import type { CallFailure } from './call-failure.js';
import type { FailureCause, StopCause } from './model.js';
import type { StopScope } from './run-stop.js';

/** Real failures of one turn before its row fails. */
export const MAX_TRIES = 5;
/** Answers that cannot be read are not worth five payments. */
export const MAX_UNREADABLE = 2;
/** Waits in a row for a free descriptor, about a minute: calls under way give theirs back sooner. */
export const MAX_LOCAL_WAITS = 7;
/** A wait longer than this pauses the run instead. */
export const MAX_WAIT_MS = 24 * 3_600_000;
const BASE_MS = 1_000;
const LONGEST_MS = 60_000;
/** A first failure is mostly that call's own: the next one soon succeeds. Where it does not, waits grow quickly. */
const FIRST_RETRY_MS = 250;
const RETRY_GROWTH = 4;

/** A cancel waits for nobody. */
const CUT_OFF = 'the run was cancelled; calls that were under way were cut off and stay charged (swarm receipt lists them)';

/** Causes of rows that the provider refused for good; others are `refused`. */
const ROW_CAUSES: Readonly<Record<string, FailureCause>> = {
  E_ROW_TOO_LONG: 'too_long',
  E_ROW_FILTERED: 'content_filter',
  E_ROW_SCHEMA: 'schema',
};

export type RetryDecision =
  | { kind: 'again'; afterMs: number }
  | { kind: 'fail-row'; cause: FailureCause; code: string; message: string }
  | { kind: 'stop-run'; cause: StopCause; message: string };

export interface RetryFacts {
  /** Real failures of this turn, this one included when it is one. */
  tries: number;
  /** Waits in a row for this turn, this one included. */
  waits: number;
  /** True when the run has any answer: then a bad request is the row's fault. */
  anyAnswered: boolean;
  /** Rows that met the same while none was answered, by their ids: it is wrong for every row. @default null, it is not known to be */
  alike?: { rows: readonly string[]; count: number } | null;
  /** 0 (inclusive) to 1 (exclusive). */
  random: number;
}

/** Limits and overload: whoever was refused so waits. */
export function isLimit({ class: kind }: Pick<CallFailure, 'class'>): boolean {
  return kind === 'rate' || kind === 'overload' || kind === 'reset';
}

/**
 * True when the failure counts as a try. 429s, overload, waits and cancels do not, unless they came in the middle of an answer: what may be on the
 * bill each time is not asked for without end.
 */
export function isTry(failure: Pick<CallFailure, 'class' | 'mayHaveBeenBilled' | 'metered'>): boolean {
  if (isLimit(failure)) return failure.mayHaveBeenBilled || (failure.metered ?? null) !== null;
  return failure.class === 'transport' || failure.class === 'row' || failure.class === 'request';
}

/** Wait after refusals in a row that name none. Exponential with full jitter, at least a tenth of the ceiling: never at once. */
export function backoff(waits: number, random: number): number {
  return jittered(BASE_MS * 2 ** Math.max(0, waits - 1), random);
}

/** Wait after real failures of a row: 250 ms, 1 s, 4 s, 16 s, at most 60 s, with the same jitter. An outage is the breaker's business. */
export function retryAfterTry(tries: number, random: number): number {
  return jittered(FIRST_RETRY_MS * RETRY_GROWTH ** Math.max(0, tries - 1), random);
}

function jittered(ceilingMs: number, random: number): number {
  return Math.round(Math.min(LONGEST_MS, ceilingMs) * (0.1 + 0.9 * random));
}

/** `rows a, b, c and 7 more`. */
function named({ rows, count }: NonNullable<RetryFacts['alike']>): string {
  const more = count - rows.length;
  return `rows ${rows.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** What all rows would meet stops the run, and says what came. */
function wrongForAll({ suspect, code, message, wanted }: CallFailure, alike: NonNullable<RetryFacts['alike']>): RetryDecision {
  const found =
    suspect === 'address'
      ? `E_ENDPOINT: no ${wanted ?? 'answers of a model'} at this address, check worker_api_base: ${named(alike)} got none, and no other row did: ${message}`
      : `${code}: ${named(alike)} were refused alike, and no row was answered: ${message}`;
  return { kind: 'stop-run', cause: 'request', message: found };
}

/** An outage that lasts so long without an answer of any kind pauses the run. */
export const OUTAGE_MS = 600_000;

/** True when nobody answered: no connection, none that held, 5xx, no room. A refusal for another reason is an answer, and so is a 200. */
export function isSilence(failure: Pick<CallFailure, 'class' | 'status'>): boolean {
  if (failure.class === 'overload') return true;
  return failure.class === 'transport' && (failure.status === null || failure.status >= 500);
}

/** The provider has answered nobody for this long. */
export function outageStop(message: string, ms: number): RetryDecision & { kind: 'stop-run' } {
  const found = `no answer of any kind for ${Math.round(ms / 60_000)} min; the last call met: ${message}`;
  return { kind: 'stop-run', cause: 'unreachable', message: found };
}

/**
 * True for what the provider itself says of every row. A field that only a sentence names is sent with every row, too: where rows were
 * answered with it, the sentence speaks of this one.
 */
function isForAll({ refusal, field }: CallFailure, anyAnswered: boolean): boolean {
  if (refusal?.kind !== 'request') return false;
  return refusal.of === 'model' || (refusal.of === 'field' && (field?.sure !== false || !anyAnswered));
}

/** Whose calls would meet the same after a failure that stops a run. */
export function stopScope({ refusal }: Pick<CallFailure, 'refusal'>): StopScope {
  switch (refusal?.kind) {
    case 'money':
    case 'key':
      return 'key';
    case 'permission':
      return 'model';
    case 'request':
      return refusal.of === 'model' ? 'model' : 'run';
    default:
      return 'run';
  }
}

export function retryDecision(failure: CallFailure, facts: RetryFacts): RetryDecision {
  const { message, code } = failure;
  if (facts.alike) return wrongForAll(failure, facts.alike);
  switch (failure.class) {
    case 'rate':
    case 'overload':
    case 'reset': {
      const counts = isTry(failure);
      if (counts && facts.tries >= MAX_TRIES) return { kind: 'fail-row', cause: 'transport', code, message };
      const afterMs = failure.retryAfterMs ?? backoff(counts ? facts.tries : facts.waits, facts.random);
      if (afterMs > MAX_WAIT_MS)
        return { kind: 'stop-run', cause: 'billing', message: `${message}; the wait asked for is over 24 h` };
      return { kind: 'again', afterMs };
    }
    case 'transport': {
      // Nothing was sent: an outage costs no row. Where nothing ever answered, the address is wrong.
      if (code === 'E_CALL_CONNECT') {
        if (facts.tries >= MAX_TRIES && !facts.anyAnswered) return { kind: 'stop-run', cause: 'unreachable', message };
        return { kind: 'again', afterMs: retryAfterTry(facts.tries, facts.random) };
      }
      const limit = code === 'E_CALL_BODY' || code === 'E_CALL_EMPTY' ? MAX_UNREADABLE : MAX_TRIES;
      if (facts.tries >= limit) {
        return { kind: 'fail-row', cause: code === 'E_CALL_EMPTY' ? 'empty' : 'transport', code, message };
      }
      return { kind: 'again', afterMs: failure.retryAfterMs ?? retryAfterTry(facts.tries, facts.random) };
    }
    case 'local':
      if (facts.waits >= MAX_LOCAL_WAITS) return { kind: 'stop-run', cause: 'disk', message: `${code}: ${message}` };
      return { kind: 'again', afterMs: backoff(facts.waits, facts.random) };
    case 'billing':
      return { kind: 'stop-run', cause: 'billing', message };
    case 'key':
      return { kind: 'stop-run', cause: 'key', message };
    case 'request':
      // A model that is gone, or a field that we send with every row, does not come back by asking for the next one.
      if (isForAll(failure, facts.anyAnswered)) return { kind: 'stop-run', cause: 'request', message: `${code}: ${message}` };
      // A refusal that names nothing that all rows share may be this row's own.
      if (!facts.anyAnswered && failure.suspect !== 'request') return { kind: 'stop-run', cause: 'request', message };
      return { kind: 'fail-row', cause: 'refused', code, message };
    case 'row':
      return { kind: 'fail-row', cause: ROW_CAUSES[code] ?? 'refused', code, message };
    case 'cancelled':
      return { kind: 'stop-run', cause: 'cancelled', message: CUT_OFF };
  }
}
