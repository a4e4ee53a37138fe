import type { LanguageModelV3 } from '@ai-sdk/provider';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { userMessage } from '../../src/core/conversation/message.js';
import { isFields } from '../../src/core/fields.js';
import type { ModelAdapter } from '../../src/llm/port.js';
import { createSdkAdapter } from '../../src/llm/sdk-adapter.js';
import type { Wire } from '../../src/llm/wires/wire.js';
import { type AnsweringServer, json, startAnsweringServer } from './answering-server.js';
import { KEY, modelCall } from './model-call.js';

/** A wire like none of ours: its own path, header, body and words. */
const plainWire: Wire = {
  partsOf: null,
  answers: { many: 'sayings', one: 'a saying' },
  key: { header: 'x-own-key', value: (apiKey) => `own ${apiKey}` },
  model: (apiBase, model, send) => ({
    doGenerate: async ({ headers, maxOutputTokens }) => {
      const sent = headers as Record<string, string>;
      const body = JSON.stringify({ model, most: maxOutputTokens });
      return (await send(`${apiBase}/say`, { method: 'POST', headers: sent, body })) as never as ReturnType<
        LanguageModelV3['doGenerate']
      >;
    },
  }),
  answerIn(body) {
    if (body === 'half') return { value: undefined, cut: true };
    try {
      return { value: JSON.parse(body), cut: false };
    } catch {
      return { value: undefined, cut: false };
    }
  },
  read(call, _, value) {
    if (!isFields(value) || typeof value['said'] !== 'string') return null;
    const metered = { servedModel: call.model.model, usage: null, costUsd: null };
    return { ok: true, answer: value['said'], finish: 'stop', rawFinish: null, ...metered, requestId: 'from the body' };
  },
};

let server: AnsweringServer;
let adapter: ModelAdapter;

beforeAll(async () => {
  server = await startAnsweringServer();
  adapter = createSdkAdapter({ chat: async () => plainWire });
});
beforeEach(() => {
  server.received.length = 0;
});
afterAll(async () => {
  await server.close();
  await adapter.close();
});

