/** How long a provider asks us to wait, read from headers and, failing that, from the error body. Pure. */
import type { EpochMs } from '../../core/model.js';

/** Response headers with lower-case names. */
export type HeaderMap = Readonly<Record<string, string | undefined>>;

/** Hints stand near the start of an error body; a hostile body must not cost a long search. */
const BODY_SEARCHED = 8_192;

const NUMBER = /^\d{1,15}(?:\.\d{1,9})?(?:e\d{1,2})?$/i;

function toNumber(text: string): number | null {
  const trimmed = text.trim();
  return NUMBER.test(trimmed) ? Number(trimmed) : null;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const CLOCK = String.raw`(?<h>\d{2}):(?<min>\d{2}):(?<s>\d{2})`;
/** The three forms of RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`. */
const HTTP_DATES = [
  String.raw`^[a-z]{3}, (?<day>\d{1,2}) (?<month>[a-z]{3}) (?<year>\d{4}) ${CLOCK} GMT$`,
  String.raw`^[a-z]{6,9}, (?<day>\d{1,2})-(?<month>[a-z]{3})-(?<year>\d{2}) ${CLOCK} GMT$`,
  String.raw`^[a-z]{3} (?<month>[a-z]{3}) {1,2}(?<day>\d{1,2}) ${CLOCK} (?<year>\d{4})$`,
].map((form) => new RegExp(form, 'i'));

/** A year of two digits is the one that is at most 50 years ahead of now (RFC 9110). */
function fullYear(text: string, now: EpochMs): number {
  const year = Number(text);
  if (text.length === 4) return year;
  const thisYear = new Date(now).getUTCFullYear();
  const sameCentury = thisYear - (thisYear % 100) + year;
  return sameCentury > thisYear + 50 ? sameCentury - 100 : sameCentury;
}

/** Null when the text is no HTTP date. All of them are in UTC, also the one that does not say so. */
function httpDate(text: string, now: EpochMs): EpochMs | null {
  for (const form of HTTP_DATES) {
    const { day, month = '', year = '', h, min, s } = form.exec(text.trim())?.groups ?? {};
    const monthIndex = MONTHS.indexOf(month.toLowerCase());
    if (monthIndex === -1) continue;
    const at = Date.UTC(fullYear(year, now), monthIndex, Number(day), Number(h), Number(min), Number(s));
    // The 31st of November is none.
    return new Date(at).getUTCDate() === Number(day) ? at : null;
  }
  return null;
}

/**
 * What the server's clock says: its `date` header, else `now`. The times that a server names are its own, and two clocks may be hours apart.
 */
export function serverNow(headers: HeaderMap, now: EpochMs): EpochMs {
  const { date } = headers;
  return (date === undefined ? null : httpDate(date, now)) ?? now;
}

/** `retry-after`: seconds, or an HTTP date. Null for anything else, negative numbers included. */
function readRetryAfter(value: string, now: EpochMs): number | null {
  const seconds = toNumber(value);
  if (seconds !== null) return Math.ceil(seconds * 1000);
  const date = httpDate(value, now);
  if (date !== null) return Math.max(0, date - now);
  // Date.parse takes many forms ("-1", "soon 5") and reads those without a zone as local time: only one with a zone is a date.
  if (!/^\s*\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})\s*$|[a-z]{3} \d{4} .*(?:UTC|[+-]\d{4})\s*$/i.test(value)) return null;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** `1.2s`, `7m12.5s`, `2h3m`, `20ms`, `39 seconds`, `6 minutes`; null when the text is no duration. */
export function parseDuration(text: string): number | null {
  const part =
    /(\d{1,9}(?:\.\d{1,9})?)\s*(milliseconds?|ms|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])\s*/giy;
  let total: number | null = null;
  let end = 0;
  const trimmed = text.trim();
  for (let match = part.exec(trimmed); match !== null; match = part.exec(trimmed)) {
    const word = (match[2] ?? '').toLowerCase();
    const unit = word.startsWith('mi') ? (word.startsWith('mil') ? 'ms' : 'm') : word === 'ms' ? 'ms' : word.charAt(0);
    total = (total ?? 0) + Number(match[1]) * (UNIT_MS[unit] ?? 0);
    end = part.lastIndex;
  }
  return total === null || end !== trimmed.length ? null : Math.ceil(total);
}

const DURATION = String.raw`((?:\d{1,9}(?:\.\d{1,9})?\s?(?:milliseconds?|ms|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])\s?){1,4})`;
const TRY_AGAIN_IN = new RegExp(String.raw`(?:try again|retry)\s(?:in|after)\s${DURATION}`, 'i');

/** Wait named in an error body: Google's RetryInfo, "Please try again in 1.2s", `retry_after`, OpenRouter's reset time. */
function readBody(body: string, now: EpochMs): number | null {
  const start = body.slice(0, BODY_SEARCHED);
  const retryInfo = /"retryDelay"\s*:\s*"([^"]{1,40})"/.exec(start);
  if (retryInfo) {
    const ms = parseDuration(retryInfo[1] ?? '');
    if (ms !== null) return ms;
  }
  const tryAgain = TRY_AGAIN_IN.exec(start);
  if (tryAgain) {
    const ms = parseDuration(tryAgain[1] ?? '');
    if (ms !== null) return ms;
  }
  const field = /"retry[_-]?after(_ms)?"\s*:\s*"?(\d{1,12}(?:\.\d{1,9})?)"?/i.exec(start);
  if (field) return Math.ceil(Number(field[2]) * (field[1] ? 1 : 1000));
  const reset = /"x-ratelimit-reset"\s*:\s*"?(\d{13})"?/i.exec(start);
  return reset ? Math.max(0, Number(reset[1]) - now) : null;
}

/**
 * Wait asked for by a provider, in ms from now, at least 0 and never rounded down; null when none was named or the value makes no sense.
 * Order: `retry-after-ms`, `retry-after` (seconds or HTTP date), then the body. Dates count from the server's own `date` header when there
 * is one. Long waits are returned as they are: the caller decides.
 */
export function retryAfterMs(headers: HeaderMap, body: string, ourNow: EpochMs): number | null {
  const now = serverNow(headers, ourNow);
  const inMs = headers['retry-after-ms'];
  if (inMs !== undefined) {
    const ms = toNumber(inMs);
    if (ms !== null) return Math.ceil(ms);
  }
  const value = headers['retry-after'];
  if (value !== undefined) {
    const ms = readRetryAfter(value, now);
    if (ms !== null) return ms;
  }
  return body === '' ? null : readBody(body, now);
}
