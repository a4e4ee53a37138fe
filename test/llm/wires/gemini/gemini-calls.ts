/** Calls of the Gemini wire, to a server whose answers a test writes by hand. */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { CallFailure } from '../../../../src/core/call-failure.js';
import type { ModelAdapter, ModelCall, ModelReply } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import type { RequestSettings } from '../../../../src/schema/task-types.js';
import { type AnsweringServer, json, type Received, startAnsweringServer } from '../../answering-server.js';
import { modelCall } from '../../model-call.js';

export const MODEL = 'gemini-3.5-flash';

/** A call as `modelCall`, of this wire. */
export function geminiCall(base: string, more: Partial<ModelCall> = {}): ModelCall {
  const model = { provider: 'gemini', model: MODEL, wire: 'gemini' as const, apiBase: base, apiKeyEnv: 'A_KEY' };
  return modelCall(base, { model, ...more });
}

/** An answer as the API writes it, with some fields replaced. */
export function answer(
  parts: unknown = [{ text: 'four' }],
  more: Record<string, unknown> = {},
  finish: unknown = 'STOP',
): Record<string, unknown> {
  return {
    candidates: [{ content: { parts, role: 'model' }, finishReason: finish, index: 0 }],
    usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 3, totalTokenCount: 14 },
    modelVersion: 'served-1',
    responseId: 'r-1',
    ...more,
  };
}

/** Starts and ends a server and an adapter with the tests of a file. */
export function geminiServer() {
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
  const base = () => `${new URL(server.base).origin}/v1beta`;

  async function result(body: unknown, more: Partial<ModelCall> = {}, status = 200) {
    server.answer(json(body, status));
    return await adapter.call(geminiCall(base(), more));
  }
  return {
    server: () => server,
    adapter: () => adapter,
    base,
    result,
    /** What came of this body. */
    async reply(body: unknown, more: Partial<ModelCall> = {}): Promise<ModelReply> {
      const reply = await result(body, more);
      if (!reply.ok) throw new Error(`${reply.code} ${reply.message}`);
      return reply;
    },
    async failure(body: unknown, status = 200): Promise<CallFailure> {
      const failure = await result(body, {}, status);
      if (failure.ok) throw new Error('an answer');
      return failure;
    },
    /** The request of a call, and its body as parsed. */
    async sent(more: Partial<ModelCall> = {}, base_ = base()): Promise<Received & { json: Record<string, unknown> }> {
      server.received.length = 0;
      server.answer(json(answer()));
      await adapter.call(geminiCall(base_, more));
      const [request] = server.received;
      if (request === undefined) throw new Error('no request');
      return { ...request, json: JSON.parse(request.body) as Record<string, unknown> };
    },
  };
}

/** Settings with nothing written but these. */
export function settings(more: Partial<RequestSettings> = {}): RequestSettings {
  return { temperature: null, topP: null, ...more };
}
