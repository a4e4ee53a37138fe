/** Days of money caps: calendar days of a named time zone, which may have 23, 24 or 25 hours. */
import type { EpochMs } from '../model.js';

/** `YYYY-MM-DD`; sorts by time. */
export type Day = string;

const DAY_MS = 86_400_000;
/** No zone is further from UTC. */
const FURTHEST_MS = 15 * 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(timeZone, format);
  }
  return format;
}

/** The default zone. A process's first `Intl` format takes 15 ms and more: none is needed for it. */
const UTC = 'UTC';

/** True for a zone that this system knows: `UTC`, `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  if (name === UTC) return true;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Throws a RangeError for an unknown zone. */
export function dayOf(at: EpochMs, timeZone: string): Day {
  if (timeZone === UTC) return new Date(at).toISOString().slice(0, 10);
  return formatOf(timeZone).format(at);
}

/** First instant of a day in its zone. */
export function startOf(day: Day, timeZone: string): EpochMs {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  let before = midnight - FURTHEST_MS;
  let from = midnight + FURTHEST_MS;
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    if (dayOf(middle, timeZone) < day) before = middle;
    else from = middle;
  }
  return from;
}

/** When the next day begins: the budget of the day is whole again. */
export function nextDayAt(day: Day, timeZone: string): EpochMs {
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
  return startOf(next, timeZone);
}
