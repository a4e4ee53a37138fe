/** Conversations over the wire as a run has them, with the simulated provider, and some with a server that this project did not write. */
import { LLMock } from '@copilotkit/aimock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answerText, userMessage } from '../../../../src/core/conversation/message.js';
import { type ConversationRules, checkedStep, type Step } from '../../../../src/core/conversation/next-step.js';
import { addUsage, NO_USAGE, type Usage } from '../../../../src/core/model.js';
import { costOf, SIM_PRICE } from '../../../../src/core/money/price.js';
import { isTry, retryDecision } from '../../../../src/core/retry.js';
import type { ModelCall } from '../../../../src/llm/port.js';
import { createSdkAdapter } from '../../../../src/llm/sdk-adapter.js';
import { ALL_WIRES } from '../../../../src/llm/wires/all-wires.js';
import type { SimulatorOptions } from '../../../../src/simulator/options.js';
import { type Simulator, startSimulator } from '../../../../src/simulator/server.js';
import { modelCall } from '../../model-call.js';

const RULES: ConversationRules = {
  systemPrompt: 'Be short.',
  multiTurn: false,
  maxTurns: 5,
  followUp: 'Continue. When the task is complete, end your answer with [DONE].',
  stopWhen: [{ contains: '[DONE]' }],
  onTruncate: 'keep',
};

interface Row {
  /** `ok`, or the cause that it failed for, or that the run stopped for. */
  end: string;
  code?: string;
  output: string;
  turns: number;
  usage: Usage;
  /** Calls that say nothing of what they took. */
  unknown: number;
}

let simulator: Simulator;
afterEach(async () => {
  await simulator?.close();
});

function callTo(base: string, more: Partial<ModelCall>): ModelCall {
  const model = { provider: 'ollama', model: 'sim-small', wire: 'ollama' as const, apiBase: base, apiKeyEnv: null };
  return modelCall(base, { model, apiBase: base, apiKey: null, maxTokens: 200, ...more });
}

/** As activities do it, without store and waits. Each turn is another process: what it knows was JSON. */
async function play(prompt: string, rules: Partial<ConversationRules> = {}, more: Partial<ModelCall> = {}): Promise<Row> {
  const base = simulator.urlOf('ollama');
  const sums = { usage: NO_USAGE, unknown: 0 };
  let stored = '[]';
  let tries = 0;
  for (;;) {
    const steps = JSON.parse(stored) as Step[];
    const step = await checkedStep({ ...RULES, ...rules }, { prompt }, steps, null);
    if (step.kind === 'ok') return { end: 'ok', output: step.output, turns: steps.length, ...sums };
    if (step.kind === 'failed') {
      const output = answerText(steps.at(-1)?.answer ?? '');
      return { end: step.cause, code: step.code, output, turns: steps.length, ...sums };
    }
    const adapter = createSdkAdapter(ALL_WIRES);
    const result = await adapter.call(callTo(base, { messages: step.messages, ...more }));
    await adapter.close();
    const metered = result.ok ? result : (result.metered ?? null);
    if (metered?.usage) sums.usage = addUsage(sums.usage, metered.usage);
    else if (result.ok || result.mayHaveBeenBilled) sums.unknown += 1;
    if (result.ok) {
      stored = JSON.stringify([...steps, { answer: result.answer, finish: result.finish }]);
      tries = 0;
      continue;
    }
    if (isTry(result)) tries += 1;
    const decision = retryDecision(result, { tries, waits: 1, anyAnswered: true, random: 0 });
    if (decision.kind === 'again') continue;
    return { end: decision.cause, code: result.code, output: '', turns: steps.length, ...sums };
  }
}

async function start(options: SimulatorOptions = {}): Promise<void> {
  const fixed = { kind: 'fixed', value: 0 } as const;
  simulator = await startSimulator({ latency: fixed, answerTokens: { kind: 'fixed', value: 12 }, ...options });
}

/** What the provider knows of its bill, and what we do. */
function booked({ usage }: Row): [number, number] {
  return [simulator.stats().costNano, costOf(SIM_PRICE, usage)];
}

