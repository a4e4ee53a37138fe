import { describe, expect, it } from 'vitest';
import {
  clockText,
  failureText,
  heaviest,
  learnedText,
  type Wait,
  type WaitFacts,
  waitText,
} from '../../../src/core/gate/wait.js';

const NOW = Date.UTC(2026, 10, 21, 12, 3, 0);
const facts: WaitFacts = {
  run: 'poems-1',
  concurrency: 16,
  auto: false,
  requestsPerMinute: 600,
  tokensPerMinute: null,
  callsPerSecond: 98.52,
  callsInFlight: null,
};

describe('waitText', () => {
  it.each<[Wait['why'], Partial<Wait>, Partial<WaitFacts>, string]>([
    ['concurrency', {}, {}, 'workers (all 16 busy)'],
    ['concurrency', {}, { auto: true }, 'workers (auto: as many as seem worth it)'],
    ['slow', { answerMs: 12_340, usualMs: 3_100 }, {}, 'slow answers (12.3 s each, usually 3.1 s)'],
    ['slow', {}, {}, 'slow answers'],
    ['requests/min', {}, {}, 'requests/min (600)'],
    ['tokens/min', { until: NOW + 10_000 }, {}, "tokens/min (the provider's), next at 12:03:10Z"],
    ['provider', {}, {}, "the provider's limit (98.5 calls/s)"],
    ['provider', {}, { callsPerSecond: null }, "the provider's limit"],
    ['breaker', { until: NOW + 10_000 }, {}, 'the provider: outage, next probe at 12:03:10Z'],
    ['breaker', {}, {}, 'the provider: outage'],
    ['breaker', { until: NOW }, {}, 'the provider: outage'],
    ['retry', { until: NOW + 10_000 }, {}, 'rows that are to be tried again, the next at 12:03:10Z'],
    ['refused', { until: NOW + 10_000 }, {}, 'the provider: it refuses all calls, the next try at 12:03:10Z'],
    ['quota', { until: NOW + 90_000_000 }, {}, "the day's quota of the provider, until 2026-11-22 13:03:00Z"],
    ['money', {}, {}, 'money: calls under way hold what is left of the cap'],
    ['stagger', {}, {}, 'the staggered start'],
    ['paused', {}, {}, 'a person: swarm resume poems-1'],
  ])('%s %j %j -> %s', (why, wait, more, expected) => {
    expect(waitText({ why, since: NOW, until: null, turns: 1, ...wait }, { ...facts, ...more }, NOW)).toBe(expected);
  });
});

it('clockText: within a day -> the time alone', () => {
  expect([clockText(NOW - 1_000, NOW), clockText(NOW + 86_400_000, NOW)]).toEqual(['12:02:59Z', '2026-11-22 12:03:00Z']);
});

it('failureText: what calls met, and since when', () => {
  expect(failureText({ text: 'HTTP 503', since: NOW - 60_000 }, NOW)).toBe('HTTP 503, since 12:02:00Z');
});

it('learnedText: both limits, one, none', () => {
  expect(learnedText({ callsPerSecond: 4, callsInFlight: 32 })).toBe('4.0 calls/s, 32 calls in flight');
  expect(learnedText({ callsPerSecond: null, callsInFlight: 32 })).toBe('32 calls in flight');
  expect(learnedText({ callsPerSecond: null, callsInFlight: null })).toBeNull();
});

it('heaviest: none -> null; else that of most turns, of those the oldest', () => {
  const wait = (turns: number, since: number): Wait => ({ why: 'money', since, until: null, turns });
  expect(heaviest([])).toBeNull();
  expect(heaviest([wait(1, 1), wait(3, 9), wait(3, 5)])).toEqual(wait(3, 5));
});
