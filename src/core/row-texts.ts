/** What a task says to the model about one row: its prompt, and the other texts that may name the row's fields. */
import type { SeedContent } from '../schema/seed.js';
import type { Task } from '../schema/task-types.js';
import { answerNotes } from './conversation/answer-form.js';
import type { ConversationRules } from './conversation/next-step.js';
import { parseTemplate, readTemplate, type Template, variableOf } from './template.js';

export interface RowTexts {
  prompt: string;
  /** With system_prompt and follow_up of this row. */
  rules: ConversationRules;
}

/**
 * The texts of a text that stands beside the prompt. One that is no template, or that a row cannot fill, is sent as it stands: those that are
 * sent at all are checked before a run starts.
 */
function besideOf(text: string): (content: SeedContent) => string {
  const template = text.includes('{{') ? readTemplate(text).template : null;
  if (template === null) return () => text;
  const fillable = (content: SeedContent) => template.variables.every((path) => variableOf(content, path).kind === 'text');
  return (content) => (fillable(content) ? template.render(content) : text);
}

/** Templates beside the prompt that the rows must fill. A follow_up that is never sent is none. */
export function templatesBeside({ systemPrompt, followUp, multiTurn }: Task): Template[] {
  return [systemPrompt ?? '', multiTurn ? followUp : ''].filter((text) => text.trim() !== '').map(parseTemplate);
}

/** Parses the texts once; the result fills them in for a row. It throws a SwarmError for a row without a field of prompt_template. */
export function rowTexts(task: Task): (content: unknown) => RowTexts {
  const prompt = parseTemplate(task.promptTemplate);
  const system = besideOf(task.systemPrompt ?? '');
  const followUp = besideOf(task.followUp);
  const filled = !task.promptAlone && [task.systemPrompt ?? '', task.followUp].some((text) => text.includes('{{'));
  const notes = answerNotes(task);
  const told = (own: string | null) => (notes === '' ? own : own === null ? notes : `${notes}\n\n${own}`);
  const same = notes === '' ? task : { ...task, systemPrompt: told(task.systemPrompt) };
  return (given) => {
    const content = given as SeedContent;
    const rules = filled
      ? { ...task, systemPrompt: told(task.systemPrompt === null ? null : system(content)), followUp: followUp(content) }
      : same;
    return { prompt: prompt.render(content), rules };
  };
}
