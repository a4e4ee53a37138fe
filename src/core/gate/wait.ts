/** What a run waits for, as people and programs are told. Pure. */
import { formatTime } from '../format.js';
import type { EpochMs } from '../model.js';
import type { Failure } from './line.js';
import type { Bottleneck } from './port.js';

export interface Wait {
  why: Exclude<Bottleneck, 'nothing'>;
  since: EpochMs;
  /** When it ends, if that is known. */
  until: EpochMs | null;
  /** Turns that wait. */
  turns: number;
  /** For `slow`: mean ms of an answer of late, and over a long time. */
  answerMs?: number;
  usualMs?: number;
  /** For `breaker` and `retry`: what calls met last, while none was answered. */
  failure?: Failure;
}

/** What the text of a wait may name. */
export interface WaitFacts {
  /** Id. */
  run: string;
  concurrency: number;
  auto: boolean;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  /** As learned. */
  callsPerSecond: number | null;
  callsInFlight: number | null;
}

/** Of what several processes wait for, that of most turns; null when nobody waits. */
export function heaviest(waits: readonly Wait[]): Wait | null {
  return [...waits].sort((a, b) => b.turns - a.turns || a.since - b.since)[0] ?? null;
}

const DAY_MS = 86_400_000;

/** `12:03:10Z`; with its date when it is more than a day away. */
export function clockText(at: EpochMs, now: EpochMs): string {
  const text = formatTime(at);
  return Math.abs(at - now) < DAY_MS ? text.slice(11) : text;
}

/** `no connection to api.example.com: the name is not known (ENOTFOUND), since 12:01:00Z`. */
export function failureText({ text, since }: Failure, now: EpochMs): string {
  return `${text}, since ${clockText(since, now)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** Limits of the provider as calls met them: `98.5 calls/s, 32 calls in flight`; null when none was met. */
export function learnedText({
  callsPerSecond,
  callsInFlight,
}: Pick<WaitFacts, 'callsPerSecond' | 'callsInFlight'>): string | null {
  const parts: string[] = [];
  if (callsPerSecond !== null) parts.push(`${callsPerSecond.toFixed(1)} calls/s`);
  if (callsInFlight !== null) parts.push(`${callsInFlight} calls in flight`);
  return parts.length === 0 ? null : parts.join(', ');
}

/** Goes after "waits for". */
export function waitText(wait: Wait, facts: WaitFacts, now: EpochMs): string {
  const at = (before: string) => (wait.until === null || wait.until <= now ? '' : `${before} ${clockText(wait.until, now)}`);
  const rate = (unit: string, perMinute: number | null) => `${unit} (${perMinute ?? "the provider's"})`;
  switch (wait.why) {
    case 'concurrency':
      return facts.auto ? 'workers (auto: as many as seem worth it)' : `workers (all ${facts.concurrency} busy)`;
    case 'slow': {
      const { answerMs, usualMs } = wait;
      return `slow answers${answerMs === undefined || usualMs === undefined ? '' : ` (${seconds(answerMs)} each, usually ${seconds(usualMs)})`}`;
    }
    case 'requests/min':
      return rate(wait.why, facts.requestsPerMinute) + at(', next at');
    case 'tokens/min':
      return rate(wait.why, facts.tokensPerMinute) + at(', next at');
    case 'provider': {
      const learned = learnedText(facts);
      return `the provider's limit${learned === null ? '' : ` (${learned})`}`;
    }
    case 'breaker':
      return `the provider: outage${at(', next probe at')}`;
    case 'refused':
      return `the provider: it refuses all calls${at(', the next try at')}`;
    case 'quota':
      return `the day's quota of the provider${at(', until')}`;
    case 'money':
      return 'money: calls under way hold what is left of the cap';
    case 'stagger':
      return 'the staggered start';
    case 'retry':
      return `rows that are to be tried again${at(', the next at')}`;
    case 'paused':
      return `a person: swarm resume ${facts.run}`;
  }
}
