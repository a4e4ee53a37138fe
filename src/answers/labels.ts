/** Answers that are labels: which of the list is meant. */
import { MOST_PROBLEM, type Verdict } from '../core/conversation/answer-form.js';
import { isFields } from '../core/fields.js';
import { shortened } from '../core/format.js';

const QUOTES = /^["'`“”„‘’«»*_]+|["'`“”„‘’«»*_]+$/gu;
const CLOSING = /[.!?,;:…。！？，；：]+$/u;
const THOUGHTS = /^[\s\S]*<\/(?:think|thinking|thought|reasoning)>/i;

/** What counts of a label: neither case, nor quotes around it, nor punctuation behind it. */
export function folded(text: string): string {
  let here = text.normalize('NFC').trim();
  for (let before = ''; before !== here; ) {
    before = here;
    here = here.replace(CLOSING, '').replace(QUOTES, '').trim();
  }
  return (here === '' ? text.normalize('NFC').trim() : here).replace(/\s+/g, ' ').toLowerCase();
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
    const text = answer.replace(THOUGHTS, '').trim();
    return this.#many ? this.#list(text, cut) : this.#one(text, cut);
  }

  #one(text: string, cut: boolean): Verdict {
    const label = this.#byText.get(folded(text));
    if (label === undefined) return none([text]);
    const longer = [...this.#byText.keys()].some((other) => other.length > folded(text).length && other.startsWith(folded(text)));
    return cut && longer ? none([text]) : { ok: true, json: JSON.stringify(label) };
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
    if (typeof list === 'string' && !isFields(json)) return [list];
    return Array.isArray(list) && list.every((name) => typeof name === 'string') ? list : null;
  }
  if (text === '') return null;
  if (isLabel(text)) return [text];
  const lines = text.split(/\r?\n/).map((line) => line.replace(/^\s*(?:[-*•]|\d+[.)])\s+/, '').trim());
  return lines.flatMap((line) =>
    line === '' ? [] : isLabel(line) ? [line] : line.split(/[,;]/).filter((name) => name.trim() !== ''),
  );
}

/** The JSON that a text is, also in a code fence; undefined for none. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^```\w*\s*\n?|\n?\s*```$/g, ''));
  } catch {
    return undefined;
  }
}

function none(names: readonly string[]): Verdict {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(shortened(name)));
  const problem = `${shown.join(', ')} ${names.length === 1 ? 'is none' : 'are none'} of the labels`;
  return { ok: false, problem: problem.slice(0, MOST_PROBLEM) };
}
