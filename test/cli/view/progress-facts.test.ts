import { expect, it } from 'vitest';
import { progressFacts } from '../../../src/cli/view/progress-facts.js';
import { progressOf } from '../support/fake-run.js';
import { START } from '../support/terminal.js';

const limitsOf = (part: Parameters<typeof progressOf>[0]) =>
  progressFacts(progressOf(part), START).find((line) => line.startsWith('limits'));

it('limits: workers, whether they are found by the gate, and the rates', () => {
  expect(limitsOf({ concurrency: 8 })).toMatch(/limits +8 calls in flight$/);
  const auto = limitsOf({ concurrency: 200, auto: true, requestsPerMinute: 60, tokensPerMinute: 9_000 });
  expect(auto).toMatch(/auto, at most 200 calls in flight, at most 60 requests\/min, at most 9000 tokens\/min$/);
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
