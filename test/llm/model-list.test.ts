import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ModelList } from '../../src/core/model-list.js';
import { NO_PROXIES } from '../../src/core/proxy.js';
import { type ListedEndpoint, listModels } from '../../src/llm/model-list.js';
import { ALL_WIRES, type Wires } from '../../src/llm/wires/all-wires.js';
import { chatWire } from '../../src/llm/wires/chat/chat-wire.js';
import { WIRE_NAMES, type WireName } from '../../src/schema/wires.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { type AnsweringServer, json, startAnsweringServer } from './answering-server.js';
import { KEY } from './model-call.js';

let server: AnsweringServer;
let origin: string;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startAnsweringServer();
  origin = new URL(server.base).origin;
});
beforeEach(() => {
  server.received.length = 0;
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
afterAll(() => server.close());

/** Wires by the headers of their keys, whether they are spoken yet or not. */
const KEYS: Record<WireName, string> = {
  chat: 'authorization',
  responses: 'authorization',
  anthropic: 'x-api-key',
  gemini: 'x-goog-api-key',
  ollama: 'authorization',
};
const wires: Wires = Object.fromEntries(
  WIRE_NAMES.map((name) => [name, async () => ({ ...chatWire, key: { header: KEYS[name], value: (key: string) => key } })]),
);

function list(more: Partial<ListedEndpoint> = {}, of: Wires = wires): Promise<ModelList> {
  return listModels(of, { wire: 'chat', apiBase: server.base, apiKey: KEY, headers: {}, ...more }, NO_PROXIES);
}

describe('request', () => {
  it.each<[WireName, string, string]>([
    ['chat', '/v1', '/v1/models'],
    ['responses', '/openai/v1?api-version=1', '/openai/v1/models?api-version=1'],
    ['anthropic', '/v1', '/v1/models?limit=1000'],
    ['gemini', '/v1beta', '/v1beta/models?pageSize=1000'],
    ['ollama', '', '/api/tags'],
  ])('listModels: %s -> its path, its key in its own header alone, once', async (wire, base, path) => {
    server.answer(json({ data: [] }));
    const headers = { 'X-Team': 'a', [KEYS[wire].toUpperCase()]: 'other', Authorization: 'other' };
    await list({ wire, apiBase: `${origin}${base}`, headers });
    expect(server.received).toHaveLength(1);
    const [request] = server.received;
    expect(request?.path).toBe(path);
    expect(request?.body).toBe('');
    expect(request?.headers).toMatchObject({ [KEYS[wire]]: KEY, 'x-team': 'a' });
    expect(Object.entries(request?.headers ?? {}).filter(([, value]) => value === KEY)).toHaveLength(1);
    expect(request?.headers['anthropic-version']).toBe(wire === 'anthropic' ? '2023-06-01' : undefined);
  });

  it('listModels: names with the key or control characters in them -> without', async () => {
    server.answer(json({ data: [{ id: `m-${KEY}` }, { id: 'm\u001b[31m\u202e-2' }] }));
    expect(await list()).toMatchObject({ names: ['m-[redacted]', 'm-2'] });
  });

  it('listModels: no key -> none is sent', async () => {
    server.answer(json({ data: [] }));
    await list({ apiKey: null });
    expect(server.received[0]?.headers).not.toHaveProperty('authorization');
  });

  it('listModels: a wire that is not spoken -> said, and nothing is sent', async () => {
    expect(await list({ wire: 'ollama' }, {})).toEqual({ why: 'the wire ollama is not spoken here' });
    expect(server.received).toHaveLength(0);
  });
});

describe('answers', () => {
  it.each<[string, unknown, string[], boolean]>([
    ['OpenAI', { object: 'list', data: [{ id: 'a' }, { id: 'b' }] }, ['a', 'b'], false],
    ['OpenRouter: a name for people beside', { data: [{ id: 'x/a', name: 'X: A' }] }, ['x/a'], false],
    ['Mistral: other names', { data: [{ id: 'a-2411', aliases: ['a-latest', 7] }] }, ['a-2411', 'a-latest'], false],
    ['Together: a bare list', [{ id: 'a' }, { id: 'b' }], ['a', 'b'], false],
    ['Anthropic', { data: [{ type: 'model', id: 'a' }], has_more: false }, ['a'], false],
    ['Anthropic, more', { data: [{ id: 'a' }], has_more: true }, ['a'], true],
    ['Gemini', { models: [{ name: 'models/a', displayName: 'A' }] }, ['a'], false],
    ['Gemini, more', { models: [{ name: 'models/a' }], nextPageToken: 'n' }, ['a'], true],
    ['Ollama', { models: [{ name: 'a:latest', model: 'a:latest' }] }, ['a:latest'], false],
    ['Ollama without any', { models: [] }, [], false],
    ['none', { data: [] }, [], false],
    ['odd entries', { data: [null, 7, {}, { id: '' }, { id: 'a' }, { id: 'a' }] }, ['a'], false],
  ])('listModels: %s -> the names', async (_, body, names, more) => {
    server.answer(json(body));
    expect(await list()).toEqual({ names, more });
  });

  it.each<[string, unknown, number, string | null, string]>([
    ['no such route', { error: 'x' }, 404, KEY, 'it has none (HTTP 404)'],
    ['a wrong key', { error: 'x' }, 401, KEY, 'it refuses the key (HTTP 401)'],
    ['no key', { error: 'x' }, 401, null, 'it wants a key (HTTP 401)'],
    ['a fault', 'x', 500, KEY, 'it answered HTTP 500'],
    ['a redirect, which is not followed', '', 302, KEY, 'it answered HTTP 302'],
    ['a page', '<html></html>', 200, KEY, 'its answer is no list of models'],
    ['an error in a success', { error: { message: 'x' } }, 200, KEY, 'its answer is no list of models'],
    ['nothing', '', 200, KEY, 'its answer is no list of models'],
    ['a list of other things', { data: ['a', 'b'] }, 200, KEY, 'its answer is no list of models'],
  ])('listModels: %s -> why there is none, nothing of the answer in it', async (_, body, status, apiKey, why) => {
    server.answer(json(body, status));
    expect(await list({ apiKey })).toEqual({ why });
  });

  it('listModels: nobody there, a connection that ends, a header that HTTP does not allow -> why', async () => {
    expect(await list({ apiBase: 'http://127.0.0.1:9/v1' })).toEqual({
      why: 'no connection to 127.0.0.1:9: nothing accepts connections there (ECONNREFUSED)',
    });
    server.answer((_, __, socket) => socket.destroy());
    expect(await list()).toMatchObject({ why: expect.stringContaining('the connection ended') });
    expect(await list({ headers: { 'x-a': 'b\r\nc: d' } })).toHaveProperty('why');
  });

  it('listModels: one that does not answer -> 5 s at most', async () => {
    server.answer(() => {});
    const begun = performance.now();
    expect(await list()).toEqual({ why: 'no answer within 5 s' });
    expect(performance.now() - begun).toBeLessThan(6_000);
  });
});

it.each(Object.keys(ALL_WIRES) as WireName[])('listModels: the simulated provider over %s -> its models', async (wire) => {
  const simulator: Simulator = await startSimulator({ models: ['a', 'b'], wire });
  cleanups.push(() => simulator.close());
  expect(await list({ wire, apiBase: simulator.urlOf(wire), apiKey: null }, ALL_WIRES)).toEqual({
    names: ['a', 'b'],
    more: false,
  });
});
