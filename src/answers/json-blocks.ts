/** JSON values within a text: where the outermost ones begin and end, and what in them a repair could only guess. */

/** The outermost `{...}` or `[...]` of a place in a text. */
export interface JsonBlock {
  from: number;
  /** Behind its closing bracket. */
  to: number;
  /** What is no JSON in it and does not say what was meant; null for nothing. Mere slips (a comma too many, other quotes) are none. */
  doubt: string | null;
  /** Its texts and words in their order, as they were read: what a repair must leave as it is. */
  tokens: readonly string[];
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Also as other languages write them. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ...['true', 'false', 'null'].map((word) => [word, word] as const),
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
]);
const NAME = /^[\p{L}_$][\p{L}\p{N}_$-]*$/u;
/** Ends of strings by their beginnings, beside the double quote. */
const CLOSING: Readonly<Record<string, string>> = { "'": "'", '`': '`', '“': '”', '‘': '’' };
const BARE = /[^\s,:{}[\]"]+/y;

/** Reads one block. Forgiving as to form, not as to meaning: what it lets pass has one reading. */
class BlockReader {
  doubt: string | null = null;
  readonly tokens: string[] = [];
  #at: number;
  /** Brackets that are open, and whether a key is due there. */
  readonly #open: { closer: '}' | ']'; keyDue: boolean }[] = [];
  /** The last thing that counted: a bracket, a comma, a colon, or `v` for a value or key. */
  #last = '';

  constructor(
    readonly text: string,
    from: number,
  ) {
    this.#at = from;
  }

  /** Offset behind the block; -1 when it does not close. */
  read(): number {
    while (this.#at < this.text.length) {
      const char = this.text[this.#at] as string;
      if (/\s/.test(char)) this.#at += 1;
      else if (char === '{' || char === '[') this.#begin(char);
      else if (char === '}' || char === ']') {
        if (!this.#close(char)) return -1;
        if (this.#open.length === 0) return this.#at;
      } else if (char === ',' || char === ':') this.#mark(char);
      else if (this.text.startsWith('//', this.#at)) this.#skipTo('\n', 0);
      else if (this.text.startsWith('/*', this.#at)) this.#skipTo('*/', 2);
      else if (!this.#value(char)) return -1;
    }
    return -1;
  }

  #note(doubt: string): void {
    this.doubt ??= doubt;
  }

  #begin(char: '{' | '['): void {
    if (this.#open.at(-1)?.keyDue) this.#note('a value stands where a key belongs');
    this.#open.push({ closer: char === '{' ? '}' : ']', keyDue: char === '{' });
    this.#last = char;
    this.#at += 1;
  }

  #close(char: string): boolean {
    if (this.#open.pop()?.closer !== char) return false;
    if (this.#last === ':') this.#note('a value is missing');
    this.#ended();
    this.#at += 1;
    return true;
  }

  /** A value is whole: in an object a key comes next, also where the comma between them is missing. */
  #ended(): void {
    this.#last = 'v';
    const around = this.#open.at(-1);
    if (around?.closer === '}') around.keyDue = true;
  }

  #mark(char: ',' | ':'): void {
    const around = this.#open.at(-1);
    if (this.#last !== 'v') this.#note('a value is missing');
    if (around && char === ',') around.keyDue = around.closer === '}';
    if (around && char === ':') around.keyDue = false;
    this.#last = char;
    this.#at += 1;
  }

  #skipTo(end: string, length: number): void {
    const found = this.text.indexOf(end, this.#at + 2);
    this.#at = found < 0 ? this.text.length : found + length;
  }

  /** A string, a number, a word. False for a string that does not end. */
  #value(char: string): boolean {
    const from = this.#at;
    const closing = CLOSING[char];
    const isString = char === '"' || (closing !== undefined && this.#last !== 'v');
    if (isString) {
      this.#at = char === '"' ? this.#endOfString() : this.#endOfOther(closing as string);
      if (this.#at < 0) return false;
    } else {
      BARE.lastIndex = from;
      this.#at = from + Math.max(1, BARE.exec(this.text)?.[0].length ?? 1);
    }
    const around = this.#open.at(-1);
    const isKey = around?.keyDue === true && /^\s*:/.test(this.text.slice(this.#at, this.#at + 200));
    const token = this.text.slice(from, this.#at);
    // 1 234 may be one number.
    if (!isString && this.#last === 'v' && around?.closer === ']') this.#note('a comma is missing');
    if (isString) this.#text(token);
    else this.#word(token, isKey);
    if (around?.keyDue && !isKey) this.#note('a value stands where a key belongs');
    if (isKey) this.#last = 'v';
    else this.#ended();
    return true;
  }

  /** What a text says; escapes that JSON does not have say nothing. */
  #text(token: string): void {
    const inner = token.slice(1, -1);
    const own = token.startsWith('"') ? inner : inner.replace(/\\(['`])/g, '$1').replace(/(?<!\\)"/g, '\\"');
    const escaped = own.replace(/[\u0000-\u001f]/g, (sign) => JSON.stringify(sign).slice(1, -1));
    try {
      this.tokens.push(JSON.stringify(JSON.parse(`"${escaped}"`)));
    } catch {
      this.#note('a text in it has an escape that JSON does not have');
    }
  }

  #word(word: string, isKey: boolean): void {
    this.tokens.push(isKey ? JSON.stringify(word) : (WORDS.get(word) ?? word));
    if (/\.\.|…/.test(word)) this.#note('something is left out (...)');
    else if (isKey ? !NAME.test(word) : !NUMBER.test(word) && !WORDS.has(word)) {
      this.#note(`${JSON.stringify(word.slice(0, 40))} is no JSON`);
    }
  }

  /** Line ends within are slips. */
  #endOfString(): number {
    for (let at = this.#at + 1; at < this.text.length; at += 1) {
      if (this.text[at] === '\\') at += 1;
      else if (this.text[at] === '"') return at + 1;
    }
    return -1;
  }

  /** Where a quote is an apostrophe as well, the string ends before what may follow one. */
  #endOfOther(closing: string): number {
    for (let at = this.#at + 1; at < this.text.length; at += 1) {
      if (this.text[at] === '\\') at += 1;
      else if (this.text[at] === closing && /^\s*(?:[,:}\]]|$)/.test(this.text.slice(at + 1, at + 200))) return at + 1;
    }
    return -1;
  }
}

/** The outermost blocks of a text in their order; `open`: the last one has no end, so nothing is known of what it holds. */
export function jsonBlocks(text: string): { blocks: JsonBlock[]; open: boolean } {
  const blocks: JsonBlock[] = [];
  const begin = /[{[]/g;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const from = match.index;
    const reader = new BlockReader(text, from);
    const to = reader.read();
    if (to < 0) return { blocks, open: true };
    blocks.push({ from, to, doubt: reader.doubt, tokens: reader.tokens });
    begin.lastIndex = to;
  }
  return { blocks, open: false };
}
