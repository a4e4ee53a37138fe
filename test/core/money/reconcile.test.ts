import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KnownCall, reconcile, type UsageLine } from '../../../src/core/money/reconcile.js';

const MINUTE = 60_000;
const usage = (input: number, output: number) => ({ input, cached: 0, output, reasoning: 0 });

function call(id: string, minute: number, tokens: [number, number] | null = null): KnownCall {
  const startedAt = minute * MINUTE;
  return { id, startedAt, endedAt: startedAt + 10_000, usage: tokens === null ? null : usage(...tokens) };
}

let lines = 0;
function line(minute: number, more: Partial<UsageLine> = {}): UsageLine {
  lines += 1;
  return { line: lines, callId: null, at: minute * MINUTE + 4_000, model: 'm', costNano: 70, usage: null, ...more };
}

/** Answered calls a minute apart, around all else, and their lines. */
const answered = [call('a', 0, [1, 1]), call('b', 5, [2, 2]), call('c', 10, [3, 3])];
const own = (ids: boolean) =>
  [line(-1), ...answered.map((one, at) => line(at * 5, { usage: one.usage, ...(ids ? { callId: one.id } : {}) })), line(12)].map(
    (one, at) => (at === 0 || at === 4 ? { ...one, usage: usage(9, 9), ...(ids ? { callId: `other-${at}` } : {}) } : one),
  );

function decide(doubtful: KnownCall[], all: UsageLine[], known = answered) {
  const found = reconcile(doubtful, known, { lines: all, buckets: [] });
  return doubtful.map(({ id }) => {
    const decision = found?.decisions.get(id);
    return decision?.kind === 'settle' ? decision.costNano : (decision?.kind ?? 'none');
  });
}

describe('requests with our ids', () => {
  const doubtful = [call('x', 3), call('y', 4)];

  it('listed -> settled at its cost; not listed in a whole export -> released', () => {
    expect(decide(doubtful, [...own(true), line(3, { callId: 'x', costNano: 42 })])).toEqual([42, 'release']);
  });

  it('an answered call is missing -> the export is not whole: only what it lists is settled', () => {
    const partial = own(true).filter(({ callId }) => callId !== 'b');
    expect(decide(doubtful, [...partial, line(3, { callId: 'x' })])).toEqual([70, 'stays']);
  });

  it('outside the time of the export, at its very end, or nothing answered in it -> stays', () => {
    expect(decide([call('late', 20), call('end', 12), call('early', -3)], own(true))).toEqual(['stays', 'stays', 'stays']);
    expect(decide(doubtful, own(true), [])).toEqual(['stays', 'stays']);
  });

  it('two lines with its id, or no cost -> stays', () => {
    const twice = [line(3, { callId: 'x' }), line(3, { callId: 'x' })];
    expect(decide(doubtful, [...own(true), ...twice, line(4, { callId: 'y', costNano: null })])).toEqual(['stays', 'stays']);
  });
});

describe('requests without ids', () => {
  const doubtful = [call('x', 3), call('y', 7)];

  it('one line that nobody else explains in its time -> settled; none in a whole export -> released', () => {
    expect(decide(doubtful, [...own(false), line(3, { usage: usage(5, 5), costNano: 42 })])).toEqual([42, 'release']);
  });

  it('two lines, or two calls for one line -> stays', () => {
    const both = [call('x', 3), { ...call('y', 3), startedAt: 3 * MINUTE + 1_000 }];
    expect(decide(both, [...own(false), line(3, { usage: usage(5, 5) })])).toEqual(['stays', 'stays']);
    const two = [line(3, { usage: usage(5, 5) }), line(3, { usage: usage(6, 6) })];
    expect(decide([call('x', 3)], [...own(false), ...two])).toEqual(['stays']);
  });

  it('a line of an answered call in its time -> is not taken for it', () => {
    expect(decide([call('x', 5)], own(false))).toEqual(['release']);
  });

  it('an answered call without its line, or without usage -> nothing is released or matched', () => {
    const without = own(false).filter(({ usage: tokens }) => tokens?.input !== 2);
    expect(decide(doubtful, [...without, line(3, { usage: usage(5, 5) })])).toEqual(['stays', 'stays']);
    const silent = answered.map((one) => (one.id === 'b' ? { ...one, usage: null } : one));
    expect(decide(doubtful, own(false), silent)).toEqual(['stays', 'stays']);
  });
});

