/** Whole conversations of the Gemini wire with the simulated provider, each answer stored as JSON and read again before the next turn. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallFailure } from '../../../../src/core/call-failure.js';
import { type ConversationRules, type NextStep, nextStep, type Step } from '../../../../src/core/conversation/next-step.js';
import { addUsage, NO_USAGE, type Usage } from '../../../../src/core/model.js';
import { costOf, SIM_PRICE } from '../../../../src/core/money/price.js';
import type { ModelAdapter } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import { type Simulator, startSimulator } from '../../../../src/simulator/server.js';
import { geminiCall, settings } from './gemini-calls.js';

let simulator: Simulator;
let adapter: ModelAdapter;
beforeAll(async () => {
  const options = {
    latency: { kind: 'fixed', value: 0 },
    answerTokens: { kind: 'fixed', value: 24 },
    reasoningTokens: 9,
  } as const;
  simulator = await startSimulator({ ...options, wire: 'gemini', cachedShare: 0.25 });
  adapter = createSdkAdapter(ALL_WIRES);
});
afterAll(async () => {
  await adapter.close();
  await simulator.close();
});

/** Tries of one turn, as a run has more than one of them. */
const TRIES = 2;
const THOUGHTS = { generationConfig: { thinkingConfig: { includeThoughts: true } } };

interface Ended {
  next: NextStep | CallFailure;
  steps: Step[];
  failures: CallFailure[];
  usage: Usage;
  /** Answers without counts. */
  uncounted: number;
  served: string[];
  calls: number;
  billedNano: number;
}

async function converse(
  prompt: string,
  more: Partial<ConversationRules> = {},
  extraBody: Record<string, unknown> = THOUGHTS,
): Promise<Ended> {
  const rules = {
    ...{ systemPrompt: 'Be short.', multiTurn: false, maxTurns: 1, followUp: 'go on', stopWhen: [], onTruncate: 'keep' as const },
    ...more,
  };
  const before = simulator.stats();
  const ended = { steps: [] as Step[], failures: [] as CallFailure[], usage: NO_USAGE, uncounted: 0, served: [] as string[] };
  const end = (next: Ended['next']): Ended => {
    const { calls, costNano } = simulator.stats();
    return { ...ended, next, calls: calls - before.calls, billedNano: costNano - before.costNano };
  };
  for (let tries = 0; ; ) {
    ended.steps = JSON.parse(JSON.stringify(ended.steps)) as Step[];
    const next = nextStep(rules, { prompt }, ended.steps);
    if (next.kind !== 'ask') return end(next);
    const messages = next.messages;
    const result = await adapter.call(geminiCall(simulator.url, { messages, maxTokens: 200, settings: settings({ extraBody }) }));
    const metered = result.ok ? result : result.metered;
    if (metered?.usage) ended.usage = addUsage(ended.usage, metered.usage);
    else ended.uncounted += 1;
    if (metered) ended.served.push(metered.servedModel);
    if (result.ok) {
      ended.steps.push({ answer: result.answer, finish: result.finish });
      tries = 0;
      continue;
    }
    ended.failures.push(result);
    tries += 1;
    if (result.class !== 'transport' || tries >= TRIES) return end(result);
  }
}

const fault = (name: string) => `tell me [[sim fault=${name}]]`;
const talk = { multiTurn: true, maxTurns: 4 };
const oddTalk = (name: string) => ({ ...talk, followUp: `go on [[sim fault=${name}]]` });

