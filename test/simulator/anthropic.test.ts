import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';

let simulator: Simulator;
let base: string;

beforeAll(async () => {
  simulator = await startSimulator({
    latency: { kind: 'fixed', value: 0 },
    reasoningTokens: 5,
    rpm: 60_000,
    models: ['m', 'sim-small'],
  });
  base = simulator.urlOf('anthropic');
});
afterAll(() => simulator.close());

const VERSION = { 'anthropic-version': '2023-06-01' };
type Fields = Record<string, unknown>;

async function post(body: unknown, headers: Record<string, string> = VERSION) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${base}/messages`, { method: 'POST', headers, body: text });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const user = (...content: unknown[]) => ({ role: 'user', content });
const said = (...content: unknown[]) => ({ role: 'assistant', content });
const text = (words: string) => ({ type: 'text', text: words });
const ask = (more: Fields = {}) => ({ model: 'm', max_tokens: 100, messages: [user(text('hello'))], ...more });

async function answered(more: Fields = {}) {
  const { status, text: body } = await post(ask(more));
  expect([status, status === 200 ? '' : body]).toEqual([200, '']);
  return JSON.parse(body) as { content: Fields[]; usage: Fields; stop_reason: string; type: string };
}

describe('anthropic wire', () => {
  it('messages: a request -> a message with thoughts that are signed, counts and limits in its own names', async () => {
    const { headers, text: body } = await post(ask());
    expect(JSON.parse(body)).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [{ type: 'thinking', signature: expect.stringMatching(/./) }, { type: 'text' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 6, cache_read_input_tokens: 0, output_tokens_details: { thinking_tokens: 5 } },
    });
    expect(headers.get('anthropic-ratelimit-requests-limit')).toBe('60000');
    expect(Date.parse(headers.get('anthropic-ratelimit-requests-reset') ?? '')).toBeGreaterThan(0);
    expect(headers.get('x-ratelimit-limit-requests')).toBeNull();
    expect((await post(ask())).text).toBe(body);
  });

  it('messages: thinking that is switched off -> none', async () => {
    const { content, usage } = await answered({ thinking: { type: 'disabled' } });
    expect(content.map(({ type }) => type)).toEqual(['text']);
    expect(usage).not.toHaveProperty('output_tokens_details');
  });

  it('messages: as a stream -> its events make up the same message', async () => {
    const { content } = await answered();
    const { headers, text: body } = await post(ask({ stream: true }));
    expect(headers.get('content-type')).toBe('text/event-stream');
    const events = [...body.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as Fields & { delta?: Fields });
    expect(events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1])).toEqual([
      ...['message_start', 'ping', 'content_block_start', 'content_block_delta', 'content_block_stop'],
      ...['content_block_start', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop'],
    ]);
    const joined = events.map(({ delta }) => delta?.['text'] ?? '').join('');
    expect(joined).toBe(content[1]?.['text']);
  });

  it('models: asked as this API wants it -> its own list; otherwise that of the chat wire', async () => {
    const list = async (headers: Record<string, string>) => (await fetch(`${base}/models`, { headers })).json();
    expect(await list(VERSION)).toMatchObject({ data: [{ type: 'model', id: 'm' }, { id: 'sim-small' }], has_more: false });
    expect(await list({})).toMatchObject({ object: 'list' });
  });

  it('messages: everything that may come back -> taken', async () => {
    const { content } = await answered();
    const searched = await answered({ messages: [user(text('[[sim fault=web_search]]'))] });
    const failed = await answered({ messages: [user(text('[[sim fault=web_search_error]]'))] });
    const redacted = await answered({ messages: [user(text('[[sim fault=redacted_thinking]]'))] });
    const call = { type: 'tool_use', id: 'c1', name: 'look', input: {} };
    const result = { type: 'tool_result', tool_use_id: 'c1', content: 'found', is_error: true };
    await answered({
      system: [{ ...text('s'), cache_control: { type: 'ephemeral' } }],
      messages: [
        user(text('a')),
        said(...content),
        user(text('b')),
        said(...searched.content, ...failed.content),
        user(text('c')),
        said(...redacted.content, call),
        user(result),
      ],
      thinking: { type: 'enabled', budget_tokens: 1_024 },
      max_tokens: 2_000,
      temperature: 1,
      output_config: { effort: 'low' },
    });
  });

  const thinking = { type: 'thinking', thinking: 'x', signature: 'made up' };
  const call = { type: 'tool_use', id: 'c1', name: 'look', input: {} };
  const mark = { cache_control: { type: 'ephemeral' } };
  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /not valid JSON/],
    ['a list', [], /model: Field required/],
    ['no model', ask({ model: undefined }), /model: Field required/],
    ['no limit', ask({ max_tokens: undefined }), /max_tokens: Field required/],
    ['a limit of none', ask({ max_tokens: 0 }), /max_tokens: Input should be/],
    ['a field of another API', ask({ seed: 1 }), /seed: Extra inputs are not permitted/],
    ['no messages', ask({ messages: [] }), /at least one message/],
    ['a system message among them', ask({ messages: [{ role: 'system', content: 'x' }] }), /Unexpected role "system"/],
    ['a message of nothing', ask({ messages: [user()] }), /non-empty content/],
    ['an odd field of a message', ask({ messages: [{ ...user(text('a')), name: 'x' }] }), /messages.0.name: Extra inputs/],
    ['empty text', ask({ messages: [user(text(''))] }), /must be non-empty/],
    ['text of blanks', ask({ messages: [user(text('a')), said(text(' \n')), user(text('b'))] }), /non-whitespace/],
    ['blanks at the end', ask({ messages: [user(text('a')), said(text('b '))] }), /trailing whitespace/],
    ['a block of the other side', ask({ messages: [user(thinking)] }), /Input tag 'thinking'/],
    ['an odd field of a block', ask({ messages: [user({ ...text('a'), id: 1 })] }), /messages.0.content.0.text.id: Extra inputs/],
    [
      'a made up signature',
      ask({ messages: [user(text('a')), said(thinking, text('b')), user(text('c'))] }),
      /Invalid `signature`/,
    ],
    [
      'no signature',
      ask({ messages: [user(text('a')), said({ type: 'thinking', thinking: 'x' }), user(text('c'))] }),
      /messages.1.content.0.thinking.signature: Field required/,
    ],
    [
      'made up data',
      ask({ messages: [user(text('a')), said({ type: 'redacted_thinking', data: 'x' }), user(text('c'))] }),
      /Invalid `data`/,
    ],
    [
      'a call without its result',
      ask({ messages: [user(text('a')), said(call), user(text('c'))] }),
      /`tool_use` ids were found without/,
    ],
    [
      'a result without its call',
      ask({ messages: [user({ type: 'tool_result', tool_use_id: 'c9', content: 'x' })] }),
      /unexpected `tool_use_id` found in `tool_result` blocks: c9/,
    ],
    ['arguments that are a text', ask({ messages: [user(text('a')), said({ ...call, input: '{}' })] }), /valid dictionary/],
    [
      'five marks',
      ask({ messages: [user(...Array.from({ length: 5 }, () => ({ ...text('a'), ...mark })))] }),
      /maximum of 4 blocks/,
    ],
    ['a warm temperature', ask({ temperature: 1.2 }), /temperature: range: 0..1/],
    [
      'a cold one with thinking',
      ask({ temperature: 0, thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 2_000 }),
      /only be set to 1/,
    ],
    ['a budget above the limit', ask({ thinking: { type: 'enabled', budget_tokens: 2_000 } }), /must be greater than/],
    ['a small budget', ask({ thinking: { type: 'enabled', budget_tokens: 5 } }), /greater than or equal to 1024/],
    ['an effort that is none', ask({ output_config: { effort: 'none' } }), /output_config.effort/],
  ])('messages: %s -> 400 in its own words', async (_, body, said400) => {
    const { status, text: answer } = await post(body);
    const { type, error } = JSON.parse(answer) as { type: string; error: { type: string; message: string } };
    expect({ status, type, kind: error.type }).toEqual({ status: 400, type: 'error', kind: 'invalid_request_error' });
    expect(error.message).toMatch(said400);
  });

  it('messages: no version -> 400', async () => {
    expect(await post(ask(), {})).toMatchObject({
      status: 400,
      text: expect.stringContaining('anthropic-version: header is required'),
    });
  });

  it.each([
    ['429', 429, 'rate_limit_error'],
    ['529', 529, 'overloaded_error'],
    ['402', 402, 'billing_error'],
    ['credit_balance_exhausted', 429, 'billing_error'],
    ['500', 500, 'api_error'],
    ['413', 413, 'request_too_large'],
  ])('messages: fault %s -> %i %s', async (name, status, type) => {
    const answer = await post(ask({ messages: [user(text(`[[sim fault=${name}]]`))] }));
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ type: 'error', error: { type }, request_id: expect.any(String) });
  });

  it('messages: the monthly limit, another model -> said as the API does', async () => {
    const spent = await post(ask({ messages: [user(text('[[sim fault=enforced_spend_limit]]'))] }));
    expect(JSON.parse(spent.text)).toMatchObject({ error: { details: { error_code: 'enforced_spend_limit_reached' } } });
    expect(spent.headers.get('retry-after')).toBeNull();
    expect(await post(ask({ model: 'other' }))).toMatchObject({ status: 404, text: expect.stringContaining('not_found_error') });
  });
});
