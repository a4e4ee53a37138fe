/** A message of the Anthropic wire as the events of a stream (platform.claude.com/docs/en/build-with-claude/streaming, November 2026). */
import { type Fields, fieldsOf } from '../../core/fields.js';

type Event = Fields & { type: string };

/** A block that begins, and what makes it whole. Those that this does not name come in one piece. */
function piecesOf(block: Fields): { start: Fields; deltas: Fields[] } {
  const { type, text, thinking, signature, input, citations } = block;
  if (type === 'text') {
    const pieces = String(text).match(/(?:\S+\s*){1,8}/g) ?? [String(text)];
    const sources = Array.isArray(citations) ? citations.map((citation) => ({ type: 'citations_delta', citation })) : [];
    return { start: { type, text: '' }, deltas: [...sources, ...pieces.map((piece) => ({ type: 'text_delta', text: piece }))] };
  }
  if (type === 'thinking') {
    const said = thinking === '' ? [] : [{ type: 'thinking_delta', thinking }];
    return { start: { type, thinking: '', signature: '' }, deltas: [...said, { type: 'signature_delta', signature }] };
  }
  if (type === 'tool_use' || type === 'server_tool_use') {
    const json = JSON.stringify(input);
    const halves = [json.slice(0, 5), json.slice(5)];
    const deltas = halves.map((partial) => ({ type: 'input_json_delta', partial_json: partial }));
    return { start: { ...block, input: {} }, deltas };
  }
  return { start: block, deltas: [] };
}

function blockEvents(block: Fields, index: number): Event[] {
  const { start, deltas } = piecesOf(block);
  return [
    { type: 'content_block_start', index, content_block: start },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

/** `failure`: text of an error in place of the ending. */
export function messageEvents(message: Fields, failure: string | undefined): string {
  const { content, stop_reason: stopReason, stop_sequence: stopSequence, usage, ...head } = message;
  const began = usage === undefined ? {} : { usage: { ...fieldsOf(usage), output_tokens: 1 } };
  const ended = { type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: stopSequence } };
  const events: Event[] = [
    { type: 'message_start', message: { ...head, content: [], stop_reason: null, stop_sequence: null, ...began } },
    { type: 'ping' },
    ...(content as Fields[]).flatMap(blockEvents),
    ...(failure === undefined
      ? [{ ...ended, ...(usage === undefined ? {} : { usage }) }, { type: 'message_stop' }]
      : [{ type: 'error', error: { type: 'api_error', message: failure } }]),
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}
