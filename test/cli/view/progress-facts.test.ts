import { expect, it } from 'vitest';
import { progressFacts, tookText } from '../../../src/cli/view/progress-facts.js';
import type { Estimate } from '../../../src/core/estimate.js';
import { estimateOf, progressOf } from '../support/fake-run.js';
import { START } from '../support/terminal.js';

const limitsOf = (part: Parameters<typeof progressOf>[0]) =>
  progressFacts(progressOf(part), START).find((line) => line.startsWith('limits'));

it('limits: workers, whether they are found by the gate, and the rates', () => {
  expect(limitsOf({ concurrency: 8 })).toMatch(/limits +8 calls in flight$/);
  const auto = limitsOf({ concurrency: 200, auto: true, requestsPerMinute: 60, tokensPerMinute: 9_000 });
  expect(auto).toMatch(/auto, at most 200 calls in flight, at most 60 requests\/min, at most 9000 tokens\/min$/);
});

it('started: when, and by what when it was not the command', () => {
  const startedOf = (part: Parameters<typeof progressOf>[0]) =>
    progressFacts(progressOf(part), START).find((line) => line.startsWith('started'));
  expect(startedOf({ origin: 'cli' })).toMatch(/started +[\d-]+ [\d:]+Z$/);
  expect(startedOf({ origin: 'library' })).toMatch(/Z, from code$/);
  expect(startedOf({ origin: 'temporal' })).toMatch(/Z, by plain Temporal$/);
});

it('found: what was learned of the provider; no line before a limit was met', () => {
  const foundOf = (part: Parameters<typeof progressOf>[0]) =>
    progressFacts(progressOf(part), START).find((line) => line.startsWith('found'));
  const none = { callsPerSecond: null, callsInFlight: null, refusedAnyway: 0, at: START };
  expect([foundOf({}), foundOf({ found: none })]).toEqual([undefined, undefined]);
  expect(foundOf({ found: { ...none, callsPerSecond: 98.04, callsInFlight: 50, refusedAnyway: 0.1 } })).toMatch(
    /found +the provider takes 98\.0 calls\/s, 50 calls in flight, 10\.0 % refused at any rate$/,
  );
});

it('waits for: the reason, for how long and since when; nothing while it rests', () => {
  const waitsOf = (part: Parameters<typeof progressOf>[0]) =>
    progressFacts(progressOf(part), START + 65_000).find((line) => line.startsWith('waits for'));
  expect(waitsOf({})).toMatch(/waits for +workers \(all 4 busy\), for 1m 05s \(since \d\d:\d\d:\d\dZ\)$/);
  expect([waitsOf({ state: 'paused' }), waitsOf({ waits: null })]).toEqual([undefined, undefined]);
});

it('an outage: what the last calls met and since when, and how many failed; nothing of it when all is well', () => {
  const factsOf = (part: Parameters<typeof progressOf>[0]) => progressFacts(progressOf(part), START + 65_000);
  const failure = { text: 'no connection to api.example.com: the name is not known (ENOTFOUND)\u001b[2J', since: START };
  const waits = { why: 'retry', text: 'rows that are to be tried again', since: START, until: null, failure };
  const told = factsOf({ failedCalls: 17, calls: 3, waits });
  expect(told.find((line) => line.startsWith('failure'))).toMatch(
    /^failure +no connection to api\.example\.com: the name is not known \(ENOTFOUND\), since \d\d:\d\d:\d\dZ$/,
  );
  expect(told.find((line) => line.startsWith('calls'))).toMatch(
    / 3 answered, 17 failed, 4 in flight, 0 rate limited, 0 doubtful$/,
  );
  expect(factsOf({ waits, state: 'paused' }).join('\n')).not.toContain('ENOTFOUND');
  expect(factsOf({}).find((line) => line.startsWith('calls'))).not.toContain('failed');
});

it('next: what to type when the run rests; nothing while it runs or when all is done', () => {
  const nextOf = (part: Parameters<typeof progressOf>[0]) =>
    progressFacts(progressOf({ run: 'poems-1', ...part }), START).flatMap((line) => line.match(/^next +(.+)$/)?.[1] ?? []);
  expect([nextOf({}), nextOf({ state: 'completed', failed: 0 })]).toEqual([[], []]);
  expect(nextOf({ state: 'paused', reason: 'user' })).toEqual(['go on: swarm resume poems-1']);
  expect(nextOf({ state: 'paused', reason: 'billing' })).toEqual(['go on when it is mended: swarm resume poems-1']);
  for (const reason of ['request', 'systematic'] as const)
    expect(nextOf({ state: 'paused', reason })).toEqual([
      'go on when it is mended: swarm resume poems-1',
      'go on with a changed task, and keep the rows that are done: swarm run TASK --changed keep',
    ]);
  expect(nextOf({ state: 'interrupted', reason: 'host' })).toEqual(['go on: swarm resume poems-1']);
  expect(nextOf({ state: 'interrupted', message: 'the host ended; go on with: swarm resume poems-1' })).toEqual([]);
  expect(nextOf({ state: 'completed', failed: 2 })).toEqual(['do the 2 failed rows again: swarm retry poems-1']);
  expect(nextOf({ state: 'capped', message: 'the next call could pass max_cost ($1.00)', maxCostUsd: 0.0000015 })).toEqual([
    'go on with a higher cap, such as: swarm resize poems-1 --max-cost 0.000003',
  ]);
  expect(nextOf({ state: 'capped', message: 'max_daily_cost' })).toHaveLength(2);
});

it('rest: all figures with their interval, and what they rest on', () => {
  const inputTokens = { low: 9_000, expected: 9_500, high: 9_900 };
  const outputTokens = { low: 45_000, expected: 50_000, high: 55_000 };
  const restOf = (part: Partial<Estimate>) => {
    const rest = estimateOf({ sample: 24, inputTokens, outputTokens, ...part });
    return progressFacts(progressOf({ rest }), START).find((line) => line.startsWith('rest'));
  };
  expect(restOf({})).toMatch(
    /rest +20 rows, 12 calls, 9500 \(9000 to 9900\) tokens in, 50\.0k \(45\.0k to 55\.0k\) out, \$2\.00 \(\$1\.00 to \$3\.00\), 20s \(18s to 25s\) at best; 9 of 10 times in between, by the first 24 rows$/,
  );
  expect(restOf({ costUsd: null })).not.toContain('$');
});

it('took: the time worked, and the time since the start where the run has rested in between', () => {
  const times = { startedAt: START, endedAt: START + 7_620_000 };
  expect(tookText({ ...times, workedMs: 7_620_000 }, 0)).toBe('2h 07m');
  expect(tookText({ ...times, workedMs: 185_000 }, 0)).toBe('3m 05s of work in 2h 07m');
  expect(tookText({ startedAt: START, endedAt: null, workedMs: 3_000 }, START + 9_000)).toBe('3s of work in 9s');
  expect(tookText({ startedAt: null, endedAt: null, workedMs: 0 }, START)).toBeNull();
});
