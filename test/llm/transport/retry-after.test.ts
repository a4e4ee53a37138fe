import { describe, expect, test } from 'vitest';
import { parseDuration, retryAfterMs } from '../../../src/llm/transport/retry-after.js';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const header = (value: string) => retryAfterMs({ 'retry-after': value }, '', NOW);

describe('retryAfterMs: headers', () => {
  test.each([
    ['5', 5_000],
    ['0', 0],
    ['1.5', 1_500],
    [' 7 ', 7_000],
    ['0.0001', 1],
    ['3600', 3_600_000],
    ['1000000000', 1e12],
    ['1e9', 1e12],
    ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
    ['Saturday, 21-Nov-26 12:00:30 GMT', 30_000],
    ['Tuesday, 01-Dec-26 12:00:00 GMT', 864_000_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['Sat Nov 21 12:00:30 2026', 30_000],
    ['Tue Dec  1 12:00:00 2026', 864_000_000],
    ['sat, 21 nov 2026 12:00:30 gmt', 30_000],
    ['Sat, 21 Nov 2026 13:00:30 +0100', 30_000],
    ['Tue, 31 Nov 2026 12:00:30 GMT', null],
    ['Sat, 21 Foo 2026 12:00:30 GMT', null],
    ['Sat, 21 Nov 2026 12:00:30', null],
    ['2026-11-21T12:01:00', null],
    ['2026-11-21T13:01:00+01:00', 60_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['2026-11-21T12:01:00Z', 60_000],
    ['-1', null],
    ['-0', null],
    ['soon', null],
    ['May 2', null],
    ['', null],
    ['NaN', null],
    ['Infinity', null],
    ['1e400', null],
    ['0x10', null],
    ['5 seconds', null],
  ])('retry-after: %j -> %j', (value, expected) => {
    expect(header(value)).toBe(expected);
  });

  test('retryAfterMs: nothing named -> null', () => {
    expect(retryAfterMs({}, '', NOW)).toBeNull();
    expect(retryAfterMs({ 'retry-after': undefined }, '{"error":{"message":"slow down"}}', NOW)).toBeNull();
  });

  test('retryAfterMs: retry-after-ms beside retry-after -> the finer one', () => {
    expect(retryAfterMs({ 'retry-after-ms': '1234.5', 'retry-after': '9' }, '', NOW)).toBe(1_235);
    expect(retryAfterMs({ 'retry-after-ms': '-5', 'retry-after': '9' }, '', NOW)).toBe(9_000);
  });

  test('retryAfterMs: header and body -> the header', () => {
    expect(retryAfterMs({ 'retry-after': '2' }, 'Please try again in 40s.', NOW)).toBe(2_000);
    expect(retryAfterMs({ 'retry-after': '0' }, 'Please try again in 40s.', NOW)).toBe(0);
  });
});

describe('retryAfterMs: body', () => {
  test.each([
    ['{"error":{"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"39s"}]}}', 39_000],
    ['{"error":{"details":[{"retryDelay": "39.123s"}]}}', 39_123],
    ['Rate limit reached. Please try again in 1.2s. Visit the page', 1_200],
    ['Please try again in 20ms.', 20],
    ['Please try again in 7m12.5s. Need more?', 432_500],
    ['Please try again in 2h3m', 7_380_000],
    ['please retry in 45.5s.', 45_500],
    ['Try again in 6 minutes.', 360_000],
    ['retry after 10 seconds', 10_000],
    ['{"error":{"message":"x","retry_after":12}}', 12_000],
    ['{"retry_after_ms": 250}', 250],
    [`{"metadata":{"headers":{"X-RateLimit-Reset":"${NOW + 5_000}"}}}`, 5_000],
    ['{"retryDelay":"soon"}', null],
    ['try again in a while', null],
  ])('%s -> %j', (body, expected) => {
    expect(retryAfterMs({}, body, NOW)).toBe(expected);
  });

  test('retryAfterMs: a hint far into a huge body -> not searched for', () => {
    expect(retryAfterMs({}, `${'a '.repeat(100_000)}try again in 5s`, NOW)).toBeNull();
  });
});

test.each([
  ['39s', 39_000],
  ['1m', 60_000],
  ['1d', 86_400_000],
  ['6m0s', 360_000],
  ['1 hour 5 mins', 3_900_000],
  ['10 milliseconds', 10],
  ['', null],
  ['5', null],
  ['s', null],
  ['5 parsecs', null],
  ['5s and more', null],
])('parseDuration: %j -> %j', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});
