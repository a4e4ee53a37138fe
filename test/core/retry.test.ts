import { describe, expect, it } from 'vitest';
import type { CallFailure, FailureClass, Refusal } from '../../src/core/call-failure.js';
import { backoff, isTry, MAX_TRIES, MAX_WAIT_MS, retryAfterTry, retryDecision, stopScope } from '../../src/core/retry.js';
import type { StopScope } from '../../src/core/run-stop.js';

const failure = (kind: FailureClass, more: Partial<CallFailure> = {}): CallFailure => ({
  ok: false,
  class: kind,
  code: 'E_X',
  status: null,
  message: 'said so',
  retryAfterMs: null,
  mayHaveBeenBilled: false,
  ...more,
});
const facts = { tries: 1, waits: 1, anyAnswered: true, random: 0.5 };

describe('retryDecision', () => {
  it.each<[Refusal, StopScope]>([
    [{ kind: 'money', of: 'prepaid' }, 'key'],
    [{ kind: 'money', of: 'limit' }, 'key'],
    [{ kind: 'key' }, 'key'],
    [{ kind: 'permission' }, 'model'],
    [{ kind: 'request', of: 'model' }, 'model'],
    [{ kind: 'request', of: 'field' }, 'run'],
    [{ kind: 'request', of: 'address' }, 'run'],
  ])('stopScope: %o -> the calls of the %s', (refusal, scope) => {
    expect(stopScope({ refusal })).toBe(scope);
  });

  it.each<[Refusal, string]>([
    [{ kind: 'request', of: 'model' }, 'stop-run'],
    [{ kind: 'request', of: 'field' }, 'stop-run'],
    [{ kind: 'request', of: 'address' }, 'fail-row'],
    [{ kind: 'request', of: null }, 'fail-row'],
  ])('retryDecision: %o after good answers -> %s', (refusal, kind) => {
    expect(retryDecision(failure('request', { refusal }), { ...facts, anyAnswered: true }).kind).toBe(kind);
  });

  it.each(['rate', 'overload', 'reset'] as const)(
    'retryDecision: %s with Retry-After -> waits as told, however often',
    (kind) => {
      expect(retryDecision(failure(kind, { retryAfterMs: 90_000 }), { ...facts, tries: 99, waits: 99 })).toEqual({
        kind: 'again',
        afterMs: 90_000,
      });
      expect(retryDecision(failure(kind, { retryAfterMs: MAX_WAIT_MS + 1 }), facts)).toMatchObject({
        kind: 'stop-run',
        cause: 'billing',
      });
    },
  );

  it('retryDecision: rate without Retry-After -> backs off by the waits in a row', () => {
    expect(retryDecision(failure('rate'), { ...facts, waits: 3 })).toEqual({ kind: 'again', afterMs: backoff(3, 0.5) });
  });

  it('retryDecision: transport -> again until MAX_TRIES, then the row fails', () => {
    expect(retryDecision(failure('transport'), { ...facts, tries: MAX_TRIES - 1 })).toMatchObject({ kind: 'again' });
    expect(retryDecision(failure('transport'), { ...facts, tries: MAX_TRIES })).toEqual({
      kind: 'fail-row',
      cause: 'transport',
      code: 'E_X',
      message: 'said so',
    });
  });

  it('retryDecision: an unreadable or empty answer -> two payments at most', () => {
    expect(retryDecision(failure('transport', { code: 'E_CALL_BODY' }), { ...facts, tries: 2 })).toMatchObject({
      kind: 'fail-row',
      cause: 'transport',
    });
    expect(retryDecision(failure('transport', { code: 'E_CALL_EMPTY' }), { ...facts, tries: 2 })).toMatchObject({
      kind: 'fail-row',
      cause: 'empty',
    });
  });

  it('retryDecision: nothing listens and nothing ever answered -> the run stops', () => {
    const refused = failure('transport', { code: 'E_CALL_CONNECT' });
    expect(retryDecision(refused, { ...facts, tries: MAX_TRIES, anyAnswered: false })).toMatchObject({
      kind: 'stop-run',
      cause: 'unreachable',
    });
    expect(retryDecision(refused, { ...facts, tries: 99 })).toMatchObject({ kind: 'again' });
  });

  it('retryDecision: bad request -> fails the run before the first answer, the row after', () => {
    expect(retryDecision(failure('request'), { ...facts, anyAnswered: false })).toMatchObject({
      kind: 'stop-run',
      cause: 'request',
    });
    expect(retryDecision(failure('request'), facts)).toMatchObject({ kind: 'fail-row', cause: 'refused' });
  });

  it.each([
    ['billing', 'billing'],
    ['key', 'key'],
    ['cancelled', 'cancelled'],
  ] as const)('retryDecision: %s -> stops the run as %s', (kind, cause) => {
    expect(retryDecision(failure(kind), facts)).toMatchObject({ kind: 'stop-run', cause });
  });

  it('retryDecision: cancelled -> says what becomes of the calls under way', () => {
    expect(retryDecision(failure('cancelled'), facts)).toMatchObject({ message: expect.stringContaining('stay charged') });
  });

  it('retryDecision: no descriptor for a connection -> waits, no try; the run is paused like by a disk when it lasts', () => {
    const local = failure('local', { code: 'E_TOO_MANY_FILES' });
    expect(retryDecision(local, { ...facts, waits: 6, anyAnswered: false })).toMatchObject({ kind: 'again' });
    expect(retryDecision(local, { ...facts, waits: 7 })).toMatchObject({ kind: 'stop-run', cause: 'disk' });
  });

  it('retryDecision: a row refused for good -> fails with its cause', () => {
    expect(retryDecision(failure('row'), facts)).toMatchObject({ kind: 'fail-row', cause: 'refused' });
    expect(retryDecision(failure('row', { code: 'E_ROW_TOO_LONG' }), facts)).toMatchObject({
      kind: 'fail-row',
      cause: 'too_long',
    });
  });
});

it('isTry: limits, waits and cancels -> not tries', () => {
  const kinds: FailureClass[] = [
    'rate',
    'overload',
    'reset',
    'billing',
    'key',
    'local',
    'cancelled',
    'transport',
    'row',
    'request',
  ];
  expect(kinds.filter((kind) => isTry({ class: kind, mayHaveBeenBilled: false }))).toEqual(['transport', 'row', 'request']);
});

it('backoff: doubles, is never at once, never above a minute', () => {
  expect([1, 2, 3, 20].map((attempt) => backoff(attempt, 1))).toEqual([1_000, 2_000, 4_000, 60_000]);
  expect(backoff(1, 0)).toBe(100);
  expect([1, 2, 3, 4, 5, 99].map((tries) => retryAfterTry(tries, 1))).toEqual([250, 1_000, 4_000, 16_000, 60_000, 60_000]);
  expect(retryAfterTry(1, 0)).toBe(25);
});

it.each(['rate', 'overload', 'reset'] as const)('%s in the middle of an answer -> may be paid for, so it is a try', (kind) => {
  const usage = { input: 9, cached: 0, output: 3, reasoning: 0 };
  const paid = [failure(kind, { mayHaveBeenBilled: true }), failure(kind, { metered: { servedModel: 'm', usage } })];
  for (const one of paid) {
    expect(isTry(one)).toBe(true);
    expect(retryDecision(one, { ...facts, tries: 2 })).toEqual({ kind: 'again', afterMs: backoff(2, 0.5) });
    expect(retryDecision(one, { ...facts, tries: MAX_TRIES })).toMatchObject({ kind: 'fail-row', cause: 'transport' });
  }
  expect(isTry(failure(kind))).toBe(false);
});
