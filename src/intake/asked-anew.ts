/** Whether a changed task, or a row's changed content, asks a row something else than it was asked. Pure. */
import { rowTexts } from '../core/row-texts.js';
import type { SeedContent } from '../schema/seed.js';
import type { IDENTITY_KEYS, Task } from '../schema/task-types.js';
import { canonicalJson } from './fingerprint.js';

type IdentityKey = (typeof IDENTITY_KEYS)[number];

/**
 * Which rows a change of the key concerns: `every` request has it; `turns` do, where there are several; it is filled in, and concerns rows
 * whose `texts` differ; rows with an answer that was `cut` short; or none: it is in a request by way of other keys alone.
 */
const CONCERNS: Record<IdentityKey, 'every' | 'turns' | 'texts' | 'cut' | 'none'> = {
  taskType: 'none',
  promptTemplate: 'texts',
  systemPrompt: 'texts',
  model: 'every',
  maxTokens: 'every',
  temperature: 'every',
  topP: 'every',
  seed: 'every',
  stop: 'every',
  reasoningEffort: 'every',
  thinkingBudget: 'every',
  extraBody: 'every',
  headers: 'every',
  multiTurn: 'every',
  maxTurns: 'turns',
  followUp: 'texts',
  stopWhen: 'turns',
  onTruncate: 'cut',
  labels: 'every',
  multiLabel: 'every',
  targetLanguage: 'texts',
  sourceLanguage: 'texts',
  maxWords: 'texts',
  outputSchema: 'every',
};

export interface AskedRow {
  /** Content that it was asked with. */
  was: SeedContent;
  /** The same object when it did not change. */
  now: SeedContent;
  /** One of its answers was cut short. */
  cut: boolean;
}

/** For rows that `before` asked: true when `now` asks them something else, or reads what they answered otherwise. */
export function asksAnew(before: Task, now: Task): (row: AskedRow) => boolean {
  const changed = new Set(
    (Object.keys(CONCERNS) as IdentityKey[])
      .filter((key) => canonicalJson(asSent(before)[key]) !== canonicalJson(asSent(now)[key]))
      .map((key) => CONCERNS[key]),
  );
  if (changed.has('every') || (changed.has('turns') && now.multiTurn)) return () => true;
  const sameTexts = !changed.has('texts') && before.promptAlone === now.promptAlone;
  const [told, tells] = [textsOf(before), textsOf(now)];
  return ({ was, now: content, cut }) => {
    if (changed.has('cut') && cut) return true;
    if (sameTexts && was === content) return false;
    const text = told(was);
    // By its own task, too: what was sent is read back from the row as it is.
    return text === null || tells(content) !== text || (was !== content && told(content) !== text);
  };
}

/** The name of the variable that holds the key is no part of what is asked. */
function asSent(task: Task): Task {
  return { ...task, model: { ...task.model, apiKeyEnv: null } };
}

/** All that is filled in for a row, as one text; null for a row that does not fill it. A follow_up is sent in conversations of several turns. */
function textsOf(task: Task): (content: SeedContent) => string | null {
  const fill = rowTexts(task);
  return (content) => {
    try {
      const { prompt, rules } = fill(content);
      return JSON.stringify([rules.systemPrompt, prompt, rules.multiTurn ? rules.followUp : '']);
    } catch {
      return null;
    }
  };
}
