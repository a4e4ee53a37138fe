/** Checked keys with their defaults -> Task. Paths stay as written. */
import { SYSTEM_PROMPTS, SYSTEM_PROMPTS_OF_FORM } from '../schema/system-prompts.js';
import type { TaskFile } from '../schema/task.js';
import { PAUSE_AFTER, type StopRule, type Task } from '../schema/task-types.js';

/** Joins the keys of a task file into a Task. `read` is what took more than one key to read. */
export function toTask(file: TaskFile, read: { model: Task['model']; stopRules: StopRule[]; defaultName: string }): Task {
  const name = file.name ?? read.defaultName;
  const defaults = file.output_schema === undefined && !file.multi_label ? SYSTEM_PROMPTS : SYSTEM_PROMPTS_OF_FORM;
  const systemPrompt = file.system_prompt === undefined ? defaults[file.task_type] : file.system_prompt || null;
  return {
    name,
    taskType: file.task_type,
    promptTemplate: file.prompt_template,
    systemPrompt,
    model: read.model,
    maxTokens: file.worker_max_tokens,
    temperature: file.temperature ?? null,
    topP: file.top_p ?? null,
    ...requestSettings(file),
    headers: file.headers,
    multiTurn: file.multi_turn,
    maxTurns: file.multi_turn ? file.max_turns : 1,
    followUp: file.follow_up,
    stopWhen: file.multi_turn ? read.stopRules : [],
    onTruncate: file.on_truncate,
    ...answerKeys(file),
    seedsFile: file.seeds_file ?? null,
    concurrency: file.concurrency ?? file.workers,
    staggerMs: file.stagger === 'auto' ? 0 : Math.round(file.stagger * 1000),
    sliceSize: file.batch_size,
    outputDir: file.output_dir ?? `out/${name}`,
    outputFormat: file.output_format,
    ...(file.csv_guard ? { csvGuard: true } : {}),
    checkpointEvery: file.checkpoint_every,
    transcripts: file.transcripts,
    maxCost: file.max_cost ?? null,
    price: file.price ? toPrice(file.price) : null,
    maxCostPerCall: file.max_cost_per_call ?? null,
    maxCostPerRow: file.max_cost_per_row ?? null,
    maxDailyCost: file.max_daily_cost ?? null,
    warnAt: file.warn_at ?? null,
    ...(file.pause_after === PAUSE_AFTER ? {} : { pauseAfter: file.pause_after === 'never' ? null : file.pause_after }),
    // Absent in runs of before it: the default is no change to them.
    ...(file.doubtful === 'hold' ? {} : { doubtful: file.doubtful }),
    timeZone: file.timezone,
    requestsPerMinute: file.requests_per_minute ?? null,
    tokensPerMinute: file.tokens_per_minute ?? null,
    timeoutMs: Math.round(file.timeout * 1000),
    tags: file.tags,
    weight: file.weight,
  };
}

/** Absent unless written: runs that were stored before the keys are no others for them. */
function requestSettings(file: TaskFile): Pick<Task, 'seed' | 'stop' | 'reasoningEffort' | 'thinkingBudget' | 'extraBody'> {
  const { seed, stop, reasoning_effort: reasoningEffort, thinking_budget: thinkingBudget, extra_body: extraBody } = file;
  return {
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop: typeof stop === 'string' ? [stop] : stop }),
    ...(reasoningEffort === undefined ? {} : { reasoningEffort }),
    ...(thinkingBudget === undefined ? {} : { thinkingBudget }),
    ...(extraBody === undefined || Object.keys(extraBody).length === 0 ? {} : { extraBody }),
  };
}

/** What answers are to be. Each is absent where it is not given, as in runs of before it. A schema in a file of its own is read later. */
function answerKeys(file: TaskFile): Partial<Task> {
  const { labels, target_language: target, source_language: source, max_words: maxWords, output_schema: schema } = file;
  return {
    ...(labels === undefined ? {} : { labels }),
    ...(file.multi_label ? { multiLabel: true } : {}),
    ...(target === undefined ? {} : { targetLanguage: target }),
    ...(source === undefined ? {} : { sourceLanguage: source }),
    ...(maxWords === undefined ? {} : { maxWords }),
    ...(typeof schema === 'object' ? { outputSchema: schema } : {}),
    ...(labels === undefined && schema === undefined ? {} : { maxRepairs: file.max_repairs }),
  };
}

function toPrice(price: NonNullable<TaskFile['price']>): NonNullable<Task['price']> {
  const { input, output, cached_input: cachedInput, cache_write: cacheWrite } = price;
  return {
    ...{ input, output },
    ...(cachedInput === undefined ? {} : { cachedInput }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
  };
}
