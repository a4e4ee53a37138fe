/** Whole conversations with the simulated provider: how a row ends, what it took, and what goes back from turn to turn. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerParts, type Message, userMessage } from '../../../../src/core/conversation/message.js';
import type { ConversationRules } from '../../../../src/core/conversation/next-step.js';
import type { ModelAdapter, ModelCall } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import { type Simulator, startSimulator } from '../../../../src/simulator/server.js';
import { type AnsweringServer, startAnsweringServer } from '../../answering-server.js';
import { converse, type Ended, RULES } from '../converse.js';
import { response, responsesCall } from './responses-call.js';

const THOUGHTS = 8;
let simulator: Simulator;
let adapter: ModelAdapter;

beforeAll(async () => {
  const latency = { kind: 'fixed', value: 0 } as const;
  simulator = await startSimulator({ latency, reasoningTokens: THOUGHTS, doneTurns: 3, cachedShare: 0.5 });
  adapter = createSdkAdapter(ALL_WIRES);
});
afterAll(async () => {
  await adapter.close();
  await simulator.close();
});

const sim = (more: Partial<ModelCall> = {}) =>
  responsesCall(simulator.urlOf('responses'), {
    model: { provider: 'sim', model: 'sim-small', apiBase: null, apiKeyEnv: null },
    apiKey: null,
    maxTokens: 200,
    timeoutMs: 1_000,
    ...more,
  });

/** To its end, and what the provider billed for it. */
async function talk(prompt: string, rules: Partial<ConversationRules> = {}, more: Partial<ModelCall> = {}) {
  const before = simulator.stats();
  const ended = await converse((messages) => adapter.call(sim({ ...more, messages })), { ...RULES, ...rules }, prompt);
  const { billed, costNano } = simulator.stats();
  return { ended, billed: billed - before.billed, billedNano: costNano - before.costNano };
}

const RESET = { timeoutMs: 400 };
const CUT = { maxTokens: 20 };
const LONG = 'say much [[sim tokens=30]]';

describe('odd conversations', () => {
  test.each<[string, string, Partial<ConversationRules>, Partial<ModelCall>, Partial<Ended>]>([
    ['a plain answer', '[[sim answer=four]]', {}, {}, { kind: 'ok', output: 'four', calls: 1 }],
    ['cut, kept', LONG, {}, CUT, { kind: 'ok', calls: 1 }],
    [
      'cut, to fail',
      LONG,
      { onTruncate: 'fail' },
      CUT,
      { kind: 'failed', cause: 'truncated', code: 'E_ROW_TRUNCATED', calls: 1 },
    ],
    ['the lowest limit that it takes', LONG, {}, { maxTokens: 16 }, { kind: 'ok', calls: 1 }],
    [
      'the provider filters',
      '[[sim fault=filter]]',
      {},
      {},
      { kind: 'failed', cause: 'content_filter', code: 'E_ROW_FILTERED', calls: 1 },
    ],
    ['the model will not', '[[sim fault=refusal]]', {}, {}, { kind: 'failed', cause: 'content_filter', calls: 1 }],
    [
      'an ending that nobody knows',
      '[[sim fault=finish_unknown]]',
      {},
      {},
      { kind: 'failed', cause: 'finish', code: 'E_FINISH_UNKNOWN', calls: 1 },
    ],
    ['failed, within a success', '[[sim fault=finish_error*1]]', {}, {}, { kind: 'ok', calls: 2 }],
    [
      'failed for ever',
      '[[sim fault=finish_error]]',
      {},
      {},
      { kind: 'failed', cause: 'transport', code: 'E_PROVIDER_ERROR', calls: 5 },
    ],
    ['not over yet', '[[sim fault=unfinished*1]]', {}, {}, { kind: 'ok', calls: 2 }],
    ['no items', '[[sim fault=empty]]', {}, {}, { kind: 'failed', cause: 'empty', code: 'E_CALL_EMPTY', calls: 2 }],
    ['no text', '[[sim fault=blank]]', {}, {}, { kind: 'failed', cause: 'empty', code: 'E_CALL_EMPTY', calls: 2 }],
    ['another model', '[[sim fault=other_model]]', {}, {}, { kind: 'ok', calls: 1 }],
    ['an error in a success', '[[sim fault=error200*1]]', {}, {}, { kind: 'ok', calls: 2, inDoubt: 1 }],
    ['a limit, twice', '[[sim fault=429*2]]', {}, {}, { kind: 'ok', calls: 3, inDoubt: 0 }],
    ['overload', '[[sim fault=503*3]]', {}, {}, { kind: 'ok', calls: 4, inDoubt: 0 }],
    ['its own error', '[[sim fault=500*4]]', {}, {}, { kind: 'ok', calls: 5, inDoubt: 0 }],
    [
      'its own error for ever',
      '[[sim fault=500]]',
      {},
      {},
      { kind: 'failed', cause: 'transport', code: 'E_PROVIDER_ERROR', calls: 5 },
    ],
    ['a gateway', '[[sim fault=502*1]]', {}, {}, { kind: 'ok', calls: 2, inDoubt: 1 }],
    ['a row that it refuses', '[[sim fault=400]]', {}, {}, { kind: 'failed', cause: 'refused', calls: 1 }],
    ['a wrong key', '[[sim fault=401]]', {}, {}, { kind: 'stopped', cause: 'key', code: 'E_KEY_REFUSED', calls: 1 }],
    [
      'no money',
      '[[sim fault=credit_balance_exhausted]]',
      {},
      {},
      { kind: 'stopped', cause: 'billing', code: 'E_BILLING', calls: 1 },
    ],
    ['no such model', '[[sim fault=404]]', {}, {}, { kind: 'stopped', cause: 'request', code: 'E_MODEL_UNKNOWN', calls: 1 }],
    ['JSON that breaks off', '[[sim fault=malformed*1]]', {}, {}, { kind: 'ok', calls: 2, inDoubt: 1 }],
    ['a page', '[[sim fault=html]]', {}, {}, { kind: 'failed', cause: 'transport', code: 'E_CALL_BODY', calls: 2, inDoubt: 2 }],
    ['a body that is cut', '[[sim fault=truncated*1]]', {}, {}, { kind: 'ok', calls: 2, inDoubt: 1 }],
    ['a connection that is reset', '[[sim fault=reset*1]]', {}, RESET, { kind: 'ok', calls: 2, inDoubt: 1 }],
    ['no answer in time', '[[sim fault=hang*1]]', {}, RESET, { kind: 'ok', calls: 2, inDoubt: 1 }],
    ['blank lines before it', '[[sim fault=blanks]]', {}, {}, { kind: 'ok', calls: 1 }],
    [
      'too long a prompt',
      `${'x'.repeat(600_000)}`,
      {},
      {},
      { kind: 'failed', cause: 'too_long', code: 'E_ROW_TOO_LONG', calls: 1 },
    ],
  ])('conversation: %s -> how the row ends, and what it took to the last token', async (_, prompt, rules, more, expected) => {
    const { ended, billedNano } = await talk(prompt, rules, more);
    expect(ended).toMatchObject(expected);
    // What is known is what the provider billed; what is not may have been billed or not.
    if (ended.inDoubt === 0) expect(ended.costNano).toBe(billedNano);
    else expect(ended.costNano).toBeLessThanOrEqual(billedNano);
    if (ended.kind === 'ok') expect(ended.usage.reasoning).toBeGreaterThanOrEqual(THOUGHTS);
  });

  test.each(['no_usage', 'zero_usage', 'negative_usage', 'absurd_usage'])(
    'conversation: %s -> the answer is kept, its usage in doubt',
    async (fault) => {
      const { ended } = await talk(`[[sim fault=${fault}]]`);
      expect(ended).toMatchObject({ kind: 'ok', calls: 1, inDoubt: 1, costNano: 0 });
      expect(ended.output).not.toBe('');
    },
  );

  test('conversation: an answer in pieces, with thoughts before each -> the pieces in order, billed once each', async () => {
    const { ended, billed, billedNano } = await talk('[[sim fault=length*1]] more', { onTruncate: 'continue' });
    expect(ended).toMatchObject({ kind: 'ok', calls: 2 });
    expect([billed, billedNano]).toEqual([2, ended.costNano]);
  });
});

