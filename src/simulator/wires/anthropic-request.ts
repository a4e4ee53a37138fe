/** A request of the Anthropic wire, read as strictly as the API does (platform.claude.com/docs/en/api/messages, November 2026). */
import type { IncomingHttpHeaders } from 'node:http';
import { type Fields, fieldsOf } from '../../core/fields.js';
import type { ChatRequest } from '../exchange.js';
import { blocksOf, checkBlock, checkTools, Refused } from './anthropic-blocks.js';

const FIELDS: readonly string[] = [
  ...['model', 'messages', 'max_tokens', 'system', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'stream', 'thinking'],
  ...['output_config', 'metadata', 'tools', 'tool_choice', 'service_tier', 'cache_control', 'container', 'context_management'],
  ...['inference_geo', 'mcp_servers', 'speed'],
];
const EFFORTS: readonly unknown[] = ['low', 'medium', 'high', 'xhigh', 'max'];
const LEAST_BUDGET = 1_024;
const MOST_MARKS = 4;
const SEE = 'Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking';

type Turn = { role: string; blocks: Fields[] };

/** The request in a body, or the text of an error 400. */
export function readMessagesRequest(body: string, headers: IncomingHttpHeaders): ChatRequest | string {
  try {
    if (headers['anthropic-version'] === undefined) throw new Refused('anthropic-version: header is required');
    return requestOf(parsed(body));
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

function parsed(body: string): Fields {
  try {
    return fieldsOf(JSON.parse(body));
  } catch {
    throw new Refused('The request body is not valid JSON');
  }
}

function requestOf(raw: Fields): ChatRequest {
  const extra = Object.keys(raw).find((field) => !FIELDS.includes(field));
  if (extra !== undefined) throw new Refused(`${extra}: Extra inputs are not permitted`);
  const { model, max_tokens: maxTokens, stream } = raw;
  if (typeof model !== 'string' || model === '') throw new Refused('model: Field required');
  if (maxTokens === undefined) throw new Refused('max_tokens: Field required');
  if (!isWhole(maxTokens) || maxTokens < 1) throw new Refused('max_tokens: Input should be greater than or equal to 1');
  const thinks = checkThinking(raw, maxTokens);
  checkSampling(raw, thinks === true);
  const system = raw['system'] === undefined ? [] : blocksOf(raw['system'], 'system');
  for (const [at, block] of system.entries()) checkBlock(block, 'user', `system.${at}`);
  const turns = turnsOf(raw['messages']);
  checkMarks([...system, ...turns.flatMap(({ blocks }) => blocks)]);
  const messages = [...(system.length > 0 ? [{ role: 'system', content: spoken(system) }] : []), ...turns.map(neutral)];
  return { model, messages, maxTokens, stream: stream === true, includeUsage: true, thinks };
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value);
}

/** Whether it is to think; null: as the model does by itself. */
function checkThinking(raw: Fields, maxTokens: number): boolean | null {
  const { effort } = fieldsOf(raw['output_config']);
  if (effort !== undefined && !EFFORTS.includes(effort)) {
    throw new Refused("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'");
  }
  if (raw['thinking'] === undefined) return null;
  const { type, budget_tokens: budget } = fieldsOf(raw['thinking']);
  if (type === 'disabled') {
    if (budget !== undefined) throw new Refused('thinking.disabled.budget_tokens: Extra inputs are not permitted');
    return false;
  }
  if (type === 'adaptive') return true;
  if (type !== 'enabled') throw new Refused("thinking: Input tag found using 'type' does not match any of the expected tags");
  if (budget === undefined) throw new Refused('thinking.enabled.budget_tokens: Field required');
  if (!isWhole(budget) || budget < LEAST_BUDGET) {
    throw new Refused(`thinking.enabled.budget_tokens: Input should be greater than or equal to ${LEAST_BUDGET}`);
  }
  if (maxTokens <= budget) throw new Refused(`\`max_tokens\` must be greater than \`thinking.budget_tokens\`. ${SEE}`);
  return true;
}

function checkSampling(raw: Fields, thinks: boolean): void {
  const { temperature, stop_sequences: stop } = raw;
  if (temperature !== undefined && !(typeof temperature === 'number' && temperature >= 0 && temperature <= 1)) {
    throw new Refused('temperature: range: 0..1');
  }
  if (thinks && temperature !== undefined && temperature !== 1) {
    throw new Refused(`\`temperature\` may only be set to 1 when thinking is enabled. ${SEE}`);
  }
  if (stop !== undefined && !(Array.isArray(stop) && stop.every((text) => typeof text === 'string' && text.trim() !== ''))) {
    throw new Refused('stop_sequences: each stop sequence must contain non-whitespace');
  }
}

function turnsOf(list: unknown): Turn[] {
  if (!Array.isArray(list)) throw new Refused('messages: Field required');
  if (list.length === 0) throw new Refused('messages: at least one message is required');
  const turns = list.map((message, at) => turnOf(fieldsOf(message), `messages.${at}`));
  checkTools(turns);
  const { role, blocks = [] } = turns.at(-1) ?? {};
  const last = blocks.at(-1);
  if (role === 'assistant' && last?.['type'] === 'text' && /\s$/.test(String(last['text']))) {
    throw new Refused('messages: final assistant content cannot end with trailing whitespace');
  }
  return turns;
}

function turnOf({ role, content, ...rest }: Fields, at: string): Turn {
  const [extra] = Object.keys(rest);
  if (extra !== undefined) throw new Refused(`${at}.${extra}: Extra inputs are not permitted`);
  if (role !== 'user' && role !== 'assistant') {
    throw new Refused(`messages: Unexpected role "${String(role)}". Allowed roles are "user" or "assistant".`);
  }
  const blocks = blocksOf(content, at);
  if (blocks.length === 0) throw new Refused(`${at}: all messages must have non-empty content`);
  for (const [n, block] of blocks.entries()) checkBlock(block, role, `${at}.content.${n}`);
  return { role, blocks };
}

function checkMarks(blocks: readonly Fields[]): void {
  const marks = blocks.flatMap((block) => ('cache_control' in block ? [fieldsOf(block['cache_control'])] : []));
  if (marks.some(({ type }) => type !== 'ephemeral')) throw new Refused("cache_control: Input tag should be 'ephemeral'");
  if (marks.length > MOST_MARKS) {
    throw new Refused(`A maximum of ${MOST_MARKS} blocks with cache_control may be provided. Found ${marks.length}.`);
  }
}

/** What was said, and what tools came to; thoughts are not. */
function spoken(blocks: readonly Fields[]): string {
  return blocks.map(({ type, text, content }) => (type === 'tool_result' ? spokenOf(content) : spokenOf(text))).join('');
}

function spokenOf(text: unknown): string {
  return typeof text === 'string' ? text : '';
}

/** A message of results alone is the tools', not the user's. */
function neutral({ role, blocks }: Turn): ChatRequest['messages'][number] {
  const isTools = role === 'user' && blocks.every(({ type }) => type === 'tool_result');
  return { role: isTools ? 'tool' : role, content: spoken(blocks) };
}