describe('totals', () => {
  const decideBy = (requests: number[], doubtful: KnownCall[], known = answered) => {
    const buckets = requests.map((count, at) => ({
      from: (at * 60 - 60) * MINUTE,
      to: at * 60 * MINUTE,
      model: null,
      requests: count,
    }));
    return doubtful.map((one) => reconcile([one], known, { lines: [], buckets })?.decisions.get(one.id)?.kind);
  };

  it('as many requests as were answered -> released; more, fewer -> stays', () => {
    const doubtful = [call('x', 3)];
    expect(decideBy([0, 3], doubtful)).toEqual(['release']);
    expect(decideBy([0, 4], doubtful)).toEqual(['stays']);
    expect(decideBy([0, 2], doubtful)).toEqual(['stays']);
  });

  it('outside of all totals, or answered calls across their ends -> stays', () => {
    expect(decideBy([0, 3], [call('x', 70)])).toEqual(['stays']);
    expect(decideBy([0, 3], [call('x', 3)], [...answered, call('d', 60, [1, 1])])).toEqual(['stays']);
  });

  it('stretches with a gap -> each for itself', () => {
    const buckets = [
      { from: -60 * MINUTE, to: 60 * MINUTE, model: null, requests: 3 },
      { from: 120 * MINUTE, to: 180 * MINUTE, model: null, requests: 5 },
    ];
    const found = reconcile([call('x', 3), call('y', 150)], answered, { lines: [], buckets });
    expect([...(found?.decisions.values() ?? [])].map(({ kind }) => kind)).toEqual(['release', 'stays']);
  });
});

it('an answered call at the edge of the export -> its line is its own, though it is not counted on', () => {
  const edge = call('e', 11.95, [4, 4]);
  const known = [...answered, edge];
  const exported = [...own(false), line(11.95, { usage: edge.usage, at: 11.98 * MINUTE })];
  // Without that line the call would be taken for the doubtful one.
  expect(decide([call('x', 11.5)], exported, known)).toEqual(['release']);
});

it('an export with nothing in it -> null', () => {
  expect(reconcile([call('x', 3)], answered, { lines: [], buckets: [] })).toBeNull();
});

it('any history, exported whole with or without ids -> a call that was billed is never released, one that was not is never settled above 0', () => {
  const calls = fc.array(
    fc.record({
      minute: fc.integer({ min: 1, max: 30 }),
      kind: fc.constantFrom('answered' as const, 'billed' as const, 'unbilled' as const),
      tokens: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    }),
    { minLength: 1, maxLength: 25 },
  );
  fc.assert(
    fc.property(calls, fc.boolean(), (history, ids) => {
      const made = history.map(({ minute, kind, tokens }, at) => ({
        kind,
        call: call(`c${at}`, minute, kind === 'answered' ? tokens : null),
        line: line(minute, { usage: usage(...tokens), costNano: 1 + at, ...(ids ? { callId: `c${at}` } : {}) }),
      }));
      const edges = [line(-5, { usage: usage(99, 1) }), line(40, { usage: usage(99, 1) })];
      const exported = [...edges, ...made.filter(({ kind }) => kind !== 'unbilled').map((one) => one.line)];
      const doubtful = made.filter(({ kind }) => kind !== 'answered');
      const known = made.filter(({ kind }) => kind === 'answered').map((one) => one.call);
      const found = reconcile(
        doubtful.map((one) => one.call),
        known,
        { lines: exported, buckets: [] },
      );
      let settledNano = 0;
      for (const { kind, call: one } of doubtful) {
        const decision = found?.decisions.get(one.id);
        if (kind === 'billed') expect(decision?.kind).not.toBe('release');
        if (kind === 'unbilled' && ids) expect(decision?.kind).not.toBe('settle');
        if (decision?.kind === 'settle') settledNano += decision.costNano;
      }
      // No line is used twice, and none of an answered call's cost is charged again.
      const billedNano = made
        .filter(({ kind }) => kind === 'billed')
        .reduce((sum, { line: { costNano } }) => sum + (costNano ?? 0), 0);
      if (ids) expect(settledNano).toBeLessThanOrEqual(billedNano);
    }),
    { numRuns: 500 },
  );
});
