/** What a model is told of its work when a task has no system_prompt. */
import type { TaskType } from './task-types.js';

/** System prompt of a task type when the file has none. */
export const SYSTEM_PROMPTS: Readonly<Record<TaskType, string | null>> = {
  generation: null,
  translation: 'You are a careful translator. Reply with the translation only: no notes, no quotation marks, no original text.',
  summarization:
    'You write faithful summaries. Reply with the summary only: no introduction, no remarks, nothing that the text does not say.',
  classification: 'You classify texts. Reply with the label only: no explanation, no punctuation around it.',
};

/** The same where the form of the reply is said before it: one that asks for JSON must not ask for the bare result, too. */
export const SYSTEM_PROMPTS_OF_FORM: Readonly<Record<TaskType, string | null>> = {
  generation: null,
  translation: 'You are a careful translator.',
  summarization: 'You write faithful summaries: nothing that the text does not say.',
  classification: 'You classify texts.',
};
