/** What plain Temporal was given to start a run with. Anybody may have written it, so its shape is checked first. */
import { SwarmError } from '../core/errors.js';
import { nearest } from '../core/nearest.js';

/** `{"task": path}`: limit and total as `--limit` and `--total`. */
export interface TaskInput {
  task: string;
  limit?: number;
  total?: number;
}

/** `{"prompts": [...]}`: a row each; the others as worker_model, worker_api_base and worker_api_key_env. */
export interface PromptsInput {
  prompts: string[];
  model?: string;
  apiBase?: string;
  apiKeyEnv?: string;
}

const SHAPES = '{"task": "path/task.yaml"}, {"prompts": ["..."]} or {"run": "id of a staged run"}';
const MORE: Readonly<Record<'task' | 'prompts', readonly string[]>> = {
  task: ['limit', 'total'],
  prompts: ['model', 'apiBase', 'apiKeyEnv'],
};

function refused(found: string, allowed = SHAPES, fix = `start it with --input '{"prompts":["Say hello."]}'`): SwarmError {
  return new SwarmError({ code: 'E_RUN_INPUT', found, allowed, fix });
}

function mustBe(good: boolean, key: string, allowed: string): void {
  if (!good) throw refused(`${key} of the workflow's input is not ${allowed}`, allowed, `change ${key}`);
}

/** Throws E_RUN_INPUT. */
export function readRunInput(input: unknown): TaskInput | PromptsInput {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw refused(`the workflow's input is ${input === undefined ? 'not given' : 'no object'}`);
  }
  const keys = Object.keys(input);
  const kind = keys.includes('task') ? 'task' : keys.includes('prompts') ? 'prompts' : null;
  if (kind === null) throw refused(`the workflow's input has the keys ${keys.join(', ').slice(0, 200) || '(none)'}`);
  const known = [kind, ...MORE[kind]];
  const strange = keys.find((key) => !known.includes(key));
  if (strange !== undefined) {
    const near = nearest(strange, known);
    const fix = near === null ? `leave it out${kind === 'task' ? ': the task file says the rest' : ''}` : `did you mean ${near}?`;
    throw refused(
      `the workflow's input has the key ${JSON.stringify(strange.slice(0, 80))} beside ${kind}`,
      known.join(', '),
      fix,
    );
  }
  const given = input as Record<string, unknown>;
  if (kind === 'task') {
    mustBe(typeof given['task'] === 'string' && given['task'] !== '', 'task', 'the path of a task file');
    for (const key of MORE.task) {
      const value = given[key];
      mustBe(value === undefined || (Number.isSafeInteger(value) && (value as number) > 0), key, 'a whole number above 0');
    }
    return given as unknown as TaskInput;
  }
  const { prompts } = given;
  const texts = Array.isArray(prompts) && prompts.length > 0 && prompts.every((prompt) => typeof prompt === 'string');
  mustBe(texts, 'prompts', 'a list of texts, at least one');
  for (const key of MORE.prompts) mustBe(given[key] === undefined || typeof given[key] === 'string', key, 'a text');
  return given as unknown as PromptsInput;
}
