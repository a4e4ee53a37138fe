/** The message in the text of a body, also one that comes in pieces: the events of a stream that nobody asked for. */
import { type Fields, fieldsOf, isFields } from '../../../core/fields.js';
import { bodyValues } from '../../transport/body-values.js';
import type { BodyAnswer } from '../wire.js';
import { isMessage } from './read.js';

/** Fields of a delta that go on with what the block has. */
const GROWS: Readonly<Record<string, [from: string, to: string]>> = {
  text_delta: ['text', 'text'],
  thinking_delta: ['thinking', 'thinking'],
  signature_delta: ['signature', 'signature'],
  input_json_delta: ['partial_json', 'input'],
};

function grow(block: Fields, delta: Fields): void {
  const { type, citation } = delta;
  if (type === 'citations_delta' && citation !== undefined) {
    // In place: a list that is copied for each of its pieces takes minutes.
    if (Array.isArray(block['citations'])) block['citations'].push(citation);
    else block['citations'] = [citation];
  }
  const [from, to] = (typeof type === 'string' && GROWS[type]) || [];
  const more = from === undefined ? undefined : delta[from];
  if (to === undefined || typeof more !== 'string') return;
  // The arguments of a call begin as an empty object.
  block[to] = typeof block[to] === 'string' ? `${block[to]}${more}` : more;
}

/** The arguments of a call that came in pieces. */
function parsedInput(block: Fields): Fields {
  const { input } = block;
  if (typeof input !== 'string') return block;
  try {
    return { ...block, input: input === '' ? {} : JSON.parse(input) };
  } catch {
    return block;
  }
}

function isEvent(value: unknown): value is Fields {
  return isFields(value) && typeof value['type'] === 'string' && /^(?:message_|content_block_)/.test(value['type']);
}

/** The message that events make up; cut when they end before it does. */
function joined(events: readonly unknown[]): BodyAnswer {
  const message: Fields = {};
  const blocks: Fields[] = [];
  let usage: Fields | null = null;
  let isOver = false;
  for (const event of events.filter(isFields)) {
    const { type, index } = event;
    const at = typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < 10_000 ? index : blocks.length - 1;
    if (type === 'message_start') Object.assign(message, fieldsOf(event['message']));
    if (type === 'content_block_start') blocks[at] = { ...fieldsOf(event['content_block']) };
    if (type === 'content_block_delta') {
      blocks[at] ??= { type: 'text', text: '' };
      grow(blocks[at], fieldsOf(event['delta']));
    }
    if (type === 'message_delta') {
      Object.assign(message, fieldsOf(event['delta']));
      usage = isFields(event['usage']) ? event['usage'] : usage;
    }
    if (type === 'message_stop') isOver = true;
    if (isFields(event['error'])) message['error'] = event['error'];
  }
  const ended = isOver || typeof message['stop_reason'] === 'string' || message['error'] !== undefined;
  if (!ended) return { value: undefined, cut: true };
  // What the beginning says of the output is no more than its first token.
  const counts = usage === null ? null : { ...fieldsOf(message['usage']), ...known(usage) };
  return { value: { ...message, content: blocks.filter(isFields).map(parsedInput), usage: counts }, cut: false };
}

/** The last word on the counts may say nothing of some of them. */
function known(usage: Fields): Fields {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null && value !== undefined));
}

/** Of several values the one that is a message, else the one with an error. */
export function messageIn(body: string): BodyAnswer {
  const { values, isStream } = bodyValues(body);
  if (values.length === 0) return { value: undefined, cut: isStream };
  if (values.some(isEvent)) return joined(values);
  const value = values.find(isMessage) ?? values.find((one) => isFields(one) && 'error' in one);
  return { value: value ?? values[0], cut: false };
}
