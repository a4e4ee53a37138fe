/** What Ollama's chat takes, read as strictly as its server does: fields it does not know pass, wrong types of those it knows do not. */
import { isFields } from '../../core/fields.js';
import type { ChatRequest } from '../exchange.js';

type Raw = Record<string, unknown>;

/** Levels that the server knows by itself (server/routes.go); a text of another form is one of the model's own. */
const THINK = /^[a-z]{1,20}$/;

/** As Go says it. */
function wrongType(value: unknown, field: string, type: string): string {
  const found = Array.isArray(value) ? 'array' : isFields(value) ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${found} into Go struct field ChatRequest.${field} of type ${type}`;
}

/** Fields of the top, and how their types are told. */
const TOP: readonly [string, string, (value: unknown) => boolean][] = [
  ['model', 'string', (value) => typeof value === 'string'],
  ['messages', '[]api.Message', Array.isArray],
  ['stream', 'bool', (value) => typeof value === 'boolean'],
  ['truncate', 'bool', (value) => typeof value === 'boolean'],
  ['shift', 'bool', (value) => typeof value === 'boolean'],
  ['options', 'map[string]interface {}', isFields],
  ['tools', 'api.Tools', Array.isArray],
];

function topFault(raw: Raw): string | null {
  for (const [field, type, fits] of TOP) {
    const value = raw[field];
    if (value !== undefined && value !== null && !fits(value)) return wrongType(value, field, type);
  }
  const { format, think } = raw;
  if (typeof think === 'string' ? !THINK.test(think) : think !== undefined && think !== null && typeof think !== 'boolean') {
    return `invalid think value: ${JSON.stringify(think)} (must be "high", "medium", "low", "max", true, or false)`;
  }
  if (format !== undefined && format !== null && format !== '' && format !== 'json' && !isFields(format)) {
    return `invalid format: ${JSON.stringify(JSON.stringify(format))}; expected "json" or a valid JSON Schema object`;
  }
  return null;
}

function messageFault(message: unknown): string | null {
  if (!isFields(message)) return wrongType(message, 'messages', 'api.Message');
  for (const field of ['role', 'content', 'thinking', 'tool_name', 'tool_call_id']) {
    const value = message[field];
    if (value !== undefined && value !== null && typeof value !== 'string')
      return wrongType(value, `messages.${field}`, 'string');
  }
  if (!['system', 'user', 'assistant', 'tool'].includes(String(message['role']))) {
    return `invalid role: ${message['role']}, role must be one of [system user assistant tool]`;
  }
  const calls = message['tool_calls'] ?? [];
  if (!Array.isArray(calls)) return wrongType(calls, 'messages.tool_calls', '[]api.ToolCall');
  for (const call of calls) {
    const input = isFields(call) && isFields(call['function']) ? call['function']['arguments'] : undefined;
    if (!isFields(input)) return wrongType(input, 'messages.tool_calls.function.arguments', 'api.ToolCallFunctionArguments');
  }
  return null;
}

function optionFault(options: Raw): string | null {
  for (const name of ['num_predict', 'num_ctx', 'seed']) {
    const value = options[name];
    if (value !== undefined && !Number.isInteger(value)) return `option "${name}" must be of type integer`;
  }
  return null;
}

/** The request in a body, or the text of an error 400. A stream comes unless `stream` is false. */
export function readFields(body: string): ChatRequest | string {
  if (body.trim() === '') return 'missing request body';
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch {
    return 'invalid character in the body of the request';
  }
  if (!isFields(raw)) return wrongType(raw, '', 'api.ChatRequest');
  const list = (raw['messages'] ?? []) as Raw[];
  const options = (raw['options'] ?? {}) as Raw;
  const fault = topFault(raw) ?? list.map(messageFault).find((each) => each !== null) ?? optionFault(options);
  if (fault) return fault;
  if (!raw['model']) return 'model is required';
  const limit = (options['num_predict'] as number | undefined) ?? -1;
  return {
    model: raw['model'] as string,
    messages: list.map(({ role, content }) => ({ role: role as string, content: (content as string | undefined) ?? '' })),
    maxTokens: limit > 0 ? limit : null,
    stream: raw['stream'] !== false,
    includeUsage: true,
    thinks: raw['think'] === undefined || raw['think'] === null ? null : raw['think'] !== false,
  };
}