describe('a conversation whose answers say what they took', () => {
  test.each<[string, string, Partial<ConversationRules>, object, number]>([
    ['plain', 'tell me', {}, { kind: 'ok', fromTurn: 1 }, 1],
    ['of four turns, with thoughts', 'tell me', talk, { kind: 'ok', fromTurn: 4 }, 4],
    ['of four turns, in streams that nobody asked for', fault('unasked_stream'), oddTalk('unasked_stream'), { kind: 'ok' }, 4],
    ['of four turns, in lists of pieces', fault('unasked_list'), oddTalk('unasked_list'), { kind: 'ok' }, 4],
    ['of four turns, each signed in a part of its own', fault('loose_signature'), oddTalk('loose_signature'), { kind: 'ok' }, 4],
    ['cut, kept', fault('length'), {}, { kind: 'ok' }, 1],
    ['cut, failed', fault('length'), { onTruncate: 'fail' }, { kind: 'failed', cause: 'truncated', code: 'E_ROW_TRUNCATED' }, 1],
    ['cut, gone on with', fault('length'), { onTruncate: 'continue' }, { kind: 'ok', fromTurn: 1 }, 2],
    ['that the API wants to go on by itself, kept', fault('continuation'), {}, { kind: 'ok' }, 1],
    ['that the API wants to go on by itself, gone on with', fault('continuation'), { onTruncate: 'continue' }, { kind: 'ok' }, 2],
    ['filtered', fault('filter'), {}, { kind: 'failed', cause: 'content_filter' }, 1],
    ['of a text that is known', fault('recitation'), {}, { kind: 'failed', cause: 'content_filter' }, 1],
    ['of what is forbidden', fault('prohibited_content'), {}, { kind: 'failed', cause: 'content_filter' }, 1],
    ['whose prompt is blocked', fault('refusal'), {}, { kind: 'failed', cause: 'content_filter' }, 1],
    ['blocked in its second turn', 'tell me', oddTalk('refusal'), { kind: 'failed', cause: 'content_filter', fromTurn: 2 }, 2],
    ['with an ending that nobody knows', fault('finish_unknown'), {}, { kind: 'failed', cause: 'finish' }, 1],
    ['without an ending', fault('no_finish'), {}, { kind: 'failed', cause: 'finish' }, 1],
    ['that only calls tools', fault('calls'), {}, { kind: 'failed', cause: 'empty' }, 1],
    ['that failed for no reason', fault('finish_error'), {}, { ok: false, class: 'transport', code: 'E_PROVIDER_ERROR' }, 2],
    ['that failed once, then did not', fault('finish_error*1'), {}, { kind: 'ok' }, 2],
    ['with a broken call', fault('malformed_function_call'), {}, { ok: false, code: 'E_PROVIDER_ERROR' }, 2],
    ['with a call that nobody offered, once', fault('unexpected_tool_call*1'), {}, { kind: 'ok' }, 2],
    ['in a wrong language', fault('language'), {}, { ok: false, code: 'E_PROVIDER_ERROR' }, 2],
    ['without a candidate', fault('empty'), {}, { ok: false, code: 'E_CALL_EMPTY' }, 2],
    ['without a text, once', fault('blank*1'), {}, { kind: 'ok' }, 2],
    ['after blank lines', fault('blanks'), {}, { kind: 'ok' }, 1],
  ])('%s -> its row, all of its calls paid for', async (_, prompt, rules, expected, calls) => {
    const ended = await converse(prompt, rules);
    expect(ended.next).toMatchObject(expected);
    expect(ended).toMatchObject({ calls, uncounted: 0 });
    expect(costOf(SIM_PRICE, ended.usage)).toBe(ended.billedNano);
    for (const failure of ended.failures) expect(failure.mayHaveBeenBilled).toBe(true);
  });

  test('with thoughts -> stored before the answer that they led to, which is signed', async () => {
    const { steps } = await converse('tell me', talk);
    expect(steps).toHaveLength(4);
    for (const { answer } of steps)
      expect(answer).toEqual([
        { type: 'reasoning', text: expect.stringMatching(/^Thinking about/), providerData: { google: {} } },
        { type: 'text', text: expect.any(String), providerData: { google: { thoughtSignature: expect.any(String) } } },
      ]);
  });

  test('with thoughts that nobody asked to see -> counted, and the texts that came of them are signed', async () => {
    const { steps, usage } = await converse('tell me', talk, { generationConfig: { topK: 3 } });
    expect(usage.reasoning).toBe(4 * 9);
    for (const { answer } of steps) expect(answer).toMatchObject([{ type: 'text', providerData: { google: {} } }]);
  });

  test('without thinking -> texts alone', async () => {
    const off = { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } };
    const { steps, usage } = await converse('tell me', talk, off);
    expect([usage.reasoning, steps.map(({ answer }) => typeof answer)]).toEqual([0, Array(4).fill('string')]);
  });

  test('answered by another model -> named', async () => {
    expect((await converse(fault('other_model'))).served).toEqual(['gemini-3.5-flash-next']);
  });
});

