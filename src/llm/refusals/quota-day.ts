/** When the day of a quota ends that names no hour. */
import type { EpochMs } from '../../core/model.js';
import type { ErrorFacts } from './error-facts.js';
import type { Family } from './family.js';

/** Gemini counts days in Pacific time, also behind a gateway; OpenRouter, Bedrock and others in UTC. */
export function isPacific(family: Family, { words }: Pick<ErrorFacts, 'words'>): boolean {
  return family === 'gemini' || words.some((word) => /^generate\w+perday/.test(word));
}

/** Ms until midnight there. */
export function untilMidnight(pacific: boolean, now: EpochMs): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: pacific ? 'America/Los_Angeles' : 'UTC',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  });
  const part = (type: string) => Number(format.formatToParts(now).find((piece) => piece.type === type)?.value ?? 0);
  const passed = ((part('hour') * 60 + part('minute')) * 60 + part('second')) * 1000;
  // On the two days of the year with 23 or 25 hours this is an hour off; the next 429 corrects it.
  return 86_400_000 - passed;
}
