/** Whole conversations with the simulated provider, over the real adapter: how they end, what they took, what goes back with the next turn. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CallFailure } from '../../../../src/core/call-failure.js';
import type { Answer, Message } from '../../../../src/core/conversation/message.js';
import {
  type ConversationRules,
  MAX_PIECES,
  type NextStep,
  nextStep,
  type Step,
} from '../../../../src/core/conversation/next-step.js';
import { addUsage, NO_USAGE, type Usage } from '../../../../src/core/model.js';
import { costOf } from '../../../../src/core/money/price.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import { createPrices } from '../../../../src/pricing/prices.js';
import { type Simulator, startSimulator } from '../../../../src/simulator/server.js';
import { type AnsweringServer, startAnsweringServer } from '../../answering-server.js';
import { anthropicCall } from './messages.js';

const PRICE = { input: 1, output: 5, cachedInput: 0.1 };
const prices = createPrices();
let simulator: Simulator;
let base: string;
/** Between adapter and simulator: what went out and what came back. */
let between: AnsweringServer;
const answers: string[] = [];

beforeAll(async () => {
  simulator = await startSimulator({
    latency: { kind: 'fixed', value: 0 },
    answerTokens: { kind: 'fixed', value: 12 },
    reasoningTokens: 6,
    cachedShare: 0.5,
    price: PRICE,
  });
  between = await startAnsweringServer();
  between.answer(({ path, headers, body }, response) => {
    const { host: _, 'content-length': __, connection: ___, ...sent } = headers;
    const url = new URL(path, simulator.url);
    void fetch(url, { method: 'POST', headers: sent as Record<string, string>, body }).then(async (came) => {
      const text = await came.text();
      answers.push(text);
      response.writeHead(came.status, { 'content-type': came.headers.get('content-type') ?? '' });
      response.end(text);
    });
  });
  base = between.base;
});
beforeEach(() => {
  between.received.length = 0;
  answers.length = 0;
});
afterAll(async () => {
  await between.close();
  await simulator.close();
});

const RULES: ConversationRules = {
  systemPrompt: 'Be short.',
  multiTurn: false,
  maxTurns: 1,
  followUp: 'Go on.',
  stopWhen: [],
  onTruncate: 'keep',
};

interface Ended {
  step: Exclude<NextStep, { kind: 'ask' }> | CallFailure;
  finishes: string[];
  /** Of calls with counts. */
  usage: Usage;
  costNano: number;
  unmetered: number;
  answers: Answer[];
}

/** One row to its end, or to its first failed call. What is said goes through JSON, and each turn has an adapter that knows nothing of the ones before. */
async function converse(prompt: string, more: Partial<ConversationRules> = {}, maxTokens = 200): Promise<Ended> {
  const rules = { ...RULES, ...more };
  const ended: Omit<Ended, 'step'> = { finishes: [], usage: NO_USAGE, costNano: 0, unmetered: 0, answers: [] };
  let stored = '[]';
  for (;;) {
    const steps = JSON.parse(stored) as Step[];
    const step = nextStep(rules, { prompt }, steps);
    if (step.kind !== 'ask') return { ...ended, step };
    const call = anthropicCall(base, { messages: step.messages, maxTokens });
    const adapter = createSdkAdapter(ALL_WIRES);
    const result = await adapter.call(call);
    await adapter.close();
    const { usage } = result.ok ? result : (result.metered ?? { usage: null });
    if (usage === null) ended.unmetered += 1;
    else {
      ended.usage = addUsage(ended.usage, usage);
      ended.costNano += prices.cost({ model: call.model, override: PRICE, at: 0 }, usage) ?? Number.NaN;
    }
    if (!result.ok) return { ...ended, step: result };
    ended.finishes.push(result.finish);
    ended.answers.push(result.answer);
    stored = JSON.stringify([...steps, { answer: result.answer, finish: result.finish }]);
  }
}

const sentBodies = () =>
  between.received.map(({ body }) => JSON.parse(body) as { messages: { role: string; content: unknown }[] });

