/**
 * Reads a provider's usage export: CSV with a header, JSON Lines, or JSON pages of `{data: [...]}`. Names of fields are those of OpenAI's usage
 * API, OpenRouter's activity and generations, LiteLLM's logs, and the log of the simulated provider, November 2026.
 */
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { SwarmError } from '../core/errors.js';
import type { EpochMs, Usage } from '../core/model.js';
import { usdToNanoUp } from '../core/money/price.js';
import type { UsageBucket, UsageLine } from '../core/money/reconcile.js';

export interface UsageExport {
  lines: UsageLine[];
  buckets: UsageBucket[];
  /** Entries that were neither: refused requests, ends of answers, other kinds of usage. */
  ignored: number;
}

type Fields = Record<string, unknown>;
/** Price of a request that the export has no cost for; null when unknown. */
export type PriceOf = (model: string, at: EpochMs, usage: Usage) => number | null;

/** What is read of an entry: names of the field, the first that is there counts. A point goes into an object. */
export const EXPORT_FIELDS = {
  callId: ['client_request_id', 'x_client_request_id', 'metadata.client_request_id'],
  at: ['created_at', 'timestamp', 'starttime', 'startTime', 'time', 'created', 't'],
  from: ['start_time', 'bucket_start'],
  to: ['end_time', 'bucket_end'],
  requests: ['num_model_requests', 'requests', 'request_count', 'n_requests'],
  model: ['model', 'model_permaslug', 'model_name', 'snapshot_id'],
  cost: ['cost_usd', 'cost_total', 'total_cost', 'spend', 'cost', 'usage.cost'],
  costNano: ['cost_nano'],
  input: ['prompt_tokens', 'input_tokens', 'native_tokens_prompt', 'tokens_prompt', 'usage.prompt_tokens'],
  output: ['completion_tokens', 'output_tokens', 'native_tokens_completion', 'tokens_completion', 'usage.completion_tokens'],
  cached: ['input_cached_tokens', 'cached_tokens', 'native_tokens_cached', 'tokens_cached'],
  reasoning: ['native_tokens_reasoning', 'tokens_reasoning', 'reasoning_tokens'],
} as const;

function unreadable(file: string, found: string): SwarmError {
  return new SwarmError({
    code: 'E_EXPORT_FORMAT',
    place: { file },
    found,
    allowed:
      "a provider's usage as CSV with a header, JSON Lines or JSON: requests with time and tokens or cost, or totals with start, end and requests",
    fix: 'export it again from the usage page of the provider; the fields that are read are in docs/files.md#usage-exports',
  });
}

