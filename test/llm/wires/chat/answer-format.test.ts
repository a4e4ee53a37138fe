/** What a call with a schema sends to whom. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ModelAdapter } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import { chatAnswerFormat } from '../../../../src/llm/wires/chat/answer-format.js';
import { PROVIDERS } from '../../../../src/schema/providers.js';
import { type AnsweringServer, completion, json, startAnsweringServer } from '../../answering-server.js';
import { modelCall } from '../../model-call.js';

let server: AnsweringServer;
let adapter: ModelAdapter;
beforeAll(async () => {
  server = await startAnsweringServer();
  adapter = createSdkAdapter(ALL_WIRES);
});
beforeEach(() => {
  server.received.length = 0;
});
afterAll(async () => {
  await server.close();
  await adapter.close();
});

const schema = { type: 'object', properties: { a: { type: 'string' } } };
async function sent(provider: string, strict: boolean): Promise<unknown> {
  server.answer(json(completion()));
  const model = { provider, model: 'asked-1', apiBase: server.base, apiKeyEnv: null };
  const result = await adapter.call(modelCall(server.base, { model, answerSchema: { name: 'answer', schema, strict } }));
  expect(result.ok).toBe(true);
  return JSON.parse(server.received[0]?.body ?? '').response_format;
}

describe('call: an answer of a schema', () => {
  it.each(['openai', 'groq', 'xai', 'together', 'openrouter', 'mistral', 'vllm', 'llamacpp', 'sim'])(
    '%s -> response_format json_schema, strict as it is',
    async (provider) => {
      for (const strict of [true, false]) {
        server.received.length = 0;
        expect(await sent(provider, strict)).toEqual({ type: 'json_schema', json_schema: { name: 'answer', schema, strict } });
      }
    },
  );

  it('deepseek -> json_object; a server that nobody knows -> nothing; no schema -> nothing', async () => {
    expect(await sent('deepseek', true)).toEqual({ type: 'json_object' });
    server.received.length = 0;
    expect(await sent('127.0.0.1', true)).toBeUndefined();
    server.received.length = 0;
    server.answer(json(completion()));
    await adapter.call(modelCall(server.base, { answerSchema: null }));
    expect(server.received[0]?.body).not.toContain('response_format');
  });

  it('a bare model at the base of a known provider, or of Azure -> as that', () => {
    const at = (apiBase: string) =>
      chatAnswerFormat({ apiBase, model: { provider: new URL(apiBase).host, model: 'm', apiBase, apiKeyEnv: null } });
    expect(at(PROVIDERS['groq']?.apiBase ?? '')).toBe('schema');
    expect(at(PROVIDERS['deepseek']?.apiBase ?? '')).toBe('object');
    expect(at('https://mine.openai.azure.com/openai/v1')).toBe('schema');
    expect(at('https://llm.example.com/v1')).toBe('text');
  });
});
