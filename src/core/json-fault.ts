/** Where a text stops being JSON. `JSON.parse` does not say it for every fault, so the text is walked once more. */

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const PART_OF_STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const BLANKS = /[ \t\r\n]*/y;

function end(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
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
      const keyEnd = end(STRING, text, at);
      if (keyEnd < 0) return char === '"' ? end(PART_OF_STRING, text, at) : at;
      at = end(BLANKS, text, keyEnd);
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
    const word = ['true', 'false', 'null'].find((candidate) => text.startsWith(candidate, at));
    const valueEnd = word ? at + word.length : end(char === '"' ? STRING : NUMBER, text, at);
    if (valueEnd < 0) return char === '"' ? end(PART_OF_STRING, text, at) : at;
    at = valueEnd;
    wanted = 'after';
  }
}