function pick(fields: Fields, names: readonly string[]): unknown {
  for (const name of names) {
    let value: unknown = fields[name];
    if (value === undefined && name.includes('.')) {
      const [outer = '', inner = ''] = name.split('.');
      value = (fields[outer] as Fields | null | undefined)?.[inner];
    }
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return null;
}

function numberOf(value: unknown): number | null {
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  return Number.isFinite(number) && number >= 0 ? number : null;
}

/** Seconds or ms since the epoch, or a date; without a zone it is UTC, as providers export it. */
function timeOf(value: unknown): EpochMs | null {
  const number = numberOf(value);
  if (number !== null) return number < 1e11 ? number * 1_000 : number;
  if (typeof value !== 'string') return null;
  const text = value
    .trim()
    .replace(/^(\d{4}-\d\d-\d\d) /, '$1T')
    .replace(/ UTC$/, 'Z')
    .replace(/(T.*[+-]\d\d)$/, '$1:00');
  const zoned = /T.*(?:Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? null : time;
}

function usageIn(fields: Fields): Usage | null {
  const [input, output] = [numberOf(pick(fields, EXPORT_FIELDS.input)), numberOf(pick(fields, EXPORT_FIELDS.output))];
  if (input === null || output === null) return null;
  const cached = Math.min(input, numberOf(pick(fields, EXPORT_FIELDS.cached)) ?? 0);
  return { input, cached, output, reasoning: numberOf(pick(fields, EXPORT_FIELDS.reasoning)) ?? 0 };
}

/** Refused requests cost nothing; a request that failed otherwise is listed with what it cost. */
function isRefused(fields: Fields): boolean {
  return String(fields['billed']) === 'false' || (numberOf(fields['status']) ?? 0) >= 400;
}

/** The name may carry its maker before it, and a date behind it. */
function isSameModel(asked: string, named: string | null): boolean {
  if (named === null) return true;
  const bare = (name: string) => name.toLowerCase().split('/').at(-1)?.split(':')[0] ?? '';
  return bare(named).startsWith(bare(asked)) || bare(asked).startsWith(bare(named));
}

function entriesOf(file: string, text: string): Fields[] {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed === '') throw unreadable(file, 'the file is empty');
  try {
    if (!/^[[{]/.test(trimmed)) return parse(trimmed, { columns: true, relax_column_count: false, trim: true }) as Fields[];
    const pages =
      /^\{[^\n]*\}\s*(?:\n|$)/.test(trimmed) && trimmed.includes('\n')
        ? trimmed
            .split('\n')
            .filter((line) => line.trim() !== '')
            .map((line) => JSON.parse(line) as unknown)
        : [JSON.parse(trimmed) as unknown];
    return pages.flat().flatMap((page) => opened(page));
  } catch (error) {
    throw unreadable(file, error instanceof Error ? error.message.slice(0, 200) : String(error));
  }
}

/** `{data: [...]}` and the `results` of its buckets are taken apart. */
function opened(value: unknown): Fields[] {
  if (typeof value !== 'object' || value === null) return [];
  const fields = value as Fields;
  if (Array.isArray(fields['data'])) return fields['data'].flatMap(opened);
  const { results, ...outer } = fields;
  if (Array.isArray(results)) return results.flatMap(opened).map((one) => ({ ...outer, ...one }));
  return [fields];
}

/**
 * The entries that concern a model. Throws E_EXPORT_FORMAT and E_EXPORT_FILE (exit 2).
 * @param models asked for, and those that answered.
 */
export async function readUsageExport(file: string, models: readonly string[], priceOf: PriceOf): Promise<UsageExport> {
  const found: UsageExport = { lines: [], buckets: [], ignored: 0 };
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SwarmError({ code: 'E_EXPORT_FILE', place: { file }, found: `the file cannot be read (${error.code})` });
  });
  const entries = entriesOf(file, text);
  for (const [position, fields] of entries.entries()) {
    const model = pick(fields, EXPORT_FIELDS.model);
    const name = typeof model === 'string' ? model : null;
    if (!models.some((asked) => isSameModel(asked, name)) || isRefused(fields)) {
      found.ignored += 1;
      continue;
    }
    const requests = numberOf(pick(fields, EXPORT_FIELDS.requests));
    const [from, to] = [timeOf(pick(fields, EXPORT_FIELDS.from)), timeOf(pick(fields, EXPORT_FIELDS.to))];
    if (requests !== null && from !== null && to !== null) {
      found.buckets.push({ from, to, model: name, requests });
      continue;
    }
    const at = timeOf(pick(fields, EXPORT_FIELDS.at)) ?? from;
    const usage = usageIn(fields);
    const cost = numberOf(pick(fields, EXPORT_FIELDS.cost));
    const nano = numberOf(pick(fields, EXPORT_FIELDS.costNano)) ?? (cost === null ? null : usdToNanoUp(cost));
    if (at === null || (usage === null && nano === null)) {
      found.ignored += 1;
      continue;
    }
    const id = pick(fields, EXPORT_FIELDS.callId);
    const costNano = nano ?? (usage === null ? null : priceOf(name ?? models[0] ?? '', at, usage));
    found.lines.push({ line: position + 1, callId: typeof id === 'string' ? id : null, at, model: name, costNano, usage });
  }
  if (found.lines.length + found.buckets.length === 0)
    throw unreadable(file, `none of its ${entries.length} entries is a request or a total of ${models.join(', ')}`);
  return found;
}