describe('a conversation whose answers do not', () => {
  test.each<[string, string, object, number]>([
    ['without counts', 'no_usage', { kind: 'ok' }, 1],
    ['with counts of zero', 'zero_usage', { kind: 'ok' }, 1],
    ['with negative counts', 'negative_usage', { kind: 'ok' }, 1],
    ['with absurd counts', 'absurd_usage', { kind: 'ok' }, 1],
    ['without any field', 'no_fields', { ok: false, code: 'E_CALL_EMPTY', class: 'transport' }, 2],
    ['with an error in a success', 'error200', { ok: false, code: 'E_PROVIDER_ERROR' }, 2],
    ['with an error in mid stream', 'error_midway', { ok: false, code: 'E_PROVIDER_ERROR' }, 2],
    ['cut on their way', 'truncated', { ok: false, code: 'E_CALL_BODY' }, 2],
    ['in half of a JSON', 'malformed', { ok: false, code: 'E_CALL_BODY', suspect: 'address' }, 2],
    ['in a page', 'html', { ok: false, code: 'E_CALL_BODY', suspect: 'address' }, 2],
    ['of which nothing came', 'reset', { ok: false, code: 'E_CALL_RESET' }, 2],
  ])('%s -> its row; what was paid is not known, and never taken for nothing', async (_, name, expected, calls) => {
    const ended = await converse(fault(name));
    expect(ended.next).toMatchObject(expected);
    expect(ended).toMatchObject({ calls, uncounted: calls });
    for (const failure of ended.failures) expect(failure.mayHaveBeenBilled).toBe(true);
    expect(ended.billedNano).toBeGreaterThan(0);
  });

  test.each<[string, object]>([
    ['400', { class: 'request' }],
    ['401', { class: 'key' }],
    ['403', { class: 'key', code: 'E_PERMISSION' }],
    ['404', { class: 'request', code: 'E_MODEL_UNKNOWN' }],
    ['429', { class: 'rate', retryAfterMs: 1000 }],
    ['503', { class: 'overload' }],
    ['retry_info', { class: 'rate', retryAfterMs: 2000 }],
    ['daily_quota', { class: 'reset', code: 'E_QUOTA_DAILY' }],
    ['credit_balance_exhausted', { class: 'billing', code: 'E_BILLING' }],
  ])('refused (%s) -> not paid for', async (name, expected) => {
    const ended = await converse(fault(name));
    expect(ended.next).toMatchObject({ ok: false, mayHaveBeenBilled: false, ...expected });
    expect(ended).toMatchObject({ calls: 1, billedNano: 0 });
  });
});

test('a signature that is changed on its way through the store -> the API refuses it, and the row says so', async () => {
  const { steps } = await converse('tell me');
  const changed = JSON.parse(JSON.stringify(steps).replace(/"thoughtSignature":"[^"]{4}/, '"thoughtSignature":"AAAA')) as Step[];
  const next = nextStep(
    { systemPrompt: 'Be short.', multiTurn: true, maxTurns: 2, followUp: 'go on', stopWhen: [], onTruncate: 'keep' },
    { prompt: 'tell me' },
    changed,
  );
  if (next.kind !== 'ask') throw new Error(next.kind);
  expect(await adapter.call(geminiCall(simulator.url, { messages: next.messages }))).toMatchObject({
    ok: false,
    status: 400,
    message: 'HTTP 400: Corrupted thought signature.',
  });
});
