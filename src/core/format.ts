/** Numbers, money and times as people read them. */

import type { Estimate } from './estimate.js';
import type { Interval } from './interval.js';

/** `950`, `12.3k`, `4.5M`. */
export function formatCount(value: number): string {
  if (value < 10_000) return String(Math.round(value));
  if (value < 999_950) return `${(value / 1000).toFixed(value < 99_950 ? 1 : 0)}k`;
  return `${(value / 1_000_000).toFixed(value < 99_950_000 ? 1 : 0)}M`;
}

/** `1 row`, `2 rows`: the word is one whose plural ends with an s. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** A text of others within a sentence: its beginning and `...` where it is longer than `most` characters. @default 60 */
export function shortened(text: string, most = 60): string {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}

/** Less is nothing: amounts are whole nano-dollars, means of them are not. */
const HALF_A_NANO = 5e-10;

/** USD with enough digits to see small spends: `$0`, `$0.000012`, `$0.0012`, `$0.5000`, `$1.20`; `unknown` for null. */
export function formatUsd(usd: number | null): string {
  if (usd === null) return 'unknown';
  const size = Math.abs(usd);
  if (size < HALF_A_NANO) return '$0';
  const sign = usd < 0 ? '-' : '';
  if (size >= 1) return `${sign}$${size.toFixed(2)}`;
  if (size >= 0.0001) return `${sign}$${size.toFixed(4)}`;
  const decimals = Math.min(9, 1 - Math.floor(Math.log10(size)));
  return `${sign}$${size.toFixed(decimals).replace(/0+$/, '')}`;
}

/** USD to the nano-dollar, so that it can be typed as a cap: `$0.0002174`, `$0.5`, `$12`. */
export function formatExactUsd(usd: number): string {
  return `$${usd.toFixed(9).replace(/\.?0+$/, '')}`;
}

/** As `formatExactUsd`, without the sign: what is typed after an option. */
export function typedUsd(usd: number): string {
  return formatExactUsd(usd).slice(1);
}

/** `0s`, `42s`, `3m 05s`, `2h 07m`, `3d 04h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`;
  return `${Math.floor(seconds / 86_400)}d ${two(Math.floor((seconds % 86_400) / 3600))}h`;
}

/** `$0.51 ($0.44 to $0.59)`; the value alone when there is no doubt. */
export function formatInterval({ low, expected, high }: Interval, format: (value: number) => string): string {
  const [from, about, to] = [format(low), format(expected), format(high)];
  return from === to ? about : `${about} (${from} to ${to})`;
}

/** All figures of an estimate: `180 calls, 9500 tokens in, 50.0k (45.0k to 55.0k) out, $0.50 ($0.40 to $0.60), 2m 00s at best`. */
export function formatEstimate({ costUsd, ms, calls, inputTokens, outputTokens }: Estimate): string {
  const parts = [
    `${formatInterval(calls, formatCount)} ${calls.high === 1 ? 'call' : 'calls'}`,
    `${formatInterval(inputTokens, formatCount)} tokens in`,
    `${formatInterval(outputTokens, formatCount)} out`,
    costUsd === null ? 'cost unknown' : formatInterval(costUsd, formatUsd),
    `${formatInterval(ms, formatDuration)} at best`,
  ];
  return parts.join(', ');
}

/** Rates keep one decimal below 10. */
export function formatRate(perUnit: number): string {
  return perUnit < 9.95 ? perUnit.toFixed(1) : formatCount(perUnit);
}

/** `2026-11-21 09:05:07Z`: UTC, so that it reads the same everywhere. */
export function formatTime(at: number | null): string {
  return at === null ? '-' : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