describe('conversations with thoughts', () => {
  const rules = { multiTurn: true, maxTurns: 3, systemPrompt: 'Be short.' };

  test('conversation: three turns from what was stored -> the provider takes its thoughts back unchanged, each call is sent once', async () => {
    const before = simulator.stats().calls;
    const { ended, billedNano } = await talk('first [[sim tokens=5]]', rules);
    expect(ended.kind).toBe('ok');
    expect(ended.steps.length).toBeGreaterThan(1);
    expect(simulator.stats().calls - before).toBe(ended.calls);
    expect(ended.costNano).toBe(billedNano);
    for (const { answer } of ended.steps) expect(answerParts(answer).map(({ type }) => type)).toEqual(['reasoning', 'text']);
  });

  test('conversation: thoughts that were changed, or lost -> the provider refuses them', async () => {
    const first = await adapter.call(sim({ messages: [userMessage('q')] }));
    if (!first.ok) throw new Error(first.message);
    const parts = answerParts(first.answer);
    const spoiled = JSON.parse(JSON.stringify(parts).replace('sim-', 'sim-0')) as typeof parts;
    const back = (list: typeof parts): Message[] => [userMessage('q'), { role: 'assistant', parts: list }, userMessage('more')];
    expect(await adapter.call(sim({ messages: back(parts) }))).toMatchObject({ ok: true });
    expect(await adapter.call(sim({ messages: back(spoiled) }))).toMatchObject({ ok: false, status: 400 });
    expect(await adapter.call(sim({ messages: back(parts.slice(1)) }))).toMatchObject({ ok: false, status: 400 });
    expect(await adapter.call(sim({ messages: back(parts.slice(0, 1)) }))).toMatchObject({ ok: false, status: 400 });
  });

  test('conversation: the same from memory and from JSON -> the same bytes on the wire', async () => {
    const server: AnsweringServer = await startAnsweringServer();
    const answered = await adapter.call(
      sim({
        messages: [userMessage('q')],
        settings: { temperature: null, topP: null, extraBody: { reasoning: { summary: 'auto' } } },
      }),
    );
    if (!answered.ok) throw new Error(answered.message);
    expect(answerParts(answered.answer).map(({ type }) => type)).toEqual(['reasoning', 'reasoning', 'text']);
    server.answer((_, res) => res.end(JSON.stringify(response())));
    for (const answer of [answered.answer, JSON.parse(JSON.stringify(answered.answer)) as typeof answered.answer]) {
      const messages: Message[] = [userMessage('q'), { role: 'assistant', parts: answerParts(answer) }, userMessage('more')];
      await adapter.call(responsesCall(server.base, { messages }));
    }
    const [memory, stored] = server.received;
    expect(stored?.body).toBe(memory?.body);
    const items = (JSON.parse(stored?.body ?? '') as { input: { type: string; summary?: object[] }[] }).input;
    expect(items.map(({ type }) => type)).toEqual(['message', 'reasoning', 'message', 'message']);
    expect(items[1]?.summary).toHaveLength(2);
    await server.close();
  });
});
