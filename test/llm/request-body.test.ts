import { describe, expect, it } from 'vitest';
import { bodyFinisher, sentFields } from '../../src/llm/request-body.js';
import { chatWire } from '../../src/llm/wires/chat/chat-wire.js';
import type { RequestSettings } from '../../src/schema/task-types.js';
import { WIRE_NAMES, WIRES, type WireName } from '../../src/schema/wires.js';
import { modelCall } from './model-call.js';

const ALL: RequestSettings = {
  temperature: 0.5,
  topP: 0.9,
  seed: 7,
  stop: ['END'],
  reasoningEffort: 'low',
  thinkingBudget: 20,
  extraBody: { user: 'u' },
};

function finished(wire: WireName, settings: Partial<RequestSettings>, body: object): Record<string, unknown> {
  const call = modelCall('https://a.example/v1', { settings: { temperature: null, topP: null, ...settings } });
  call.model = { ...call.model, wire };
  const finish = bodyFinisher(chatWire, call);
  if (finish === null) throw new Error('the body goes out as it is');
  return JSON.parse(finish(JSON.stringify(body)));
}

function at(body: unknown, path: string): unknown {
  return path.split('.').reduce((value, name) => (value as Record<string, unknown> | undefined)?.[name], body);
}

describe('bodyFinisher', () => {
  it('bodyFinisher: nothing but what the package sends itself -> the body goes out as it was built', () => {
    const call = modelCall('https://a.example/v1', { settings: { temperature: 1, topP: 1 } });
    expect(bodyFinisher(chatWire, call)).toBeNull();
  });

  it.each(WIRE_NAMES.filter((name) => name !== 'chat'))(
    'bodyFinisher: %s -> every key at its field, the limit as it was reserved',
    (wire) => {
      const body = finished(wire, ALL, {
        max_tokens: 70,
        generationConfig: { maxOutputTokens: 70, topK: 3 },
        options: { num_predict: 9 },
      });
      const { fields } = WIRES[wire];
      const values = { temperature: 0.5, top_p: 0.9, seed: 7, stop: ['END'], reasoning_effort: 'low', thinking_budget: 20 };
      for (const [key, value] of Object.entries({ ...values, worker_max_tokens: 50 })) {
        const field = fields[key as keyof typeof fields];
        if (field !== null) expect([key, at(body, field)]).toEqual([key, value]);
      }
      expect(body).toMatchObject({ user: 'u' });
      if (wire === 'gemini') expect(at(body, 'generationConfig.topK')).toBe(3);
    },
  );

  it('bodyFinisher: extra_body -> maps are merged, other values take the place of what was there', () => {
    const extraBody = JSON.parse('{"options": {"num_ctx": 8192}, "keep_alive": "5m", "__proto__": {"polluted": true}}');
    const body = finished('ollama', { extraBody }, { options: { num_predict: 50 }, keep_alive: 0 });
    expect(body).toMatchObject({ options: { num_predict: 50, num_ctx: 8192 }, keep_alive: '5m' });
    expect(Object.keys(body)).toContain('__proto__');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

it('sentFields: the fields that a request has of its task, each with its key', () => {
  const call = modelCall('https://a.example/v1', { settings: ALL });
  expect(sentFields(call)).toEqual([
    { field: 'max_tokens', key: 'worker_max_tokens' },
    { field: 'temperature', key: 'temperature' },
    { field: 'top_p', key: 'top_p' },
    { field: 'seed', key: 'seed' },
    { field: 'stop', key: 'stop' },
    { field: 'reasoning_effort', key: 'reasoning_effort' },
    { field: 'user', key: 'extra_body' },
  ]);
  const answerSchema = { name: 'answer', schema: {}, strict: true };
  expect(sentFields({ ...call, answerSchema })).toContainEqual({ field: 'response_format', key: 'output_schema' });
});
