/** Where a text stops being JSON. `JSON.parse` does not say it for every fault, so the text is walked once more. */

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;
const BLANKS = /[ \t\r\n]*/y;

function end(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}

/** The end of the string that begins at `at`, or the offset of what breaks it. A loop: a pattern would use up its stack on long strings. */
export function endOfString(text: string, at: number): { end: number } | { fault: number } {
  let here = at + 1;
  for (;;) {
    const code = text.charCodeAt(here);
    if (code === 0x22) return { end: here + 1 };
    if (Number.isNaN(code) || code < 0x20) return { fault: here };
    here += 1;
    if (code !== 0x5c) continue;
    const escapeEnd = end(ESCAPE, text, here);
    if (escapeEnd < 0) return { fault: here - 1 };
    here = escapeEnd;
  }
}

/** Offset of the first character that cannot be part of a JSON value; the text's length when it is cut short. */
export function jsonFaultOffset(text: string): number {
  const closers: string[] = [];
  /** What may come next: a value, a key, the end of a list or object, what follows a value. */
  let wanted: 'value' | 'first value' | 'first key' | 'key' | 'after' = 'value';
  let at = 0;
  for (;;) {
    at = end(BLANKS, text, at);
    const char = text[at];
    if (wanted === 'after') {
      const closer = closers.at(-1);
      if (closer === undefined || char === undefined) return at;
      if (char === closer) closers.pop();
      else if (char === ',') wanted = closer === '}' ? 'key' : 'value';
      else return at;
      at += 1;
      continue;
    }
    if (char === undefined) return at;
    if ((wanted === 'first value' || wanted === 'first key') && char === closers.at(-1)) {
      closers.pop();
      wanted = 'after';
      at += 1;
      continue;
    }
    if (wanted === 'first key' || wanted === 'key') {
      if (char !== '"') return at;
      const key = endOfString(text, at);
      if ('fault' in key) return key.fault;
      at = end(BLANKS, text, key.end);
      if (text[at] !== ':') return at;
      wanted = 'value';
      at += 1;
      continue;
    }
    if (char === '{' || char === '[') {
      closers.push(char === '{' ? '}' : ']');
      wanted = char === '{' ? 'first key' : 'first value';
      at += 1;
      continue;
    }
    if (char === '"') {
      const string = endOfString(text, at);
      if ('fault' in string) return string.fault;
      at = string.end;
    } else {
      const word = ['true', 'false', 'null'].find((candidate) => text.startsWith(candidate, at));
      const valueEnd = word ? at + word.length : end(NUMBER, text, at);
      if (valueEnd < 0) return at;
      at = valueEnd;
    }
    wanted = 'after';
  }
}
