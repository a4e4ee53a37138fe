/** One row as one line of JSON: fixed order of keys, exact money. The same row always gives the same bytes. */
import { type Message, messageText } from '../core/conversation/message.js';
import { exactJson } from '../core/exact-json.js';
import type { NanoUsd, Usage } from '../core/model.js';
import type { OutputRow } from '../store/port/store.js';

/** Nano-USD as an exact decimal in USD without exponent or trailing zeros: `0.0000641`, `0`, `12.5`; `null` for an unknown amount. */
export function decimalUsd(nano: NanoUsd | null): string {
  if (nano === null) return 'null';
  const sign = nano < 0 ? '-' : '';
  const digits = String(Math.abs(nano)).padStart(10, '0');
  const whole = digits.slice(0, -9);
  const fraction = digits.slice(-9).replace(/0+$/, '');
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

function usageJson({ input, cached, output, reasoning }: Usage): string {
  return `{"input":${input},"cached":${cached},"output":${output},"reasoning":${reasoning}}`;
}

function head(row: Pick<OutputRow, 'id' | 'index' | 'seed'>): string {
  return `{"id":${JSON.stringify(row.id)},"index":${row.index},"seed":${exactJson(row.seed)}`;
}

/** A line of output.jsonl, without its line end. */
export function okLine(row: OutputRow): string {
  return (
    `${head(row)},"output":${JSON.stringify(row.output)},"model":${JSON.stringify(row.model)},"finish":${JSON.stringify(row.finish)}` +
    `,"turns":${row.turns},"usage":${usageJson(row.usage)},"cost_usd":${decimalUsd(row.costNano)}}`
  );
}

/** A line of failed.jsonl. */
export function failedLine(row: OutputRow): string {
  return (
    `${head(row)},"cause":${JSON.stringify(row.cause ?? null)},"code":${JSON.stringify(row.code ?? null)}` +
    `,"message":${JSON.stringify(row.message ?? null)},"attempts":${row.attempts},"cost_usd":${decimalUsd(row.costNano)}}`
  );
}

/** A line of filtered.jsonl: the answer that was filtered out, and why. */
export function filteredLine(row: OutputRow): string {
  return (
    `${head(row)},"output":${JSON.stringify(row.output)},"code":${JSON.stringify(row.code ?? null)}` +
    `,"message":${JSON.stringify(row.message ?? null)},"model":${JSON.stringify(row.model)},"cost_usd":${decimalUsd(row.costNano)}}`
  );
}

/** A line of transcripts.jsonl. */
export function transcriptLine(seed: { id: string; index: number }, messages: readonly Message[]): string {
  const list = messages.map((message) => ({ role: message.role, content: messageText(message) }));
  return `{"id":${JSON.stringify(seed.id)},"index":${seed.index},"messages":${JSON.stringify(list)}}`;
}
