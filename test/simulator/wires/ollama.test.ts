import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatorOptions } from '../../../src/simulator/options.js';
import { type Simulator, startSimulator } from '../../../src/simulator/server.js';

const open: Simulator[] = [];
afterEach(async () => {
  for (const simulator of open.splice(0)) await simulator.close();
});

async function start(options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ latency: { kind: 'fixed', value: 0 }, ...options });
  open.push(simulator);
  const base = simulator.urlOf('ollama');
  async function post(body: unknown) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(`${base}/api/chat`, { method: 'POST', body: text });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  }
  const chat = (content: string, more: object = {}) =>
    post({ model: 'sim-small', messages: [{ role: 'user', content }], stream: false, ...more });
  return { simulator, base, post, chat };
}

describe("Ollama's chat of the simulator", () => {
  it('chat: twice the same -> the same bytes, with its counts and ending; the base has no version', async () => {
    const { base, simulator, chat } = await start({ answerTokens: { kind: 'fixed', value: 12 } });
    expect(base).toBe(`http://127.0.0.1:${simulator.port}`);
    const first = await chat('hello there');
    expect(JSON.parse(first.text)).toMatchObject({
      model: 'sim-small',
      message: { role: 'assistant', content: expect.stringMatching(/^\S+(?: \S+){11}$/) },
      ...{ done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: 12 },
    });
    expect((await chat('hello there')).text).toBe(first.text);
  });

  it('chat: an output limit, a cached prompt, thoughts -> as the API says it', async () => {
    const { chat } = await start({ answerTokens: { kind: 'fixed', value: 12 }, cachedShare: 0.5, reasoningTokens: 3 });
    const answer = async (more: object) => JSON.parse((await chat('hello there', more)).text);
    expect(await answer({ options: { num_predict: 8 } })).toMatchObject({
      ...{ done_reason: 'length', eval_count: 8, prompt_eval_count: 7, prompt_eval_cached_count: 3 },
      message: { thinking: 'thought-1 thought-2 thought-3' },
    });
    expect((await answer({ think: false })).message).not.toHaveProperty('thinking');
    expect((await answer({ think: 'high' })).message).toHaveProperty('thinking');
  });

  it('chat: no word of a stream -> one comes, a JSON object a line', async () => {
    const { chat } = await start({ answerTokens: { kind: 'fixed', value: 20 }, reasoningTokens: 9 });
    const { type, text } = await chat('hello', { stream: undefined });
    const whole = JSON.parse((await chat('hello')).text);
    expect(type).toBe('application/x-ndjson');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ done }) => done)).toEqual([false, false, false, false, false, true]);
    expect(lines.map(({ message }) => message.thinking ?? '').join('')).toBe(whole.message.thinking);
    expect(lines.map(({ message }) => message.content).join('')).toBe(whole.message.content);
    expect(lines.at(-1)).toMatchObject({ done_reason: 'stop', eval_count: 29 });
  });

  it.each([
    ['nothing', '', 'missing request body'],
    ['no JSON', '{"model"', 'invalid character'],
    ['a list', [], 'cannot unmarshal array'],
    ['no model', { messages: [] }, 'model is required'],
    ['a model that is a number', { model: 7 }, 'ChatRequest.model of type string'],
    ['messages as a text', { model: 'm', messages: 'hi' }, 'ChatRequest.messages of type []api.Message'],
    ['an unknown role', { model: 'm', messages: [{ role: 'bot', content: 'a' }] }, 'invalid role: bot'],
    [
      'content in parts',
      { model: 'm', messages: [{ role: 'user', content: [{ type: 'text' }] }] },
      'messages.content of type string',
    ],
    [
      'thinking in parts',
      { model: 'm', messages: [{ role: 'assistant', content: 'a', thinking: [] }] },
      'messages.thinking of type string',
    ],
    [
      'arguments as a text',
      { model: 'm', messages: [{ role: 'assistant', content: '', tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }] },
      'arguments of type api.ToolCallFunctionArguments',
    ],
    ['options as a list', { model: 'm', options: [] }, 'ChatRequest.options of type map[string]interface {}'],
    ['an output limit as a text', { model: 'm', options: { num_predict: '50' } }, 'option "num_predict" must be of type integer'],
    ['an odd level of thinking', { model: 'm', think: 'VERY hard' }, 'invalid think value: "VERY hard"'],
    ['a level as a number', { model: 'm', think: 3 }, 'invalid think value: 3'],
    ['an odd format', { model: 'm', format: 'yaml' }, 'invalid format'],
    ['truncate as a text', { model: 'm', truncate: 'no' }, 'ChatRequest.truncate of type bool'],
  ])('chat: %s -> 400 in its words', async (_, body, found) => {
    const { post } = await start();
    const { status, text } = await post(body);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toEqual({ error: expect.stringContaining(found) });
  });

  it('chat: fields that it does not know -> pass, as at the real one', async () => {
    const { chat } = await start();
    expect((await chat('a', { max_tokens: 'x', options: { top_k: 3, num_ctx: 512 }, format: {}, keep_alive: '5m' })).status).toBe(
      200,
    );
  });

  it('chat: an unknown model, an over-long prompt, no room -> errors in its words', async () => {
    const { chat } = await start({ models: ['sim-small'], contextWindow: 300 });
    expect(await chat('a', { model: 'gone' })).toMatchObject({ status: 404, text: `{"error":"model 'gone' not found"}` });
    const long = await chat('x'.repeat(2_000));
    expect([long.status, JSON.parse(long.text).error]).toEqual([
      400,
      expect.stringMatching(/^request \(\d+ tokens\) exceeds the available context size \(300 tokens\)/),
    ]);
    const busy = await chat('[[sim fault=503]]');
    expect([busy.status, JSON.parse(busy.text).error]).toEqual([503, expect.stringContaining('maximum pending requests')]);
    expect(JSON.parse((await chat('[[sim fault=retry_info]]')).text).error).toContain('retry in 2s');
  });

  it('faults: a load, an error in mid answer, a cut prompt, no usage -> arrive so', async () => {
    const { chat } = await start({ answerTokens: { kind: 'fixed', value: 40 } });
    const fault = async (name: string, more = '') => (await chat(`${more}[[sim fault=${name}]]`)).text;
    expect(JSON.parse(await fault('load'))).toMatchObject({ message: { content: '' }, done: true, done_reason: 'load' });
    const lines = (await fault('error_midway'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(2);
    expect(lines[0]).toMatchObject({ done: false });
    expect(lines.at(-1)).toEqual({ error: 'an error was encountered while running the model' });
    expect(JSON.parse(await fault('prompt_cut', 'word '.repeat(4_000)))).toMatchObject({ prompt_eval_count: 2_050 });
    expect(JSON.parse(await fault('prompt_cut'))).toMatchObject({ prompt_eval_count: 10 });
    expect(JSON.parse(await fault('no_usage'))).not.toHaveProperty('prompt_eval_count');
  });

  it('models: the list, as `ollama list` reads it', async () => {
    const { base } = await start({ models: ['a', 'b:7b'] });
    const { models } = (await (await fetch(`${base}/api/tags`)).json()) as { models: { name: string; model: string }[] };
    expect(models.map(({ name, model }) => [name, model])).toEqual([
      ['a', 'a'],
      ['b:7b', 'b:7b'],
    ]);
  });
});
