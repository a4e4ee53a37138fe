/**
 * Which field of the request a refusal names: it is wrong for every row, and the key of the task that set it is what is to be changed. A
 * sentence may speak of much, so a name counts only where a sentence speaks of a field.
 */
import type { RefusedField } from '../../core/call-failure.js';
import { namesOfKey, REQUEST_KEYS, WIRE_NAMES } from '../../schema/wires.js';
import type { ErrorFacts } from './error-facts.js';

/** A field of the request, and the key of the task that set it. */
export interface SentField {
  /** Its path in the body, with points: `generationConfig.temperature`. */
  field: string;
  /** `extra_body` for whatever stands in it. */
  key: string;
}

/** What providers call it where that is no name of a field that sets it. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  reasoning_effort: ['reasoning'],
  thinking_budget: ['thinking', 'thinking_config'],
};

/** Sentences about what a field asks for that do not name it: Ollama's, Anthropic's of models that do not think. */
const NO_THINKING =
  /does(?: not|n't) support (?:extended )?(?:thinking|reasoning)\b|\bthink value\b|\bthinking (?:mode )?is not (?:supported|available)/i;
const OWN_SENTENCES: Readonly<Record<string, RegExp>> = { reasoning_effort: NO_THINKING, thinking_budget: NO_THINKING };

/** Fields that hold the others of a wire, before the name of one. */
const WRAPPER = /^(?:body|request|options|parameters|generate_?content_?request|generation_?config|inference_?config)$/i;
/** No sentence about a field is longer. */
const SEARCHED = 2_000;

const bare = (name: string): string => name.replace(/[^a-z0-9]/gi, '').toLowerCase();
const stepsOf = (path: string): string[] => path.split(/[.[\]/]+/).filter((step) => step !== '');

/** All that the field may be called: as it was sent, as other wires call what the key sets, and each without what holds it. */
function namesOf({ field, key }: SentField): string[] {
  if (key === 'extra_body') return [field];
  const known = REQUEST_KEYS.find((one) => one === key);
  const paths = [field, ...(known === undefined ? [] : WIRE_NAMES.flatMap((wire) => namesOfKey(wire, known)))];
  const names = paths.flatMap((path) => {
    const steps = stepsOf(path).filter((step) => !WRAPPER.test(step));
    return [steps.join('.'), steps.at(-1) ?? ''];
  });
  return [...new Set([...names, ...(OTHER_NAMES[key] ?? [])])].filter((name) => name !== '');
}

/** True when a provider's path (`body.reasoning.effort`, `generationConfig.maxOutputTokens`) leads to the field of this name or into it. */
function leadsTo(path: string, name: string): boolean {
  const all = stepsOf(path);
  const inner = all.slice(all.findIndex((step) => !WRAPPER.test(step)));
  return [all, inner].some((steps) => steps.some((_, at) => bare(steps.slice(0, at + 1).join('')) === bare(name)));
}

/** What may be said of a field that is refused. */
const PREDICATE = [
  String.raw`(?:is|are|was|were) (?:not|un\w+|deprecated|invalid|too|no longer|only|out of|restricted)\b`,
  String.raw`(?:does|do) not\b|(?:doesn't|don't|isn't|aren't|can't|cannot)\b|must (?:not )?be\b|should be\b|may (?:not|only)\b`,
].join('|');

/**
 * A name in a sentence: in quotes, or as it is when it is no common word. `stop` and `seed` are words of every text: without quotes they
 * count only behind `parameter` and the like.
 */
function patternsOf(name: string): RegExp[] {
  const words = name.split(/[_.]|(?<=[a-z])(?=[A-Z])/).map((word) => word.replace(/[\\^$*+?()[\]{}|/-]/g, String.raw`\$&`));
  const spelled = `(?:\\w{1,40}\\.){0,2}?${words.join('[ _.-]?')}(?:\\.[\\w.]{1,60})?`;
  const quoted = `["'\`\u2018\u2019\u201c\u201d]${spelled}["'\`\u2018\u2019\u201c\u201d]`;
  const either = `(?:${quoted}|(?<![\\w"'\`.-])${spelled}(?!\\w))`;
  const careful = words.length === 1 && name !== 'temperature' ? quoted : either;
  return [
    `\\b(?:parameter|param|argument|property|field)s?(?: supplied| name)?:? \\[?${either}`,
    `${either} (?:parameter|param|argument|property|field)\\b`,
    `\\b(?:name|key|option|unsupported|unknown|unrecognized|unexpected|invalid)s?(?: value| field| type)?(?: (?:for|at|of))?:? ${careful}`,
    `(?:not|don't|doesn't|cannot) support ${careful}`,
    `${careful}(?:,? (?:and|or|for|with|value) .{1,60}?)? (?:${PREDICATE})`,
    `${careful} (?:value of\\b|\\S{1,20} is (?:invalid|not|out of)\\b)`,
    `not (?:supported|allowed|permitted|recognized|accepted)[^:.]{0,40}: \\[?${either}`,
    // A list of faults that was printed instead of sent.
    `loc["']?: [[(]["']body["'], ${quoted}`,
    // As validators write it: the place first.
    `^${spelled}: `,
  ].map((pattern) => new RegExp(pattern, 'i'));
}

/** Where the sentence speaks of the field first; null when it does not. */
function spokenOf(message: string, key: string, name: string): number | null {
  const patterns = [...patternsOf(name), ...(Object.hasOwn(OWN_SENTENCES, key) ? [OWN_SENTENCES[key] as RegExp] : [])];
  const places = patterns.map((pattern) => message.search(pattern));
  const found = places.filter((place) => place !== -1);
  return found.length === 0 ? null : Math.min(...found);
}

/** The field that a refusal names; null for none that was sent. The provider's own field for the name goes before its sentence. */
export function refusedField(
  { params, message }: Pick<ErrorFacts, 'params' | 'message'>,
  sent: readonly SentField[],
): RefusedField | null {
  const names = sent.flatMap((one) => {
    const key = one.key === 'extra_body' ? `extra_body.${one.field}` : one.key;
    return namesOf(one).map((name) => ({ key, name }));
  });
  for (const param of params.flatMap((each) => (each.includes(' ') && !each.includes(', ') ? [] : each.split(', ')))) {
    const found = names.find(({ name }) => leadsTo(param, name));
    if (found) return { ...found, sure: true };
  }
  const said = [message, ...params.filter((param) => param.includes(' '))].join('\n').slice(0, SEARCHED);
  let first: { field: RefusedField; at: number } | null = null;
  for (const { key, name } of names) {
    const at = spokenOf(said, key, name);
    if (at !== null && (first === null || at < first.at)) first = { field: { key, name, sure: false }, at };
  }
  return first?.field ?? null;
}

/** `temperature is refused`, `worker_max_tokens (max_completion_tokens) is refused`, and what to do. */
export function whatToChange({ key, name }: RefusedField): string {
  const called = bare(key) === bare(name) || key.endsWith(`.${name}`) ? '' : ` (${name})`;
  return `${key}${called} is refused, change it in the task or take it out`;
}