describe('odd conversations', () => {
  const LONG = 'word '.repeat(4_000);

  test.each([
    ['a plain one', '', {}, { end: 'ok', turns: 1 }],
    ['thoughts', '', { options: { reasoningTokens: 5 } }, { end: 'ok', turns: 1 }],
    ['thoughts switched off', '', { options: { reasoningTokens: 5 }, effort: 'none' }, { end: 'ok', turns: 1 }],
    ['a cached prompt', '', { options: { cachedShare: 0.5 } }, { end: 'ok', turns: 1 }],
    ['several turns', '', { rules: { multiTurn: true }, options: { doneTurns: 3 } }, { end: 'ok' }],
    [
      'several turns with thoughts',
      '',
      { rules: { multiTurn: true }, options: { doneTurns: 3, reasoningTokens: 4 } },
      { end: 'ok' },
    ],
    ['cut, kept', '[[sim fault=length]]', {}, { end: 'ok', turns: 1 }],
    ['cut, failed', '[[sim fault=length]]', { rules: { onTruncate: 'fail' } }, { end: 'truncated', code: 'E_ROW_TRUNCATED' }],
    [
      'cut, continued',
      '[[sim tokens=20]]',
      { rules: { onTruncate: 'continue' }, call: { maxTokens: 15 } },
      { end: 'ok', turns: 2 },
    ],
    ['all of the limit is thought', '', { options: { reasoningTokens: 300 } }, { end: 'empty', code: 'E_ROW_EMPTY' }],
    ['an ending nobody knows', '[[sim fault=finish_unknown]]', {}, { end: 'finish', code: 'E_FINISH_UNKNOWN' }],
    ['an ending in error', '[[sim fault=finish_error]]', {}, { end: 'transport', code: 'E_PROVIDER_ERROR' }],
    ['loaded, not answered, once', '[[sim fault=load*1]]', {}, { end: 'ok', turns: 1 }],
    ['loaded, never answered', '[[sim fault=load]]', {}, { end: 'transport', code: 'E_PROVIDER_ERROR' }],
    ['no text', '[[sim fault=blank]]', {}, { end: 'empty', code: 'E_CALL_EMPTY' }],
    ['an error in mid answer, once', '[[sim fault=error_midway*1]]', {}, { end: 'ok', unknown: 1 }],
    ['an error in mid answer', '[[sim fault=error_midway]]', {}, { end: 'transport', code: 'E_PROVIDER_ERROR', unknown: 5 }],
    ['the prompt was cut', `${LONG}[[sim fault=prompt_cut]]`, {}, { end: 'too_long', code: 'E_ROW_TOO_LONG' }],
    ['another model answered', '[[sim fault=other_model]]', {}, { end: 'ok', turns: 1 }],
    ['no usage', '[[sim fault=no_usage]]', {}, { end: 'ok', unknown: 1 }],
    ['usage of zeros', '[[sim fault=zero_usage]]', {}, { end: 'ok', unknown: 1 }],
    ['negative usage', '[[sim fault=negative_usage]]', {}, { end: 'ok', unknown: 1 }],
    ['absurd usage', '[[sim fault=absurd_usage]]', {}, { end: 'ok', unknown: 1 }],
    ['an over-long prompt', LONG, { options: { contextWindow: 2_048 } }, { end: 'too_long', code: 'E_ROW_TOO_LONG' }],
    ['no such model', '', { options: { models: ['other'] } }, { end: 'request', code: 'E_MODEL_UNKNOWN' }],
    ['a full queue, twice', '[[sim fault=503*2]]', {}, { end: 'ok', turns: 1 }],
    ['a rate limit, once', '[[sim fault=429*1]]', {}, { end: 'ok', turns: 1 }],
    ['a refused key', '[[sim fault=401]]', {}, { end: 'key', code: 'E_KEY_REFUSED' }],
    ['500 once', '[[sim fault=500*1]]', {}, { end: 'ok', turns: 1 }],
    ['a page of a gateway', '[[sim fault=502]]', {}, { end: 'transport', code: 'E_PROVIDER_ERROR' }],
    ['a page instead of an answer', '[[sim fault=html]]', {}, { end: 'transport', code: 'E_CALL_BODY' }],
    ['an error in a success', '[[sim fault=error200*1]]', {}, { end: 'ok', unknown: 1 }],
    ['broken JSON, once', '[[sim fault=malformed*1]]', {}, { end: 'ok', unknown: 1 }],
    ['a connection that breaks, once', '[[sim fault=truncated*1]]', {}, { end: 'ok', unknown: 1 }],
    ['a reset, once', '[[sim fault=reset*1]]', {}, { end: 'ok', unknown: 1 }],
    ['blank lines before it', '[[sim fault=blanks]]', {}, { end: 'ok', turns: 1 }],
  ] as [
    string,
    string,
    {
      options?: SimulatorOptions;
      rules?: Partial<ConversationRules>;
      call?: Partial<ModelCall>;
      effort?: 'none';
    },
    Partial<Row>,
  ][])(
    'conversation: %s -> ends as it should, booked as the provider does',
    async (_, prompt, { options, rules, call, effort }, expected) => {
      await start(options);
      const settings = { temperature: null, topP: null, ...(effort === undefined ? {} : { reasoningEffort: effort }) };
      const row = await play(`Say something. ${prompt}`, rules, { settings, ...call });
      expect(row).toMatchObject(expected);
      if (row.end === 'ok') expect(row.output).not.toBe('');
      const [theirs, ours] = booked(row);
      // What is known is never more than the bill; all of it is known where no call was silent, but for the prompt that the fault hides.
      expect(ours).toBeLessThanOrEqual(theirs);
      if (row.unknown === 0 && !prompt.includes('prompt_cut')) expect(ours).toBe(theirs);
    },
  );

  test('conversation: another process at every turn -> the same answers, none asked for twice', async () => {
    await start({ doneTurns: 3, reasoningTokens: 4 });
    const first = await play('Tell me more, to the [DONE].', { multiTurn: true });
    expect(first.end).toBe('ok');
    const again = await play('Tell me more, to the [DONE].', { multiTurn: true });
    expect(again).toEqual(first);
    expect(simulator.stats().billed).toBe(2 * first.turns);
  });
});

