/** The parsed task: what task.yaml means after defaults and normalisation. Plain JSON (it is stored with the run). */
import type { WireName } from './wires.js';

export const TASK_TYPES = ['generation', 'translation', 'summarization', 'classification'] as const;
export type TaskType = (typeof TASK_TYPES)[number];

export const OUTPUT_FORMATS = ['jsonl', 'json', 'parquet', 'csv'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** USD per 1M tokens. */
export interface PriceOverride {
  input: number;
  output: number;
  cachedInput?: number;
  /** Of input tokens that are written to a cache. @default that of input; 1.25 of it at Anthropic */
  cacheWrite?: number;
}

/** A multi-turn conversation ends when any rule holds for the newest answer. */
export interface StopRule {
  /** The answer contains this text. */
  contains?: string;
  /** The answer, trimmed, equals this text. */
  equals?: string;
  /** The answer matches this regular expression (flag `m`). */
  matches?: string;
}

export interface ModelRef {
  /** `openai`, `groq`, ..., `sim`, or the host name of `worker_api_base` for a bare model. */
  provider: string;
  /** The model name as it is sent. */
  model: string;
  /** How it is spoken to. @default chat; runs of 0.1.0 know no other */
  wire?: WireName;
  /** Normalised base URL with its version and without a trailing slash; null for `sim` (known to the worker). */
  apiBase: string | null;
  /** Name of the environment variable that holds the key; null for endpoints without a key. */
  apiKeyEnv: string | null;
}

/** A JSON Schema (draft 2020-12) as a task has it. */
export type JsonSchema = { [keyword: string]: unknown };

/** Rows in a row that end alike before their run pauses, unless the task says otherwise. */
export const PAUSE_AFTER = 20;

export const REASONING_EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type ReasoningEffort = (typeof REASONING_EFFORTS)[number];

/** What a task says to the model beside messages and the output limit. Only what is written is sent. */
export interface RequestSettings {
  /** 0 to 2. */
  temperature: number | null;
  topP: number | null;
  seed?: number;
  /** Texts that end an answer. */
  stop?: string[];
  reasoningEffort?: ReasoningEffort;
  /** Most tokens of thinking, part of the output limit. */
  thinkingBudget?: number;
  /** Merged into the body of every request. */
  extraBody?: Record<string, unknown>;
}

export interface Task extends RequestSettings {
  name: string;
  taskType: TaskType;
  promptTemplate: string;
  /** Null: none is sent. The task type gives the default. */
  systemPrompt: string | null;
  model: ModelRef;
  maxTokens: number;
  /** Extra request headers. */
  headers: Record<string, string>;
  multiTurn: boolean;
  /** 1 unless multiTurn. */
  maxTurns: number;
  /** The user message of every turn after the first. */
  followUp: string;
  /** True in runs of 0.1.0: systemPrompt and followUp are sent as they stand. No task file says so. */
  promptAlone?: true;
  stopWhen: StopRule[];
  onTruncate: 'keep' | 'fail' | 'continue';
  /** Classes: an answer is one of them. Absent: it may be any text. The keys that follow are absent in runs of before them, too. */
  labels?: string[];
  /** With labels: an answer is a list of them. */
  multiLabel?: true;
  /** Of a translation: names or BCP 47 tags. */
  targetLanguage?: string;
  sourceLanguage?: string;
  /** Of a summary, as it is asked for. */
  maxWords?: number;
  /** Every answer is JSON that meets it. */
  outputSchema?: JsonSchema;
  /** With labels or outputSchema: turns of a row that are spent on answers of the wrong form. @default 0 */
  maxRepairs?: number;
  /** Absolute path, or null when rows come from code. */
  seedsFile: string | null;
  /** Calls in flight; auto = as many as are worth it. */
  concurrency: number | 'auto';
  /** Delay between the starts of the first `concurrency` calls; auto = 0. */
  staggerMs: number;
  /** Seeds per child workflow. */
  sliceSize: number | 'auto';
  /** Absolute path. */
  outputDir: string;
  outputFormat: OutputFormat;
  /** True: csv output disarms what a spreadsheet would run. Absent: false. */
  csvGuard?: boolean;
  /** Rows between two writes of output.partial.jsonl. */
  checkpointEvery: number;
  transcripts: boolean;
  /** USD for the whole run; null = no cap. */
  maxCost: number | null;
  price: PriceOverride | null;
  /** USD; null = no cap. */
  maxCostPerCall: number | null;
  maxCostPerRow: number | null;
  /** For all runs together, by calendar days of `timeZone`. */
  maxDailyCost: number | null;
  /** USD of the run at which people are warned; absent in runs of before it. */
  warnAt?: number | null;
  /** Rows that fail alike, one after the other, before the run pauses; null = never. @default 20 */
  pauseAfter?: number | null;
  timeZone: string;
  /** What a call that may have been billed without an answer stays charged with: its worst case, or an estimate. @default hold */
  doubtful?: 'hold' | 'settle_at_estimate';
  requestsPerMinute: number | null;
  /** Prompts and answers together. */
  tokensPerMinute: number | null;
  /** Deadline of one call, from admission. */
  timeoutMs: number;
  /** The user's own names and values of the run. */
  tags: Record<string, string>;
  /** Share of a common limit against other runs, 1 by default. */
  weight: number;
}

/** Keys whose change makes another run (answers would differ); the rest may change on resume. */
export const IDENTITY_KEYS = [
  'taskType',
  'promptTemplate',
  'systemPrompt',
  'model',
  'maxTokens',
  'temperature',
  'topP',
  'seed',
  'stop',
  'reasoningEffort',
  'thinkingBudget',
  'extraBody',
  'headers',
  'multiTurn',
  'maxTurns',
  'followUp',
  'stopWhen',
  'onTruncate',
  'labels',
  'multiLabel',
  'targetLanguage',
  'sourceLanguage',
  'maxWords',
  'outputSchema',
] as const satisfies readonly (keyof Task)[];
