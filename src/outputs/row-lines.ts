/** One row as one line of JSON: fixed order of keys, exact money. The same row always gives the same bytes. */
import { type Message, messageText } from '../core/conversation/message.js';
import { exactJson } from '../core/exact-json.js';
import type { NanoUsd, Usage } from '../core/model.js';
import type { OutputRow } from '../store/port/store.js';
import type { FailedLine, FilteredLine, OutputLine, TranscriptLine } from './row-fields.js';

/** Nano-USD as an exact decimal in USD without exponent or trailing zeros: `0.0000641`, `0`, `12.5`; `null` for an unknown amount. */
export function decimalUsd(nano: NanoUsd | null): string {
  if (nano === null) return 'null';
  const sign = nano < 0 ? '-' : '';
  const digits = String(Math.abs(nano)).padStart(10, '0');
  const whole = digits.slice(0, -9);
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** JSON of each field, in the order of the line: a field too many or too few does not compile. Undefined: this line goes without it. */
type JsonOf<Line> = { [Field in keyof Line]-?: undefined extends Line[Field] ? string | undefined : string };

function jsonLine<Line>(fields: JsonOf<Line>): string {
  const written: string[] = [];
  for (const [name, json] of Object.entries<string | undefined>(fields))
    if (json !== undefined) written.push(`"${name}":${json}`);
  return `{${written.join(',')}}`;
}

function usageJson({ input, cached, output, reasoning }: Usage): string {
  return jsonLine<Usage>({ input: `${input}`, cached: `${cached}`, output: `${output}`, reasoning: `${reasoning}` });
}

const text = (value: string | null | undefined): string => JSON.stringify(value ?? null);

function head(row: Pick<OutputRow, 'id' | 'index' | 'seed'>): JsonOf<Pick<OutputLine, 'id' | 'index' | 'seed'>> {
  return { id: text(row.id), index: `${row.index}`, seed: exactJson(row.seed) };
}

/** What an ok row came to, as JSON: the value that its task asks for, or the text of its answer. */
function outputOf({ outputJson, output }: Pick<OutputRow, 'outputJson' | 'output'>): string {
  return outputJson ?? JSON.stringify(output);
}

/** The same in a cell of text: a text as it is, any other value as JSON. */
export function outputCell({ outputJson, output }: Pick<OutputRow, 'outputJson' | 'output'>): string | null {
  if (outputJson === undefined) return output;
  return outputJson.startsWith('"') ? (JSON.parse(outputJson) as string) : outputJson;
}

/** A line of output.jsonl, without its line end. */
export function okLine(row: OutputRow): string {
  return jsonLine<OutputLine>({
    ...head(row),
    output: outputOf(row),
    model: text(row.model),
    finish: text(row.finish),
    turns: `${row.turns}`,
    usage: usageJson(row.usage),
    cost_usd: decimalUsd(row.costNano),
  });
}

/** A line of failed.jsonl: a row whose answers had not the form that its task wants has the last of them. */
export function failedLine(row: OutputRow): string {
  return jsonLine<FailedLine>({
    ...head(row),
    cause: text(row.cause),
    code: text(row.code),
    message: text(row.message),
    answer: row.output === null ? undefined : text(row.output),
    attempts: `${row.attempts}`,
    cost_usd: decimalUsd(row.costNano),
  });
}

/** A line of filtered.jsonl: the answer that was filtered out, and why. */
export function filteredLine(row: OutputRow): string {
  return jsonLine<FilteredLine>({
    ...head(row),
    output: text(row.output),
    code: text(row.code),
    message: text(row.message),
    model: text(row.model),
    cost_usd: decimalUsd(row.costNano),
  });
}

/** A line of transcripts.jsonl. */
export function transcriptLine(seed: { id: string; index: number }, messages: readonly Message[]): string {
  const list: TranscriptLine['messages'] = messages.map((message) => ({ role: message.role, content: messageText(message) }));
  return jsonLine<TranscriptLine>({ id: text(seed.id), index: `${seed.index}`, messages: JSON.stringify(list) });
}