describe('a wire of another API', () => {
  test('call: its request, its key header, which no header of the task takes; read by it, with what the headers tell', async () => {
    server.answer(json({ said: 'four' }, 200, { 'x-ratelimit-remaining-requests': '7', 'x-request-id': 'from the headers' }));
    const result = await adapter.call(modelCall(server.base, { headers: { 'X-Own-Key': 'mine', 'X-Title': 'mine' } }));
    expect(result).toMatchObject({
      ok: true,
      answer: 'four',
      requestId: 'from the headers',
      told: { requests: { remaining: 7 } },
    });
    const [request] = server.received;
    expect(request?.path).toBe('/v1/say');
    expect(JSON.parse(request?.body ?? '')).toEqual({ model: 'asked-1', most: 50 });
    expect(request?.headers).toMatchObject({ 'x-own-key': `own ${KEY}`, 'x-title': 'mine' });
    expect(request?.headers).not.toHaveProperty('authorization');
  });

  test('call: the key in the name of the model of an answer -> masked', async () => {
    const named = createSdkAdapter({
      chat: async () => ({
        ...plainWire,
        read: (call, facts, value) => {
          const result = plainWire.read(call, facts, value);
          return result?.ok ? { ...result, servedModel: `m-${KEY}` } : result;
        },
      }),
    });
    server.answer(json({ said: 'four' }));
    const result = await named.call(modelCall(server.base));
    await named.close();
    expect(result).toMatchObject({ ok: true, servedModel: 'm-[redacted]' });
  });

  test('a server that wants the key elsewhere -> there, and in no other header; no header of the task takes its place', async () => {
    const elsewhere = createSdkAdapter({
      chat: async () => ({ ...plainWire, keyAt: () => ({ header: 'api-key', value: (key: string) => key }) }),
    });
    server.answer(json({ said: 'four' }));
    await elsewhere.call(modelCall(server.base, { headers: { 'Api-Key': 'mine' } }));
    await elsewhere.close();
    expect(server.received[0]?.headers).toMatchObject({ 'api-key': KEY });
    expect(JSON.stringify(server.received[0]?.headers)).not.toContain('mine');
    expect(server.received[0]?.headers).not.toHaveProperty('x-own-key');
  });

  test('a refusal that the wire knows more of -> what it makes of it', async () => {
    const knowing = createSdkAdapter({
      chat: async () => ({ ...plainWire, refused: (failure) => ({ ...failure, message: `do this: ${failure.message}` }) }),
    });
    server.answer(json({ error: { message: 'no such path' } }, 404));
    expect(await knowing.call(modelCall(server.base))).toMatchObject({
      code: 'E_ENDPOINT',
      message: expect.stringMatching(/^do this: HTTP 404/),
    });
    await knowing.close();
  });

  test('no header names the request -> the name in the body', async () => {
    server.answer(json({ said: 'four' }));
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ requestId: 'from the body', told: null });
  });

  test('a success that is no answer -> said in its words: other JSON may be the address, half an answer is not', async () => {
    server.answer(json('{"x":1}'));
    const message = 'HTTP 200, the body is not a saying but other JSON: {"x":1}';
    const unreadable = { ok: false, code: 'E_CALL_BODY', mayHaveBeenBilled: true };
    expect(await adapter.call(modelCall(server.base))).toMatchObject({
      ...unreadable,
      message,
      suspect: 'address',
      wanted: 'sayings',
    });
    server.answer(json('half'));
    const cut = await adapter.call(modelCall(server.base));
    expect(cut).toMatchObject({ ...unreadable, message: 'HTTP 200, the answer was cut: an event stream that ends too early' });
    expect(cut).not.toHaveProperty('suspect');
  });

  test('404 -> refused, in its words', async () => {
    server.answer(json({ error: { message: 'no such path' } }, 404));
    const message = 'HTTP 404: no sayings at this address, check worker_api_base: no such path';
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: false, code: 'E_ENDPOINT', message });
  });

  test('400 of a field that the call sends -> the key of the task, by its sentence alone; of one that it does not send -> none', async () => {
    server.answer(
      json(
        { type: 'error', error: { type: 'invalid_request_error', message: '`temperature` is deprecated for this model.' } },
        400,
      ),
    );
    const sent = await adapter.call(modelCall(server.base, { settings: { temperature: 0.2, topP: null } }));
    expect(sent).toMatchObject({
      code: 'E_MODEL_PARAM',
      refusal: { kind: 'request', of: 'field' },
      field: { key: 'temperature', name: 'temperature', sure: false },
      message:
        'HTTP 400: temperature is refused, change it in the task or take it out: `temperature` is deprecated for this model.',
    });
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ code: 'E_REQUEST_REFUSED', suspect: 'request' });
  });

  test('a provider that repeats the prompt -> nothing of it in the failure, and what it says is not taken for the provider', async () => {
    const row = 'The `temperature` parameter is not supported, and my insufficient balance is a secret of mine.';
    const call = modelCall(server.base, {
      settings: { temperature: 0.2, topP: null },
      messages: [userMessage(`Translate: ${row}`)],
    });
    for (const body of [
      { error: { message: `cannot parse "${row}"` } },
      { detail: [{ loc: ['body'], msg: `bad text: ${row}`, input: row }] },
    ]) {
      server.answer(json(body, 400));
      const result = await adapter.call(call);
      expect(result).toMatchObject({ code: 'E_REQUEST_REFUSED', message: expect.stringContaining('[...]') });
      expect(JSON.stringify(result)).not.toMatch(/temperature|balance|secret/);
    }
    server.answer(json({ you: `said ${row}` }));
    expect(JSON.stringify(await adapter.call(call))).not.toMatch(/balance|secret/);
  });

  test('the connection ends otherwise than it should, its answer is whole -> read', async () => {
    const body = '{"said":"four"}';
    server.answer((_, response, socket) => {
      response.writeHead(200, { 'content-length': body.length + 10 });
      response.write(body, () => socket.destroy());
    });
    expect(await adapter.call(modelCall(server.base))).toMatchObject({ ok: true, answer: 'four' });
  });

  test('call: what came is nested too deep for the reader -> a failed call that may have been billed, nothing thrown', async () => {
    const deep: Wire = {
      ...plainWire,
      read: () => {
        throw new RangeError('Maximum call stack size exceeded');
      },
    };
    const own = createSdkAdapter({ chat: async () => deep });
    server.answer(json({ said: 'four' }));
    const result = await own.call(modelCall(server.base));
    expect(result).toMatchObject({ ok: false, code: 'E_CALL_UNEXPECTED', mayHaveBeenBilled: true });
    await own.close();
  });

  test('call: a wire that cannot be loaded -> the request is refused here, and nothing is sent', async () => {
    const own = createSdkAdapter({ chat: () => Promise.reject(new Error("Cannot find package '@ai-sdk/x'\nat somewhere")) });
    const result = await own.call(modelCall(server.base));
    expect(result).toMatchObject({ ok: false, code: 'E_REQUEST_REFUSED', mayHaveBeenBilled: false });
    expect((result as { message: string }).message).toBe(
      "the chat wire cannot be loaded, install durable-swarm again: Cannot find package '@ai-sdk/x'",
    );
    expect(server.received).toEqual([]);
    await own.close();
  });
});
