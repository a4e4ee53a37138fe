/** The form that a task wants its answers in: what the model is told of it, and the port that says whether an answer has it. */
import type { JsonSchema, RequestSettings, Task } from '../../schema/task-types.js';
import type { Message } from './message.js';

/** What was found of an answer. */
export type Verdict =
  /** `json`: what it comes to. */
  | { ok: true; json: string }
  /** `problem`: what is wrong with it, in words for the model and for people, at most MOST_PROBLEM characters. */
  | { ok: false; problem: string };

export const MOST_PROBLEM = 400;

/** A schema as it goes out with a call. */
export interface SentSchema {
  name: string;
  schema: JsonSchema;
  /** It is in the narrow form in which a provider can promise to keep to it. */
  strict: boolean;
}

/** How answers of a task are checked. The same answer always has the same verdict. */
export interface AnswerForm {
  /** The schema as a wire takes it; null: the model is told of the form in words alone. */
  sent(wire: string): SentSchema | null;
  /** `cut`: the answer ended at its output limit. Never throws. */
  check(text: string, cut: boolean): Promise<Verdict>;
}

/** The schema of a task before a wire was asked how it takes it: about what is sent. */
export function ownSchema({ outputSchema }: Pick<Task, 'outputSchema'>): SentSchema | null {
  return outputSchema === undefined ? null : { name: 'answer', schema: outputSchema, strict: false };
}

/** What is counted of a call: a schema that goes with it is part of its input. */
export function countedWith(schema: SentSchema | null, messages: Message[]): Message[] {
  return schema === null ? messages : [...messages, { role: 'system', text: JSON.stringify(schema) }];
}

/** What is counted of a call at most: any text of extra_body may become a part of its prompt (`documents`). */
export function countedAtMost(schema: SentSchema | null, { extraBody }: RequestSettings, messages: Message[]): Message[] {
  const counted = countedWith(schema, messages);
  return extraBody === undefined ? counted : [...counted, { role: 'system', text: JSON.stringify(extraBody) }];
}

type FormKeys = Pick<Task, 'labels' | 'multiLabel' | 'outputSchema'>;

/** Not every text is an answer. */
export function hasForm({ labels, outputSchema }: Pick<Task, 'labels' | 'outputSchema'>): boolean {
  return labels !== undefined || outputSchema !== undefined;
}

/** The model is told of something beside the texts of the task (`answerNotes`). */
export function hasNotes(task: Task): boolean {
  const { targetLanguage, sourceLanguage, maxWords } = task;
  return hasForm(task) || targetLanguage !== undefined || sourceLanguage !== undefined || maxWords !== undefined;
}

/** First lines of what the model is told of labels, one to a line behind it, and of a schema, which follows on one line. */
export const LABEL_NOTES = {
  one: 'Reply with exactly one of these labels:',
  many: 'Reply with a JSON array of the labels that fit, [] when none does. The labels:',
} as const;
export const SCHEMA_NOTES = 'Reply with one JSON value that meets this JSON Schema, and with nothing else:';

function labelNotes(labels: readonly string[], many: boolean): string {
  const list = labels.map((label) => `- ${label}`).join('\n');
  return `${LABEL_NOTES[many ? 'many' : 'one']}\n${list}`;
}

function languageNotes({ targetLanguage: target, sourceLanguage: source }: Task): string | null {
  if (target === undefined) return source === undefined ? null : `Translate from ${source}.`;
  return source === undefined ? `Translate into ${target}.` : `Translate from ${source} into ${target}.`;
}

/**
 * What the keys of a task ask for beside its texts; '' for nothing. It is the same for all rows and stands before what may differ between
 * them, so that providers find the beginning of each prompt in their caches.
 */
export function answerNotes(task: Task): string {
  const { labels, multiLabel, maxWords, outputSchema } = task;
  return [
    languageNotes(task),
    maxWords === undefined ? null : `Use at most ${maxWords} words.`,
    labels === undefined ? null : labelNotes(labels, multiLabel === true),
    outputSchema === undefined ? null : `${SCHEMA_NOTES}\n${JSON.stringify(outputSchema)}`,
  ]
    .filter((note) => note !== null)
    .join('\n\n');
}

/** The user message after an answer of another form. */
export function repairPrompt({ labels, multiLabel }: FormKeys, problem: string): string {
  const again =
    labels === undefined
      ? 'Reply again with the whole JSON value, corrected, and with nothing else.'
      : multiLabel
        ? 'Reply again with a JSON array of labels of the list, and with nothing else.'
        : 'Reply again with one label of the list, and with nothing else.';
  return `Your answer cannot be used: ${problem}\n${again}`;
}
