/** A call with a schema over each wire, at a server that is as strict as the API: it is taken, and answered by what meets the schema. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerFormOf } from '../../../src/answers/answer-form.js';
import { answerNotes } from '../../../src/core/conversation/answer-form.js';
import { answerText, userMessage } from '../../../src/core/conversation/message.js';
import type { ModelAdapter } from '../../../src/llm/port.js';
import { createSdkAdapter } from '../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../src/llm/wires/all-wires.js';
import type { WireName } from '../../../src/schema/wires.js';
import { type Simulator, startSimulator } from '../../../src/simulator/server.js';
import { aTask } from '../../activities/turn-setup.js';
import { json, startAnsweringServer } from '../answering-server.js';
import { modelCall } from '../model-call.js';

let simulator: Simulator;
let adapter: ModelAdapter;
beforeAll(async () => {
  simulator = await startSimulator();
  adapter = createSdkAdapter(ALL_WIRES);
});
afterAll(async () => {
  await adapter.close();
  await simulator.close();
});

const task = aTask({
  outputSchema: {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 2, maxLength: 40 },
      when: { type: ['string', 'null'], format: 'date' },
      parts: { type: 'array', items: { $ref: '#/$defs/part' }, maxItems: 4 },
    },
    required: ['name', 'when', 'parts'],
    additionalProperties: false,
    $defs: {
      part: { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'], additionalProperties: false },
    },
  },
});

describe.each(Object.keys(ALL_WIRES) as WireName[])('%s', (wire) => {
  it('a call with a schema -> is taken; its answer meets the schema', async () => {
    const form = answerFormOf(task);
    const apiBase = simulator.urlOf(wire);
    const result = await adapter.call(
      modelCall(apiBase, {
        model: { provider: 'sim', model: 'm', apiBase, apiKeyEnv: null, wire },
        messages: [{ role: 'system', text: answerNotes(task) }, userMessage('row')],
        answerSchema: form.sent(wire),
        maxTokens: 2_000,
      }),
    );
    if (!result.ok) throw new Error(`${result.code} ${result.message}`);
    expect(form.sent(wire)).not.toBeNull();
    expect(await form.check(answerText(result.answer), result.finish === 'length')).toMatchObject({ ok: true });
  });
});

describe('anthropic, a model that keeps to no schema otherwise', () => {
  it('the arguments of the tool that its package asks for -> are the answer, as text', async () => {
    const server = await startAnsweringServer();
    const input = { name: 'ab', when: null, parts: [] };
    const content = [{ type: 'tool_use', id: 't1', name: 'json', input }];
    const usage = { input_tokens: 5, output_tokens: 6 };
    server.answer(json({ id: 'm', type: 'message', role: 'assistant', model: 'old', content, stop_reason: 'tool_use', usage }));
    try {
      const model = { provider: 'anthropic', model: 'old', apiBase: server.base, apiKeyEnv: null, wire: 'anthropic' as const };
      const answerSchema = answerFormOf(task).sent('anthropic');
      const result = await adapter.call(modelCall(server.base, { model, answerSchema }));
      expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject({ tools: [{ name: 'json' }] });
      expect(result).toMatchObject({ ok: true, answer: JSON.stringify(input), finish: 'stop' });
      expect(await adapter.call(modelCall(server.base, { model }))).toMatchObject({ finish: 'tool' });
    } finally {
      await server.close();
    }
  });
});
