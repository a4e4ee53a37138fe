/**
 * OpenAI batch request lines, `{custom_id, method, url, body}`: the row's id is custom_id, its content is
 * `{prompt, system?}`: the text of the one user message (or of `body.prompt`), and of the system message when there is one.
 * Model and parameters of the body are the task's business.
 */
import { isFields } from '../core/fields.js';
import type { RawFault, RawRow } from './raw-row.js';

interface BatchLine {
  custom_id: unknown;
  body: Record<string, unknown>;
}

export function isBatchLine(content: unknown): content is BatchLine & Record<string, unknown> {
  return isFields(content) && Object.hasOwn(content, 'custom_id') && Object.hasOwn(content, 'url') && isFields(content['body']);
}

function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content) || content.length === 0) return null;
  const parts = content.map((part) => (isFields(part) && part['type'] === 'text' ? part['text'] : null));
  return parts.every((part) => typeof part === 'string') ? parts.join('') : null;
}

export function batchRow(line: number, request: BatchLine, notes: Set<string>): RawRow | RawFault {
  const refuse = (found: string): RawFault => ({
    line,
    column: 1,
    fault: {
      code: 'E_SEED_FORMAT',
      found,
      allowed: 'batch lines of chat completions with one user message of text, and at most one system message before it',
      fix: 'write the row as {"id": ..., "prompt": ...}',
    },
  });
  const { body } = request;
  const unused = Object.keys(body).filter((name) => !['messages', 'prompt', 'model'].includes(name));
  notes.add('batch lines: the model is worker_model of the task, not the one in the lines');
  for (const name of unused.slice(0, 20))
    notes.add(`batch lines: ${name.slice(0, 40)} of the body is not used; the task decides it`);
  if (typeof body['prompt'] === 'string' && !Object.hasOwn(body, 'messages')) {
    return { line, id: request.custom_id, content: { prompt: body['prompt'] } };
  }
  const messages = body['messages'];
  if (!Array.isArray(messages)) return refuse('the body of the batch line has no messages');
  const read = messages.map((message) =>
    isFields(message) ? { role: message['role'], text: textOf(message['content']) } : null,
  );
  const user = read.at(-1);
  if (user?.role !== 'user' || user.text === null)
    return refuse('the last message of the batch line is not a user message of text');
  const before = read.slice(0, -1);
  if (before.length === 0) return { line, id: request.custom_id, content: { prompt: user.text } };
  const [system] = before;
  const isSystem = system?.role === 'system' || system?.role === 'developer';
  if (before.length > 1 || !isSystem || system.text === null)
    return refuse(`the batch line has ${messages.length} messages that are not one question`);
  notes.add('batch lines: their system message is {{system}} in the template; it is not sent by itself');
  return { line, id: request.custom_id, content: { prompt: user.text, system: system.text } };
}
