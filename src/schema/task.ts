/** The task file: every key with its type, default and description. The one source of the JSON Schema and of docs/task-reference.md. */
import { z } from 'zod';
import { answerKeys } from './answer-keys.js';
import { type KeyNotes, key } from './key-notes.js';
import { requestKeys } from './request-keys.js';
import { OUTPUT_FORMATS, PAUSE_AFTER, TASK_TYPES } from './task-types.js';
import { WIRE_NAMES } from './wires.js';

const whole = (low: number, high: number) => z.number().int().min(low).max(high);
const text = () => z.string();
/** An identifier that is safe as a folder name and as part of a workflow id. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** One rule of stop_when. */
export const stopRuleSchema = z.union([
  z.strictObject({ contains: text().min(1) }),
  z.strictObject({ equals: text().min(1) }),
  z.strictObject({ matches: text().min(1).max(1000) }),
]);

const money = () => z.number().min(0).max(1_000_000);

const cap = () => z.number().positive().max(1_000_000).optional();
const CAP_ALLOWED = 'a number of USD above 0, at most 1000000, with a point for decimals';

const workersNotes = {
  allowed: 'a whole number from 1 to 10000, or auto',
  code: 'E_TASK_RANGE',
};

/** The keys of a task file. `prompt_template` and `worker_model` are required. */
export const taskFileSchema = z.strictObject({
  name: key(text().regex(NAME).optional(), {
    description:
      'Name of the task in lists, in the Web UI and in the default output folder. Default: the name of the file, or of its folder when the file is called task.yaml.',
    allowed: '1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit',
  }),
  task_type: key(z.enum(TASK_TYPES).default('generation'), {
    description:
      'What the rows are for. It sets the default system prompt: none for generation; translation, summarization and classification ask for the bare result. A given system_prompt replaces it; what labels, output_schema, target_language, source_language and max_words ask for is said before it either way.',
    allowed: TASK_TYPES.join(', '),
  }),
  prompt_template: key(text().min(1), {
    description:
      'The first user message of every row. {{seed}} is the whole row, {{field}} or {{field.sub}} a field of it, whatever signs are in its name ({{price (EUR)}}); {{{{ writes a literal {{. Text inside a row is never expanded again.',
    allowed: 'text with {{seed}} or {{field}} where the row goes',
  }),
  system_prompt: key(text().nullable().optional(), {
    description:
      'System message of every conversation. Default: set by task_type. Empty or null: none is sent. Fields of the row are filled in as in prompt_template.',
    allowed: 'text, with {{field}} where a field of the row goes; or null for none',
  }),
  worker_model: key(text().min(1).max(200), {
    description:
      'The model that does the rows: provider/model for a known provider (openai, anthropic, gemini, groq, deepseek, openrouter, mistral, together, xai, ollama, vllm, llamacpp), sim/anything for the simulated provider, or any model name together with worker_api_base.',
    allowed: 'provider/model, sim/anything, or a model name together with worker_api_base',
  }),
  worker_api_base: key(text().min(1).optional(), {
    description:
      'Base URL of the API; replaces the known base of the provider. It may have its version path (/v1) or not, and a path of requests such as /chat/completions is taken off; a query such as ?api-version=2026-01-01 goes with every request. Plain http only to this machine, unless allow_http is true.',
    allowed: 'an https URL (http for localhost, or with allow_http: true), without user, password, key or fragment',
    code: 'E_API_BASE',
  }),
  worker_wire: key(z.enum(WIRE_NAMES).optional(), {
    description:
      'How worker_api_base is spoken to: chat (OpenAI Chat Completions, as most servers and gateways have it), responses (OpenAI Responses), anthropic (Messages), gemini (generateContent), ollama (its own chat). Default: the own wire of the provider; chat for unknown bases.',
    allowed: WIRE_NAMES.join(', '),
  }),
  allow_http: key(z.boolean().default(false), {
    description:
      'Let worker_api_base be plain http beyond this machine, such as a server of your own at http://10.0.0.5:8000/v1 or http://gpu-box:11434/v1. Whoever can listen on the way reads prompts, answers and the key.',
    allowed: 'true or false',
  }),
  worker_api_key_env: key(
    text()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .optional(),
    {
      description:
        'Name of the environment variable that holds the API key. Default: the usual one of a known provider, none for other endpoints. The key itself is never written in the file.',
      allowed: 'the name of an environment variable, such as OPENAI_API_KEY',
    },
  ),
  worker_max_tokens: key(whole(1, 10_000_000).default(4096), {
    description: 'Most output tokens of one call.',
    allowed: 'a whole number from 1 to 10000000',
  }),
  ...requestKeys,
  headers: key(z.record(text(), text()).default({}), {
    description: 'Extra HTTP headers of every request. Keys and cookies do not belong here.',
    allowed: 'header names with one-line text values; no Authorization or other header that carries a key or frames the request',
    code: 'E_TASK_HEADER',
  }),
  multi_turn: key(z.boolean().default(false), {
    description: 'Go on for several turns, until stop_when holds or max_turns is reached.',
    allowed: 'true or false',
  }),
  max_turns: key(whole(1, 1000).default(20), {
    description: 'Most turns of a conversation when multi_turn is true.',
    allowed: 'a whole number from 1 to 1000',
  }),
  follow_up: key(text().min(1).default('Continue. When the task is complete, end your answer with [DONE].'), {
    description:
      'User message of every turn after the first, when multi_turn is true. Fields of the row are filled in as in prompt_template.',
    allowed: 'text, with {{field}} where a field of the row goes',
  }),
  stop_when: key(z.union([text().min(1), z.array(stopRuleSchema).max(50)]).default([{ contains: '[DONE]' }]), {
    description:
      'When a conversation is complete: a text that the newest answer contains, or a list of rules of which one must hold: contains (text), equals (the whole trimmed answer), matches (regular expression, flag m). An empty list: only max_turns ends it.',
    allowed: 'a text, or a list whose items are {contains: text}, {equals: text} or {matches: regular expression}',
  }),
  on_truncate: key(z.enum(['keep', 'fail', 'continue']).default('keep'), {
    description:
      'What happens to an answer that hits worker_max_tokens: keep it, fail the row, or ask for the rest and join the pieces.',
    allowed: 'keep, fail, continue',
  }),
  ...answerKeys,
  seeds_file: key(text().min(1).optional(), {
    description:
      'The rows: .jsonl or .ndjson (a text or an object per line, or OpenAI batch request lines), .csv (with a header, separated by commas), .txt (a row per line). UTF-8; lines end with LF, CRLF or CR. Relative to the task file.',
    allowed: 'path of a .jsonl, .ndjson, .csv or .txt file',
  }),
  workers: key(z.union([whole(1, 10_000), z.literal('auto')]).default('auto'), {
    ...workersNotes,
    description:
      'Calls in flight. auto: starts with 16, or with what earlier runs found, and grows to at most 200 while that brings more answers.',
  }),
  concurrency: key(z.union([whole(1, 10_000), z.literal('auto')]).optional(), {
    ...workersNotes,
    description: 'Another name of workers. Give one of the two.',
  }),
  stagger: key(z.union([z.number().min(0).max(3600), z.literal('auto')]).default('auto'), {
    description: 'Seconds between the starts of the first calls, until all workers are busy. auto: 0.',
    allowed: 'seconds from 0 to 3600, or auto',
    code: 'E_TASK_TYPE',
  }),
  batch_size: key(z.union([whole(1, 1000), z.literal('auto')]).default('auto'), {
    description:
      'Rows per child workflow. auto: 1 for at most 20 rows or 8 turns a second, as the first calls tell; more when calls are quicker.',
    allowed: 'a whole number from 1 to 1000, or auto',
    code: 'E_TASK_RANGE',
  }),
  output_dir: key(text().optional(), {
    description: 'The run folder, relative to the task file. Default: out/<name> beside the task file.',
    allowed: 'path of a new folder, or of the folder of an earlier run of this task',
    code: 'E_OUT_DIR',
  }),
  output_format: key(z.enum(OUTPUT_FORMATS).default('jsonl'), {
    description: 'Format of the output file.',
    allowed: OUTPUT_FORMATS.join(', '),
  }),
  csv_guard: key(z.boolean().default(false), {
    description:
      'In csv output an apostrophe is put before every text that a spreadsheet would run as a formula (it begins with =, +, -, @, a tab or a line end). Programs then read another text than the model wrote.',
    allowed: 'true or false',
  }),
  checkpoint_every: key(whole(1, 1_000_000).default(10), {
    description: 'Rows between two writes of output.partial.jsonl while the run goes on. Every answer is stored at once anyway.',
    allowed: 'a whole number from 1 to 1000000',
  }),
  transcripts: key(z.boolean().default(false), {
    description: 'Also write transcripts.jsonl with all messages of every row.',
    allowed: 'true or false',
  }),
  max_cost: key(cap(), {
    description: 'Most USD that the run may spend. The run stops before a call that could pass it. Default: no cap.',
    allowed: CAP_ALLOWED,
    code: 'E_CAP',
  }),
  max_cost_per_call: key(cap(), {
    description:
      'Most USD that one call may cost in the worst case. A row whose call could cost more fails with cause capped. Default: no cap.',
    allowed: CAP_ALLOWED,
    code: 'E_CAP',
  }),
  max_cost_per_row: key(cap(), {
    description:
      'Most USD that one row may spend over all its turns and tries. A row whose next call could pass it fails with cause capped. Default: no cap.',
    allowed: CAP_ALLOWED,
    code: 'E_CAP',
  }),
  max_daily_cost: key(cap(), {
    description:
      'Most USD that all runs of this home or database together may spend in a calendar day before this run stops. It goes on the next day when it is resumed. Default: no cap.',
    allowed: CAP_ALLOWED,
    code: 'E_CAP',
  }),
  warn_at: key(cap(), {
    description:
      'USD at which the commands that show the run warn, once; nothing stops. SWARM_WARN_AT does the same for all runs of a day. Default: no warning.',
    allowed: CAP_ALLOWED,
    code: 'E_CAP',
  }),
  pause_after: key(z.union([whole(1, 1_000_000), z.literal('never')]).default(PAUSE_AFTER), {
    description:
      'The run pauses when so many rows in a row ended failed with the same code and none was ok: what fails them is wrong for all, and the rest would be paid for in vain. swarm resume goes on and counts from zero. Rows that reached a cap of their own do not count. never: it goes on whatever fails.',
    allowed: 'a whole number from 1 to 1000000, or never',
  }),
  doubtful: key(z.enum(['hold', 'settle_at_estimate']).default('hold'), {
    description:
      'What a call that may have been billed without an answer (cut, silent, unreadable, a crash) stays charged with: hold, the most that it can have cost, so that no cap is ever passed; settle_at_estimate, what the calls of the run cost on average. Then the caps hold by estimate for those calls: what they cost in truth may pass a cap. A call before the first answer of the run is held either way. swarm receipt RUN --reconcile FILE ends the doubt.',
    allowed: 'hold, settle_at_estimate',
  }),
  timezone: key(text().min(1).max(64).default('UTC'), {
    description: 'Time zone of the days of max_daily_cost.',
    allowed: 'a name of the IANA time zone database, such as UTC or Europe/Berlin',
    code: 'E_TASK_TZ',
  }),
  price: key(
    z
      .strictObject({
        input: money().describe('USD per 1M input tokens.'),
        output: money().describe('USD per 1M output tokens.'),
        cached_input: money().optional().describe('USD per 1M cached input tokens. Default: the price of input.'),
        cache_write: money()
          .optional()
          .describe('USD per 1M input tokens that are written to a cache. Default: the price of input, at Anthropic 1.25 of it.'),
      })
      .optional(),
    {
      description: 'USD per 1M tokens, for models without a known price or with a price of your own.',
      allowed:
        '{input: USD, output: USD, cached_input: USD, cache_write: USD} per 1M tokens; cached_input and cache_write may be left out',
    },
  ),
  requests_per_minute: key(whole(1, 10_000_000).optional(), {
    description: 'Most requests per minute to this model, over all runs and processes. Default: what the provider allows.',
    allowed: 'a whole number from 1 to 10000000',
  }),
  tokens_per_minute: key(whole(1, 1_000_000_000).optional(), {
    description:
      'Most tokens per minute to this model, prompts and answers together, over all runs and processes. A call counts with what its answer is expected to take, and is corrected by what it took. Default: what the provider allows.',
    allowed: 'a whole number from 1 to 1000000000',
  }),
  timeout: key(z.number().min(1).max(86_400).default(600), {
    description: 'Deadline of one call in seconds, from the moment it is sent.',
    allowed: 'seconds from 1 to 86400',
  }),
  tags: key(z.record(text().min(1).max(64), text().max(256)).default({}), {
    description: 'Your own names and values, kept with the run (labels, before version 0.2).',
    allowed: 'names of at most 64 characters with text values of at most 256',
  }),
  weight: key(z.number().min(0.01).max(100).default(1), {
    description: 'Share of a common limit against other runs: a run with weight 2 gets twice the tokens of one with weight 1.',
    allowed: 'a number from 0.01 to 100',
  }),
});

