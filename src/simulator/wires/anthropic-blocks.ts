/** Blocks of the messages in a request of the Anthropic wire, read as strictly as the API does. Sentences of errors are the API's own. */
import { type Fields, fieldsOf } from '../../core/fields.js';
import { isSealed } from './anthropic-seals.js';

/** Thrown inside; its text is that of the 400. */
export class Refused extends Error {}

/** What is allowed in a block of each type, and by whom it may be said. */
const BLOCKS: Readonly<Record<string, { roles: readonly string[]; fields: readonly string[] }>> = {
  text: { roles: ['user', 'assistant'], fields: ['text', 'citations'] },
  image: { roles: ['user'], fields: ['source'] },
  document: { roles: ['user'], fields: ['source', 'title', 'context', 'citations'] },
  tool_result: { roles: ['user'], fields: ['tool_use_id', 'content', 'is_error'] },
  thinking: { roles: ['assistant'], fields: ['thinking', 'signature'] },
  redacted_thinking: { roles: ['assistant'], fields: ['data'] },
  tool_use: { roles: ['assistant'], fields: ['id', 'name', 'input', 'caller'] },
  server_tool_use: { roles: ['assistant'], fields: ['id', 'name', 'input', 'caller'] },
  web_search_tool_result: { roles: ['assistant'], fields: ['tool_use_id', 'content', 'caller'] },
};

/** Thoughts are kept with what follows them. */
const UNMARKED: readonly string[] = ['thinking', 'redacted_thinking'];

export function blocksOf(content: unknown, at: string): Fields[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw new Refused(`${at}.content: Input should be a valid list`);
  return content.map(fieldsOf);
}

/** Throws Refused. */
export function checkBlock(block: Fields, role: string, at: string): void {
  const type = String(block['type']);
  const known = Object.hasOwn(BLOCKS, type) ? BLOCKS[type] : undefined;
  if (!known?.roles.includes(role)) {
    throw new Refused(`${at}: Input tag '${type}' found using 'type' does not match any of the expected tags`);
  }
  const allowed = ['type', ...known.fields, ...(UNMARKED.includes(type) ? [] : ['cache_control'])];
  const extra = Object.keys(block).find((field) => !allowed.includes(field));
  if (extra !== undefined) throw new Refused(`${at}.${type}.${extra}: Extra inputs are not permitted`);
  if (type === 'text') checkText(block, at);
  if (type === 'thinking') checkThinking(block, at);
  if (type === 'redacted_thinking' && !isSealed('redacted', block['data'])) {
    throw new Refused(`${at}: Invalid \`data\` in \`redacted_thinking\` block`);
  }
  if ((type === 'tool_use' || type === 'server_tool_use') && fieldsOf(block['input']) !== block['input']) {
    throw new Refused(`${at}.${type}.input: Input should be a valid dictionary`);
  }
  if (type === 'web_search_tool_result') checkSearch(block['content'], at);
}

function checkText({ text, citations }: Fields, at: string): void {
  if (typeof text !== 'string') throw new Refused(`${at}.text.text: Field required`);
  if (text === '') throw new Refused('messages: text content blocks must be non-empty');
  if (text.trim() === '') throw new Refused('messages: text content blocks must contain non-whitespace text');
  for (const citation of Array.isArray(citations) ? citations.map(fieldsOf) : []) {
    const { type, encrypted_index: index } = citation;
    if (type === 'web_search_result_location' && !isSealed('index', index)) {
      throw new Refused(`${at}: Invalid \`encrypted_index\` in citation`);
    }
  }
}

function checkThinking({ thinking, signature }: Fields, at: string): void {
  for (const [field, value] of Object.entries({ thinking, signature })) {
    if (typeof value !== 'string') throw new Refused(`${at}.thinking.${field}: Field required`);
  }
  // Without a text the signature holds the thoughts themselves.
  const proven = thinking === '' ? isSealed('thinking', signature) : isSealed('thinking', signature, thinking as string);
  if (!proven) throw new Refused(`${at}: Invalid \`signature\` in \`thinking\` block`);
}

function checkSearch(content: unknown, at: string): void {
  const failed = fieldsOf(content);
  if (failed === content) {
    if (failed['type'] !== 'web_search_tool_result_error' || typeof failed['error_code'] !== 'string') {
      throw new Refused(`${at}.web_search_tool_result.content: Input should be a valid list`);
    }
    return;
  }
  for (const found of Array.isArray(content) ? content.map(fieldsOf) : []) {
    if (!isSealed('page', found['encrypted_content'])) {
      throw new Refused(`${at}: Invalid \`encrypted_content\` in \`search_result\` block`);
    }
  }
}

/** Calls of tools, each with its result in the next message; and no result without a call. Throws Refused. */
export function checkTools(messages: readonly { role: string; blocks: readonly Fields[] }[]): void {
  messages.forEach(({ role, blocks }, at) => {
    const idsOf = (list: readonly Fields[] | undefined, type: string, field: string) =>
      (list ?? []).filter((block) => block['type'] === type).map((block) => String(block[field]));
    const calls = role === 'assistant' ? idsOf(blocks, 'tool_use', 'id') : [];
    const answered = new Set(idsOf(messages[at + 1]?.blocks, 'tool_result', 'tool_use_id'));
    const open = calls.filter((id) => !answered.has(id));
    if (open.length > 0) {
      throw new Refused(
        `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}. ` +
          'Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
      );
    }
    const asked = new Set(idsOf(messages[at - 1]?.blocks, 'tool_use', 'id'));
    const stray = idsOf(blocks, 'tool_result', 'tool_use_id').find((id) => !asked.has(id));
    if (stray !== undefined) {
      throw new Refused(
        `messages.${at}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. ` +
          'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
      );
    }
  });
}
