import { describe, expect, test } from 'vitest';
import { type Message, userMessage } from '../../../../src/core/conversation/message.js';
import { type ConversationRules, nextStep, type Step } from '../../../../src/core/conversation/next-step.js';
import type { RequestSettings } from '../../../../src/schema/task-types.js';
import { json } from '../../answering-server.js';
import { KEY } from '../../model-call.js';
import { answer, geminiCall, geminiServer, MODEL, settings } from './gemini-calls.js';

const gemini = geminiServer();

describe('request', () => {
  test('call: everything set -> each at its field, the key in its header alone', async () => {
    const {
      path,
      headers,
      body,
      json: sent,
    } = await gemini.sent({
      messages: [
        { role: 'system', text: 'Be short.' },
        userMessage('a "quoted" 😀'),
        { role: 'assistant', parts: [{ type: 'text', text: 'b' }] },
        userMessage('c'),
      ],
      settings: {
        temperature: 0,
        topP: 0.5,
        seed: 7,
        stop: ['END'],
        reasoningEffort: 'low',
        thinkingBudget: 20,
        extraBody: { serviceTier: 'flex', generationConfig: { topK: 3, thinkingConfig: { includeThoughts: true } } },
      },
      headers: { 'X-Title': 'mine', 'X-Goog-Api-Key': 'other' },
    });
    expect(path).toBe(`/v1beta/models/${MODEL}:generateContent`);
    expect(sent).toEqual({
      systemInstruction: { parts: [{ text: 'Be short.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'a "quoted" 😀' }] },
        { role: 'model', parts: [{ text: 'b' }] },
        { role: 'user', parts: [{ text: 'c' }] },
      ],
      generationConfig: {
        maxOutputTokens: 50,
        temperature: 0,
        topP: 0.5,
        topK: 3,
        seed: 7,
        stopSequences: ['END'],
        thinkingConfig: { thinkingLevel: 'low', thinkingBudget: 20, includeThoughts: true },
      },
      serviceTier: 'flex',
    });
    expect(headers).toMatchObject({ 'x-goog-api-key': KEY, 'x-title': 'mine', 'content-type': 'application/json' });
    expect(headers['user-agent']).toMatch(/^durable-swarm/);
    expect(headers).not.toHaveProperty('authorization');
    expect(path + body).not.toContain(KEY);
  });

  test('call: nothing written but the prompt -> nothing else is sent', async () => {
    const { json: sent } = await gemini.sent();
    expect(sent).toEqual({
      generationConfig: { maxOutputTokens: 50 },
      contents: [{ role: 'user', parts: [{ text: 'two and two?' }] }],
    });
  });

  test('call: no key -> none is sent, also not one that the package would find in the environment', async () => {
    process.env['GOOGLE_GENERATIVE_AI_API_KEY'] = 'of-the-environment';
    try {
      const { headers, body } = await gemini.sent({ apiKey: null });
      expect(headers).not.toHaveProperty('x-goog-api-key');
      expect(JSON.stringify(headers) + body).not.toContain('of-the-environment');
    } finally {
      delete process.env['GOOGLE_GENERATIVE_AI_API_KEY'];
    }
  });

  const models = [MODEL, 'gemini-2.5-flash', 'gemini-2.5-pro', 'gemini-4-argon', 'gemini-1.5-pro', 'gemma-3-27b-it', 'any-model'];
  const written: RequestSettings[] = [
    settings(),
    settings({ temperature: 1, topP: 1 }),
    settings({ thinkingBudget: 0 }),
    settings({ thinkingBudget: 40 }),
    settings({ reasoningEffort: 'high' }),
    settings({ reasoningEffort: 'low', thinkingBudget: 40, seed: 1, stop: ['a'], extraBody: { generationConfig: { topK: 1 } } }),
  ];
  test.each(models)(
    'call: %s -> the output limit is what was reserved, thinking included, whatever is written beside it',
    async (model) => {
      const { base } = gemini;
      const ref = geminiCall(base(), {}).model;
      for (const each of written) {
        for (const maxTokens of [1, 50, 65_537, 1_000_000]) {
          const { json: sent } = await gemini.sent({ model: { ...ref, model }, settings: each, maxTokens });
          const config = sent['generationConfig'] as Record<string, unknown>;
          expect(config['maxOutputTokens']).toBe(maxTokens);
          const thinking = (config['thinkingConfig'] ?? {}) as Record<string, unknown>;
          expect([thinking['thinkingBudget'], thinking['thinkingLevel']]).toEqual([each.thinkingBudget, each.reasoningEffort]);
        }
      }
    },
  );

  test.each([
    ['with a version of its own', '/v1', MODEL, `/v1/models/${MODEL}:generateContent`],
    ['without one', '', MODEL, `/models/${MODEL}:generateContent`],
    [
      'with a query',
      '/v1beta?api-version=2026-01-01&x=a%20b',
      MODEL,
      `/v1beta/models/${MODEL}:generateContent?api-version=2026-01-01&x=a%20b`,
    ],
    [
      'of Vertex AI',
      '/v1/projects/p/locations/l/publishers/google',
      MODEL,
      `/v1/projects/p/locations/l/publishers/google/models/${MODEL}:generateContent`,
    ],
    ['and a whole name of a model', '/v1', 'publishers/google/models/m', '/v1/publishers/google/models/m:generateContent'],
  ])('call: a base %s -> the path of the request behind it', async (_, path, model, expected) => {
    const base = `${new URL(gemini.base()).origin}${path}`;
    const { model: ref } = geminiCall(base);
    const sent = await gemini.sent({ apiBase: base, model: { ...ref, model } }, base);
    expect(sent.path).toBe(expected);
  });

  test('call: a model that takes no system instruction -> it stands before the prompt', async () => {
    const { model } = geminiCall(gemini.base());
    const messages: Message[] = [{ role: 'system', text: 'Be short.' }, userMessage('a')];
    const { json: sent } = await gemini.sent({ model: { ...model, model: 'gemma-3-4b-it' }, messages });
    expect(sent['contents']).toEqual([{ role: 'user', parts: [{ text: 'Be short.\n\n' }, { text: 'a' }] }]);
    expect(sent).not.toHaveProperty('systemInstruction');
  });

  test('call: the answer asks for a second request to go on -> one request, the answer as far as it came, cut', async () => {
    const parts = [{ text: 'so far' }];
    const candidate = { content: { role: 'model', parts }, finishReason: 'CONTINUATION', continuationToken: 'go-on' };
    const reply = await gemini.reply({ ...answer(), candidates: [candidate] });
    expect(reply).toMatchObject({
      answer: 'so far',
      finish: 'length',
      rawFinish: 'CONTINUATION',
      usage: { input: 11, output: 3 },
    });
    expect(gemini.server().received).toHaveLength(1);
  });

  test('call: a system message after the first turn -> the package refuses to build it, and nothing is sent', async () => {
    const messages: Message[] = [userMessage('a'), { role: 'system', text: 'late' }, userMessage('b')];
    gemini.server().answer(json(answer()));
    const failed = await gemini.adapter().call(geminiCall(gemini.base(), { messages }));
    expect(failed).toMatchObject({ ok: false, code: 'E_CALL_UNEXPECTED' });
    expect(gemini.server().received).toHaveLength(0);
  });

  test('conversation: whatever its turns -> a system message is the first one, and the only one', () => {
    const rules = {
      systemPrompt: 'Be short.',
      multiTurn: true,
      maxTurns: 6,
      followUp: 'go on',
      stopWhen: [],
      onTruncate: 'continue',
    } as const;
    const finishes = ['stop', 'length', 'pause', 'stop'] as const;
    const steps: Step[] = [];
    for (const finish of finishes) {
      const next = nextStep(rules as unknown as ConversationRules, { prompt: 'p' }, steps);
      if (next.kind !== 'ask') throw new Error(next.kind);
      expect(next.messages.map(({ role }) => role).lastIndexOf('system')).toBe(0);
      steps.push({ answer: 'a', finish });
    }
  });
});