export type TaskKey = keyof typeof taskFileSchema.shape;
/** A task as a file or program writes it. */
export type TaskFileInput = z.input<typeof taskFileSchema>;
/** A task file with its defaults, before keys are joined into a Task. */
export type TaskFile = z.output<typeof taskFileSchema>;

export const TASK_KEYS = Object.keys(taskFileSchema.shape) as TaskKey[];
export const REQUIRED_KEYS: readonly TaskKey[] = ['prompt_template', 'worker_model'];

/** Notes of a key, from its metadata. */
export function keyNotes(name: TaskKey): KeyNotes {
  return taskFileSchema.shape[name].meta() as unknown as KeyNotes;
}

/** Keys that are planned: known, and refused (E_TASK_UNSUPPORTED) until they do something. */
export const UNSUPPORTED_KEYS: Readonly<Record<string, string>> = {
  orchestrator_model: 'a second model that plans, writes seeds and takes over failed rows',
  orchestrator_api_base: 'base URL of orchestrator_model',
  orchestrator_api_key_env: 'key of orchestrator_model',
  worker_script: 'a program of your own that does the rows (task_type: custom)',
  tools: 'tools that the model may call',
  filter: 'rules that drop weak answers',
  escalate: 'failed rows done again by a stronger model',
  review: 'a sample of the answers judged by a model',
  priority: 'runs that go before others',
};