describe('a server that this project did not write', () => {
  const mock = new LLMock({ port: 0, host: '127.0.0.1' });
  const adapter = createSdkAdapter(ALL_WIRES);
  beforeAll(async () => {
    await mock.start();
  });
  beforeEach(() => {
    mock.clearFixtures();
    mock.clearRequests();
  });
  afterAll(async () => {
    await mock.stop();
    await adapter.close();
  });

  const call = (content: string) => adapter.call(callTo(new URL(mock.url).origin, { messages: [userMessage(content)] }));

  test('foreign server: text -> read; it counts nothing, so usage is unknown', async () => {
    mock.onMessage('hello', { content: 'Hi there!' });
    expect(await call('hello')).toMatchObject({ ok: true, answer: 'Hi there!', finish: 'stop', usage: null });
    expect(mock.getRequests()).toHaveLength(1);
    expect(mock.getRequests()[0]?.path).toBe('/api/chat');
  });

  test('foreign server: thoughts under another name -> kept', async () => {
    mock.onMessage('think', { content: 'four', reasoning: 'easy' });
    const result = await call('think');
    expect(result.ok && result.answer).toEqual([
      { type: 'reasoning', text: 'easy', providerData: { ollama: {} } },
      { type: 'text', text: 'four' },
    ]);
  });

  test('foreign server: a tool call -> tool', async () => {
    mock.onMessage('weather', { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Oslo"}' }] });
    const result = await call('weather');
    expect(result).toMatchObject({ ok: true, finish: 'tool' });
    expect(result.ok && result.answer).toEqual([{ type: 'tool-call', id: 'c0', name: 'get_weather', input: '{"city":"Oslo"}' }]);
  });

  test('foreign server: 500 once -> a fault, then an answer', async () => {
    mock.onMessage('again', { content: 'now' });
    mock.nextRequestError(500, { message: 'server error', type: 'server_error' });
    expect(await call('again')).toMatchObject({ ok: false, class: 'transport', code: 'E_PROVIDER_ERROR' });
    expect(await call('again')).toMatchObject({ ok: true, answer: 'now' });
  });

  test('foreign server: 429 -> a rate limit', async () => {
    mock.onMessage('busy', { error: { message: 'Rate limit reached', type: 'rate_limit_error' }, status: 429 });
    expect(await call('busy')).toMatchObject({ ok: false, class: 'rate' });
  });
});
