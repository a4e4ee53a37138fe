/** Answers that are labels: which of the list is meant. */
import { MOST_PROBLEM, type Verdict } from '../core/conversation/answer-form.js';
import { isFields } from '../core/fields.js';
import { shortened } from '../core/format.js';
import { withoutFence, withoutThoughts } from './spoken.js';

const QUOTES = '"\'`“”„‘’«»*_';
const CLOSING = '.!?,;:…。！？，；：';
const BULLET = /^\s*(?:[-*•]|\d+[.)])\s+/;

/** What counts of a label: neither case, nor quotes around it, nor punctuation behind it. In one pass: a model may repeat a sign for ever. */
export function folded(text: string): string {
  const whole = text.normalize('NFC').trim();
  const isAny = (signs: string, at: number) => signs.includes(whole[at] as string) || /\s/.test(whole[at] as string);
  let from = 0;
  let to = whole.length;
  while (to > from && isAny(QUOTES + CLOSING, to - 1)) to -= 1;
  while (from < to && isAny(QUOTES, from)) from += 1;
  return (from === to ? whole : whole.slice(from, to)).replace(/\s+/g, ' ').toLowerCase();
}

/** Labels that an answer could not tell apart: places in the list, later and earlier. */
export function likeLabels(labels: readonly string[]): { at: number; like: number } | null {
  const seen = new Map<string, number>();
  for (const [at, label] of labels.entries()) {
    const like = seen.get(folded(label));
    if (like !== undefined) return { at, like };
    seen.set(folded(label), at);
  }
  return null;
}

export class Labels {
  readonly #byText: ReadonlyMap<string, string>;
  readonly #many: boolean;

  constructor(labels: readonly string[], many: boolean) {
    this.#byText = new Map(labels.map((label) => [folded(label), label]));
    this.#many = many;
  }

  /** `cut`: the answer ended at its output limit, so that a longer label may have been meant. */
  check(answer: string, cut: boolean): Verdict {
    const text = withoutThoughts(answer).trim();
    return this.#many ? this.#list(text, cut) : this.#one(text, cut);
  }

  #one(text: string, cut: boolean): Verdict {
    // The model is shown the list with a dash before each.
    const name = [text, text.replace(BULLET, '')].map(folded).find((each) => this.#byText.has(each));
    if (name === undefined) return none([text]);
    const longer = [...this.#byText.keys()].some((other) => other.length > name.length && other.startsWith(name));
    return cut && longer ? none([text]) : { ok: true, json: JSON.stringify(this.#byText.get(name)) };
  }

  #list(text: string, cut: boolean): Verdict {
    if (cut) return { ok: false, problem: 'the list was cut short' };
    const names = namesIn(text, (name) => this.#byText.has(folded(name)));
    if (names === null) return none([text]);
    const strange = names.filter((name) => !this.#byText.has(folded(name)));
    if (strange.length > 0) return none(strange);
    const labels = new Set(names.map((name) => this.#byText.get(folded(name))));
    return { ok: true, json: JSON.stringify([...labels]) };
  }
}

/** Names of a list: a JSON array, one to a line, or with commas between them. Null when it is none, or empty without saying so. */
function namesIn(text: string, isLabel: (name: string) => boolean): string[] | null {
  const json = jsonIn(text);
  if (json !== undefined) {
    const within = isFields(json) ? Object.values(json) : [json];
    const list = within.length === 1 ? within[0] : null;
    if (isName(list) && !isFields(json)) return [String(list)];
    return Array.isArray(list) && list.every(isName) ? list.map(String) : null;
  }
  if (text === '') return null;
  if (isLabel(text)) return [text];
  const lines = text.split(/\r?\n/).map((line) => line.replace(BULLET, '').trim());
  return lines.flatMap((line) =>
    line === '' ? [] : isLabel(line) ? [line] : line.split(/[,;]/).filter((name) => name.trim() !== ''),
  );
}

/** Of labels such as "1" and "true" models write the value without quotes. */
function isName(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** The JSON that a text is, also in a code fence; undefined for none. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(withoutFence(text));
  } catch {
    return undefined;
  }
}

function none(names: readonly string[]): Verdict {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(shortened(name)));
  const problem = `${shown.join(', ')} ${names.length === 1 ? 'is none' : 'are none'} of the labels`;
  return { ok: false, problem: problem.slice(0, MOST_PROBLEM) };
}