describe('conversations', () => {
  const ok = (finishes: string[]) => ({ step: { kind: 'ok' }, finishes });
  const failed = (cause: string, code: string, finishes: string[]) => ({ step: { kind: 'failed', cause, code }, finishes });
  const fault = (kind: string, code: string) => ({ step: { ok: false, class: kind, code }, finishes: [] });

  test.each<[string, string, object, Partial<ConversationRules>?]>([
    ['a plain answer', 'hello', ok(['stop'])],
    ['an order', '[[sim answer=forty-two]]', { ...ok(['stop']), step: { kind: 'ok', output: 'forty-two' } }],
    ['redacted thoughts', '[[sim fault=redacted_thinking]]', ok(['stop'])],
    ['thoughts without a text', '[[sim fault=hidden_thinking]]', ok(['stop'])],
    ['a search', '[[sim fault=web_search]]', ok(['stop'])],
    ['a search that failed', '[[sim fault=web_search_error]]', ok(['stop'])],
    ['text with sources', '[[sim fault=citations]]', ok(['stop'])],
    ['a stream that nobody asked for', '[[sim fault=unasked_stream]]', ok(['stop'])],
    ['a pause', '[[sim fault=pause_turn]]', ok(['pause', 'stop'])],
    [
      'pauses without an end',
      '[[sim fault=pause_always]]',
      failed(
        'finish',
        'E_FINISH_PAUSED',
        Array.from({ length: MAX_PIECES }, () => 'pause'),
      ),
    ],
    ['a refusal', '[[sim fault=refusal]]', failed('content_filter', 'E_ROW_FILTERED', ['filter'])],
    ['a filter', '[[sim fault=filter]]', failed('content_filter', 'E_ROW_FILTERED', ['filter'])],
    ['a cut answer, kept', '[[sim fault=length]]', ok(['length'])],
    ['a cut answer, refused', '[[sim fault=length]]', failed('truncated', 'E_ROW_TRUNCATED', ['length']), { onTruncate: 'fail' }],
    ['a full window', '[[sim fault=window_full]]', failed('truncated', 'E_ROW_TRUNCATED', ['length']), { onTruncate: 'fail' }],
    ['an ending that is not known', '[[sim fault=finish_unknown]]', failed('finish', 'E_FINISH_UNKNOWN', ['unknown'])],
    ['no ending', '[[sim fault=no_finish]]', failed('finish', 'E_FINISH_UNKNOWN', ['unknown'])],
    ['the ending of a fault', '[[sim fault=finish_error]]', fault('transport', 'E_PROVIDER_ERROR')],
    ['another model', '[[sim fault=other_model]]', ok(['stop'])],
    ['nothing', '[[sim fault=empty]]', fault('transport', 'E_CALL_EMPTY')],
    ['thoughts alone', '[[sim fault=blank]]', fault('transport', 'E_CALL_EMPTY')],
    ['429', '[[sim fault=429]]', fault('rate', 'E_RATE_LIMITED')],
    ['529', '[[sim fault=529]]', fault('overload', 'E_OVERLOADED')],
    ['401', '[[sim fault=401]]', fault('key', 'E_KEY_REFUSED')],
    ['402', '[[sim fault=402]]', fault('billing', 'E_BILLING')],
    ['404', '[[sim fault=404]]', fault('request', 'E_MODEL_UNKNOWN')],
    ['400', '[[sim fault=400]]', fault('request', 'E_REQUEST_REFUSED')],
    ['500', '[[sim fault=500]]', fault('transport', 'E_PROVIDER_ERROR')],
    ['no money', '[[sim fault=credit_balance_exhausted]]', fault('billing', 'E_BILLING')],
    ['a window that is too small', '[[sim tokens=9]]', fault('row', 'E_ROW_TOO_LONG')],
  ])(
    'converse: %s -> ends as it must, its tokens and money as the provider counted them',
    async (name, prompt, expected, rules = {}) => {
      const before = simulator.stats();
      const ended = await converse(prompt, rules, name.startsWith('a window') ? 200_000 : 200);
      expect(ended).toMatchObject(expected);
      const after = simulator.stats();
      expect(ended.usage.input).toBe(after.promptTokens - before.promptTokens);
      expect(ended.usage.output).toBe(after.completionTokens - before.completionTokens);
      expect(ended.costNano).toBe(after.costNano - before.costNano);
      expect(ended.unmetered).toBe(after.refused - before.refused);
    },
  );

  test.each(['no_usage', 'zero_usage', 'negative_usage', 'absurd_usage'])(
    'converse: %s -> the answer is kept, what it took is not known',
    async (name) => {
      expect(await converse(`[[sim fault=${name}]]`)).toMatchObject({ step: { kind: 'ok' }, unmetered: 1, usage: NO_USAGE });
    },
  );

  test.each([
    ['error200', 'E_PROVIDER_ERROR'],
    ['malformed', 'E_CALL_BODY'],
    ['html', 'E_CALL_BODY'],
    ['truncated', 'E_CALL_BODY'],
    ['error_midway', 'E_PROVIDER_ERROR'],
  ])('converse: %s -> a failed call that may have been billed', async (name, code) => {
    // Straight to the simulator: what is broken is the connection.
    const adapter = createSdkAdapter(ALL_WIRES);
    const messages: Message[] = [{ role: 'user', parts: [{ type: 'text', text: `[[sim fault=${name}]]` }] }];
    const result = await adapter.call(anthropicCall(simulator.urlOf('anthropic'), { messages }));
    await adapter.close();
    expect(result).toMatchObject({ ok: false, class: 'transport', code, mayHaveBeenBilled: true });
    expect(result).not.toHaveProperty('metered');
  });

  test('converse: thoughts and cached tokens -> part of what is counted', async () => {
    const { usage } = await converse('hello');
    expect(usage).toEqual({ input: 13, cached: 6, output: 18, reasoning: 6 });
    const written = { ...usage, cacheWritten: 4 };
    const model = {
      provider: 'anthropic',
      model: 'claude-haiku-4-5',
      wire: 'anthropic' as const,
      apiBase: base,
      apiKeyEnv: null,
    };
    expect(prices.cost({ model, override: PRICE, at: 0 }, written)).toBe(costOf({ ...PRICE, cacheWrite: 1.25 }, written));
  });
});

