import { describe, expect, it } from 'vitest';
import { answer, identify } from '../../src/simulator/answer.js';
import { readDirectives } from '../../src/simulator/directives.js';
import { FAULTS } from '../../src/simulator/faults.js';
import { withDefaults } from '../../src/simulator/options.js';
import { startSimulator } from '../../src/simulator/server.js';
import { chatWire } from '../../src/simulator/wires/chat.js';
import { responsesWire } from '../../src/simulator/wires/responses.js';
import type { SimulatedWire } from '../../src/simulator/wires/wire.js';

const settings = withDefaults({ answerTokens: { kind: 'fixed', value: 12 }, reasoningTokens: 6 });
const ENCRYPTED = ['reasoning.encrypted_content'];
const user = (text: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
const body = (more: object) => JSON.stringify({ model: 'm', input: 'hi', store: false, ...more });

function read(more: object) {
  return responsesWire.read(body(more), '/v1/responses', {});
}

function said(text: string, fault?: string, wire: SimulatedWire = responsesWire): { type: string; body: string } {
  const request = wire.read(text, '', {});
  if (typeof request === 'string') throw new Error(request);
  const completion = answer(settings, request, identify('s', request), readDirectives(request));
  const kind = fault === undefined ? undefined : FAULTS[fault];
  if (kind?.kind === 'alter') kind.alter(completion, request);
  return wire.answer(completion, request);
}

type Item = Record<string, unknown> & { type: string; content: Record<string, unknown>[] };
function answered(more: object, fault?: string): Record<string, unknown> & { output: Item[] } {
  return JSON.parse(said(body(more), fault).body) as Record<string, unknown> & { output: Item[] };
}

describe('requests', () => {
  const thoughts = answered({ include: ENCRYPTED }).output[0];
  const says = answered({}).output[1];
  const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' };
  const result = { type: 'function_call_output', call_id: 'c', output: 'r' };

  it.each<[string, object, string]>([
    ['another field', { max_tokens: 50 }, "Unknown parameter: 'max_tokens'."],
    ['no model', { model: '' }, "Missing required parameter: 'model'."],
    ['no input', { input: [] }, "Missing required parameter: 'input'."],
    ['a limit below 16', { max_output_tokens: 15 }, 'Expected a value >= 16, but got 15 instead.'],
    ['a limit that is no number', { max_output_tokens: '50' }, "Invalid type for 'max_output_tokens'"],
    ['a part of another wire', { input: [{ role: 'user', content: [{ type: 'text', text: 'a' }] }] }, "Invalid value: 'text'."],
    ['an unknown role', { input: [{ role: 'tool', content: 'a' }] }, "Invalid value: 'tool'."],
    ['an unknown item', { input: [{ type: 'thinking' }] }, "Invalid value: 'thinking'."],
    ['an item that it does not keep', { input: [{ type: 'item_reference', id: 'rs_1' }] }, "Item with id 'rs_1' not found."],
    [
      'thoughts that are not encrypted',
      { input: [{ ...thoughts, encrypted_content: null }, says] },
      'not found. Items are not persisted',
    ],
    ['thoughts that were changed', { input: [{ ...thoughts, encrypted_content: 'sim-1-2' }, says] }, 'could not be verified'],
    ['thoughts under another id', { input: [{ ...thoughts, id: 'rs_2' }, says] }, 'could not be verified'],
    ['thoughts without what followed', { input: [thoughts, user('q')] }, 'without its required following item'],
    ['thoughts at the end', { input: [user('q'), thoughts] }, 'without its required following item'],
    ['a message without its thoughts', { input: [user('q'), says] }, "without its required 'reasoning' item"],
    ['a result without its call', { input: [user('q'), result] }, 'No tool call found for function call output with call_id c.'],
    ['a call without its result', { input: [user('q'), call] }, 'No tool output found for function call c.'],
    [
      'thoughts of a model without any',
      { model: 'gpt-4o', include: ENCRYPTED },
      'Encrypted content is not supported with this model.',
    ],
  ])('read: %s -> refused in the words of the API', (_, more, text) => {
    expect(read(more)).toContain(text);
  });

  it('read: no JSON, a list -> refused', () => {
    expect(responsesWire.read('{', '', {})).toContain('could not parse');
    expect(responsesWire.read('[]', '', {})).toContain('must be a JSON object');
  });

  it('read: a conversation -> messages as the chat wire has them, so that the answers are the same', () => {
    const request = read({
      instructions: 'Be short.',
      input: [
        { type: 'message', role: 'developer', content: 'More.' },
        user('q'),
        thoughts,
        says,
        call,
        result,
        { role: 'assistant', content: 'So.' },
        user('more'),
      ],
      max_output_tokens: 50,
    });
    const text = String(says?.content[0]?.['text']);
    expect(request).toMatchObject({
      maxTokens: 50,
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'system', content: 'More.' },
        { role: 'user', content: 'q' },
        { role: 'assistant', content: text },
        { role: 'tool', content: 'r' },
        { role: 'assistant', content: 'So.' },
        { role: 'user', content: 'more' },
      ],
    });
  });
});

