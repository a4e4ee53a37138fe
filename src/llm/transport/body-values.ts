/**
 * The JSON values that the text of a body holds: one, also with something before or after it, a list or lines of them, or the events of a
 * stream that nobody asked for.
 */

export interface BodyValues {
  /** Those of a list one by one; none in a text that is no JSON. */
  values: unknown[];
  isStream: boolean;
  /** The stream said that it is over. */
  done: boolean;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** End of the JSON object or list that begins at `start`; -1 when it has none. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  let inText = false;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (inText) {
      if (char === 0x5c) at += 1;
      else if (char === 0x22) inText = false;
    } else if (char === 0x22) inText = true;
    else if (char === 0x7b || char === 0x5b) depth += 1;
    else if (char === 0x7d || char === 0x5d) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/** The JSON values at the beginning of a text, one after the other; what follows the last one is left. */
function valuesOf(text: string): unknown[] {
  const values: unknown[] = [];
  for (let at = 0; at < text.length; ) {
    while (/[\s,]/.test(text.charAt(at))) at += 1;
    if (text[at] !== '{' && text[at] !== '[') break;
    const end = endOfValue(text, at);
    const value = end < 0 ? undefined : parsed(text.slice(at, end));
    if (value === undefined) break;
    values.push(value);
    at = end;
  }
  return values;
}

const STREAM = /^(?:data|event|id|retry)\s?:/;
const LINE_END = /\r\n|\n|\r/;

/** Data of the events of a stream (the WHATWG's text/event-stream), without those that are no JSON. */
function eventsOf(text: string): { values: unknown[]; done: boolean } {
  const values: unknown[] = [];
  let data: string[] = [];
  let done = false;
  const end = () => {
    const whole = data.join('\n').trim();
    if (whole === '[DONE]') done = true;
    // Some send an object a line without a blank line between the events.
    const found = whole === '' ? [] : (parsed(whole) ?? data.map(parsed).filter((value) => value !== undefined));
    if (data.some((line) => line.trim() === '[DONE]')) done = true;
    values.push(...(Array.isArray(found) ? found : [found]));
    data = [];
  };
  for (const line of text.split(LINE_END)) {
    if (line === '') end();
    else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
  }
  end();
  return { values, done };
}

/** Lines with which some providers say that they still work (`: keep-alive`), and a byte order mark. */
function withoutKeepAlives(text: string): string {
  let at = 0;
  for (;;) {
    while (at < text.length && (text.charCodeAt(at) <= 0x20 || text.charCodeAt(at) === 0xfeff)) at++;
    if (text[at] !== ':') return text.slice(at);
    const end = text.slice(at).search(/[\r\n]/);
    at = end === -1 ? text.length : at + end + 1;
  }
}

/** Never throws. */
export function bodyValues(text: string): BodyValues {
  const whole = parsed(text);
  if (whole !== undefined) {
    const values = Array.isArray(whole) && whole.length > 0 ? whole : [whole];
    return { values, isStream: false, done: false };
  }
  const rest = withoutKeepAlives(text);
  if (STREAM.test(rest)) return { ...eventsOf(rest), isStream: true };
  return { values: valuesOf(rest), isStream: false, done: false };
}