describe('what goes back', () => {
  const SEVERAL = { multiTurn: true, maxTurns: 3 };

  test.each(['none', 'redacted_thinking', 'hidden_thinking', 'web_search', 'web_search_error', 'citations', 'unasked_stream'])(
    'converse: three turns with %s -> every answer goes back as it came, whatever process asks',
    async (odd) => {
      const order = odd === 'none' ? '' : ` [[sim fault=${odd}]]`;
      const { step, finishes } = await converse(`hello${order}`, { ...SEVERAL, followUp: `Go on.${order}` });
      // The simulator refuses thoughts, results and sources that were changed.
      expect(step).toMatchObject({ kind: 'ok' });
      expect(finishes).toEqual(['stop', 'stop', 'stop']);
      const bodies = sentBodies();
      bodies.forEach(({ messages }, turn) => {
        const said = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
        expect(said).toHaveLength(turn);
        if (odd !== 'unasked_stream') expect(said).toEqual(answers.slice(0, turn).map((text) => JSON.parse(text).content));
        // What was there a turn before is the beginning of the next one, byte for byte.
        const before = bodies[turn - 1]?.messages ?? [];
        expect(JSON.stringify(messages.slice(0, before.length))).toBe(JSON.stringify(before));
      });
    },
  );

  test('converse: a pause in a conversation with thoughts -> sent back in the same message, and it goes on', async () => {
    const { step, finishes, answers: said } = await converse('hello [[sim fault=pause_turn]]');
    expect(finishes).toEqual(['pause', 'stop']);
    expect(step).toMatchObject({ kind: 'ok', fromTurn: 1 });
    const [, second] = sentBodies();
    expect(second?.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    const [thought, text] = JSON.parse(answers[0] ?? '').content as { text?: string }[];
    expect(second?.messages[1]?.content).toEqual([thought, { ...text, text: text?.text?.trim() }]);
    expect(said).toHaveLength(2);
  });

  test('call: thoughts that were changed on the way -> the API refuses them, and nothing else does', async () => {
    const adapter = createSdkAdapter(ALL_WIRES);
    const { answers: said } = await converse('hello');
    const [thought, text] = said[0] as Exclude<Answer, string>;
    if (thought?.type !== 'reasoning' || text === undefined) throw new Error('no thoughts');
    const goOn = (part: typeof thought) =>
      adapter.call(
        anthropicCall(base, {
          messages: [
            { role: 'user', parts: [{ type: 'text', text: 'hello' }] },
            { role: 'assistant', parts: [part, text] },
            { role: 'user', parts: [{ type: 'text', text: 'Go on.' }] },
          ],
        }),
      );
    expect(await goOn(thought)).toMatchObject({ ok: true });
    expect(await goOn({ ...thought, text: 'others' })).toMatchObject({
      ok: false,
      status: 400,
      message: 'HTTP 400: messages.1.content.0: Invalid `signature` in `thinking` block',
    });
    // Without its signature it stays behind.
    expect(await goOn({ type: 'reasoning', text: thought.text })).toMatchObject({ ok: true });
    await adapter.close();
  });
});