describe('answers', () => {
  it('answer: the same question on both wires -> the same text and tokens', () => {
    const chat = JSON.parse(
      said(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }), undefined, chatWire).body,
    );
    const mine = answered({});
    expect(mine.output[1]?.content[0]?.['text']).toBe(chat.choices[0].message.content);
    expect(mine['usage']).toMatchObject({
      input_tokens: chat.usage.prompt_tokens,
      output_tokens: chat.usage.completion_tokens,
      output_tokens_details: { reasoning_tokens: 6 },
    });
  });

  it('answer: thoughts -> encrypted and summed up only where asked for', () => {
    expect(answered({}).output[0]).toMatchObject({ type: 'reasoning', summary: [], encrypted_content: null });
    const [thoughts] = answered({ include: ENCRYPTED, reasoning: { summary: 'auto' } }).output;
    expect(thoughts?.['summary']).toHaveLength(2);
    expect(thoughts?.['encrypted_content']).toMatch(/^sim-/);
  });

  it.each<[string, object]>([
    ['length', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }],
    ['filter', { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }],
    ['finish_unknown', { status: 'incomplete', incomplete_details: { reason: 'paused_for_tea' } }],
    ['finish_error', { status: 'failed', error: { code: 'server_error' } }],
    ['unfinished', { status: 'in_progress', output: [] }],
    ['error_midway', { status: 'failed', error: { code: 'server_error' }, output: [{}, {}] }],
    ['window_full', { status: 'incomplete', incomplete_details: { reason: 'model_context_window_exceeded' } }],
    ['empty', { status: 'completed', output: [] }],
    ['refusal', { status: 'completed', output: [{}, { content: [{ type: 'refusal' }] }] }],
    ['other_model', { model: 'm-next' }],
  ])('answer: fault %s -> as this API says it', (fault, expected) => {
    expect(answered({}, fault)).toMatchObject(expected);
  });

  it('answer: fault no_usage -> none', () => {
    expect(answered({}, 'no_usage')).not.toHaveProperty('usage');
  });

  it('answer: no thinking asked for -> none; fault unasked_stream -> the events of a stream', () => {
    expect(answered({ reasoning: { effort: 'none' } }).output.map(({ type }) => type)).toEqual(['message']);
    expect(said(body({}), 'unasked_stream')).toEqual(said(body({ stream: true })));
  });

  it('answer: a stream -> events in order, the whole response in the last one', () => {
    const { type, body: text } = said(body({ stream: true }));
    expect(type).toBe('text/event-stream');
    const events = text
      .trimEnd()
      .split('\n\n')
      .map((event) => JSON.parse(event.replace(/^event: .*\ndata: /, '')) as Record<string, unknown>);
    expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, at) => at));
    expect(events[0]).toMatchObject({ type: 'response.created', response: { status: 'in_progress', output: [] } });
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: answered({}) });
    const deltas = events.filter((event) => event['type'] === 'response.output_text.delta').map(({ delta }) => delta);
    expect(deltas.join('')).toBe(answered({}).output[1]?.content[0]?.['text']);
  });
});

it('simulator: this wire alone -> its requests and its list of models, no others', async () => {
  const simulator = await startSimulator({ wire: 'responses', models: ['a'], latency: { kind: 'fixed', value: 0 } });
  const post = (path: string) =>
    fetch(`http://127.0.0.1:${simulator.port}${path}`, { method: 'POST', body: body({ model: 'a' }) });
  expect(simulator.url).toBe(simulator.urlOf('responses'));
  expect((await post('/v1/responses')).status).toBe(200);
  expect((await post('/v1/chat/completions')).status).toBe(404);
  expect(await (await fetch(`${simulator.url}/models`)).json()).toMatchObject({ data: [{ id: 'a' }] });
  await simulator.close();
});
