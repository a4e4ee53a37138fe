import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { turnSignature } from '../../src/simulator/wires/gemini-signatures.js';

const running: Simulator[] = [];
let plain: Simulator;
let thinking: Simulator;

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({
    latency: { kind: 'fixed', value: 0 },
    answerTokens: { kind: 'fixed', value: 20 },
    ...options,
  });
  running.push(simulator);
  return simulator;
}
beforeAll(async () => {
  plain = await start();
  thinking = await start({ reasoningTokens: 30, cachedShare: 0.5 });
});
afterAll(async () => {
  for (const simulator of running) await simulator.close();
});

async function post(simulator: Simulator, body: unknown, path = 'models/sim-small:generateContent') {
  const response = await fetch(`${simulator.urlOf('gemini')}/${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, type: response.headers.get('content-type'), text, json: () => JSON.parse(text) };
}

const user = (text: string) => ({ role: 'user', parts: [{ text }] });
const asked = (text: string, generationConfig: object = {}) => ({ contents: [user(text)], generationConfig });

describe('answers', () => {
  it('generateContent: a prompt -> a candidate, counts without zeros, the asked model', async () => {
    const { status, json } = await post(plain, asked('hello [[sim answer=Hi!]]'));
    expect([status, json()]).toEqual([
      200,
      {
        candidates: [{ content: { parts: [{ text: 'Hi!' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
        usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 1, totalTokenCount: 11 },
        modelVersion: 'sim-small',
        responseId: expect.stringMatching(/^chatcmpl-/),
      },
    ]);
  });

  it('generateContent: the same messages over the chat wire -> the same answer', async () => {
    const contents = [user('a'), { role: 'model', parts: [{ text: 'b' }] }, user('c')];
    const { json } = await post(plain, { systemInstruction: { parts: [{ text: 'Be short.' }] }, contents });
    const messages = [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ];
    const chat = await fetch(`${plain.url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'sim-small', messages }),
    });
    const completion = (await chat.json()) as { choices: { message: { content: string } }[] };
    expect(json().candidates[0].content.parts[0].text).toBe(completion.choices[0]?.message.content);
  });

  it('generateContent: the model thinks -> counted beside the answer, which is signed; written out when asked for; budget 0 -> none', async () => {
    const parts = async (thinkingConfig: object) => {
      const { json } = await post(thinking, asked('hello', { thinkingConfig, maxOutputTokens: 100 }));
      const { candidates, usageMetadata } = json();
      return { parts: candidates[0].content.parts as Record<string, unknown>[], usage: usageMetadata };
    };
    const silent = await parts({});
    expect(silent.usage).toMatchObject({
      candidatesTokenCount: 20,
      thoughtsTokenCount: 30,
      cachedContentTokenCount: 3,
      totalTokenCount: 56,
    });
    expect(silent.parts).toEqual([{ text: expect.any(String), thoughtSignature: turnSignature(silent.parts) }]);
    const shown = await parts({ includeThoughts: true });
    expect(shown.parts).toEqual([{ text: expect.any(String), thought: true }, ...silent.parts]);
    const off = await parts({ thinkingBudget: 0 });
    expect([off.parts, off.usage.thoughtsTokenCount]).toEqual([[{ text: silent.parts[0]?.['text'] }], undefined]);
  });

  it('streamGenerateContent -> pieces as events, the ending, the signature and all counts last', async () => {
    const { type, text } = await post(thinking, asked('hello'), 'models/sim-small:streamGenerateContent?alt=sse');
    const pieces = text
      .split('\r\n\r\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line.replace(/^data: /, '')));
    const parts = pieces.flatMap(({ candidates }) => candidates[0].content.parts ?? []);
    const whole = (await post(thinking, asked('hello'))).json();
    expect(type).toBe('text/event-stream');
    expect(parts.map((part) => part.text).join('')).toBe(whole.candidates[0].content.parts[0].text);
    expect(parts.at(-1)).toEqual({ text: '', thoughtSignature: whole.candidates[0].content.parts[0].thoughtSignature });
    expect(pieces.map(({ candidates }) => candidates[0].finishReason)).toEqual([...pieces.slice(1).map(() => undefined), 'STOP']);
    expect(pieces.at(-1).usageMetadata).toEqual(whole.usageMetadata);
  });

  it('models -> its list, in its shape', async () => {
    const list = await (await fetch(`${plain.urlOf('gemini')}/models`)).json();
    expect(list).toMatchObject({
      models: [{ name: 'models/sim-small', supportedGenerationMethods: ['generateContent'] }, { name: 'models/sim-large' }],
    });
  });

  it('the chat wire where Gemini has it -> spoken', async () => {
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
    expect((await fetch(`${plain.urlOf('gemini')}/openai/chat/completions`, { method: 'POST', body })).status).toBe(200);
  });
});

describe('refusals', () => {
  const call = { functionCall: { name: 'look', args: {} } };
  const result = { role: 'user', parts: [{ functionResponse: { name: 'look', response: { name: 'look', content: 'seen' } } }] };
  const model = (...parts: object[]) => ({ role: 'model', parts });
  const later = (...contents: object[]) => ({ contents: [user('a'), ...contents] });
  it.each([
    ['no JSON', '{', 'Unexpected token'],
    ['a field that it does not know', { ...asked('a'), messages: [] }, 'Unknown name "messages": Cannot find field.'],
    ['one in its settings', asked('a', { max_tokens: 5 }), `Unknown name "max_tokens" at 'generation_config'`],
    ['one in a part', { contents: [{ parts: [{ text: 'a', cache_control: {} }] }] }, 'Unknown name "cache_control"'],
    ['no contents', {}, 'contents is not specified'],
    ['no parts', { contents: [{ role: 'user', parts: [] }] }, 'contents.parts must not be empty'],
    ['an empty part', { contents: [{ role: 'user', parts: [{}] }] }, "required oneof field 'data'"],
    ['a part of two kinds', { contents: [{ parts: [{ text: 'a', ...call }] }] }, "required oneof field 'data'"],
    ['a text that is none', { contents: [{ parts: [{ text: 7 }] }] }, 'contents[0].parts[0].text'],
    ['another role', { contents: [{ role: 'assistant', parts: [{ text: 'a' }] }] }, 'Please use a valid role: user, model.'],
    ['a system message among them', { contents: [{ role: 'system', parts: [{ text: 'a' }] }] }, 'Please use a valid role'],
    ['no room for an answer', asked('a', { maxOutputTokens: 0 }), 'generation_config.maxOutputTokens'],
    ['a limit that is a text', asked('a', { maxOutputTokens: '50' }), 'generation_config.maxOutputTokens'],
    ['a seed in parts', asked('a', { seed: 1.5 }), 'generation_config.seed'],
    ['an effort that it does not know', asked('a', { thinkingConfig: { thinkingLevel: 'xhigh' } }), 'thinking_level'],
    [
      'an effort and a budget',
      asked('a', { thinkingConfig: { thinkingLevel: 'low', thinkingBudget: 5 } }),
      'only one of thinking budget and thinking level',
    ],
    [
      'a result without a call',
      { contents: [user('a'), model({ text: 'b' }), result] },
      'immediately after a function call turn',
    ],
    ['a call without its result', later(model(call), user('b')), 'number of function response parts'],
    ['two calls and one result', later(model(call, call), result), 'number of function response parts'],
    ['a call after a call', later(model(call), model(call)), 'immediately after a user turn'],
    ['a signature that is no base64', later(model({ text: 'b', thoughtSignature: '!' }), user('c')), 'Base64 decoding failed'],
    [
      'a signature of another text',
      later(model({ text: 'c', thoughtSignature: turnSignature([{ text: 'b' }]) }), user('d')),
      'Corrupted thought signature.',
    ],
  ])('generateContent: %s -> 400 in its shape', async (_, body, says) => {
    const { status, json } = await post(plain, body);
    expect([status, json()]).toEqual([
      400,
      { error: { code: 400, message: expect.stringContaining(says), status: 'INVALID_ARGUMENT' } },
    ]);
  });

  it('generateContent: calls come back signed, or with the word for it, or to a model that wants none -> taken', async () => {
    const status = async (name: string, part: object) =>
      (await post(plain, later(model(part), result), `models/${name}:generateContent`)).status;
    expect(await status('gemini-3.5-flash', call)).toBe(400);
    expect(await status('gemini-2.5-flash', call)).toBe(200);
    expect(await status('gemini-3.5-flash', { ...call, thoughtSignature: turnSignature([call]) })).toBe(200);
    expect(await status('gemini-3.5-flash', { ...call, thoughtSignature: 'skip_thought_signature_validator' })).toBe(200);
  });

  it.each([
    ['429', 429, 'RESOURCE_EXHAUSTED', 'rate_limit_exceeded'],
    ['401', 401, 'UNAUTHENTICATED', 'invalid_api_key'],
    ['500', 500, 'INTERNAL', null],
    ['503', 503, 'UNAVAILABLE', 'server_is_overloaded'],
    ['529', 529, 'UNKNOWN', null],
  ])('faults: %s -> its number, its status, its reason in a detail', async (fault, code, status, reason) => {
    const answer = await post(plain, asked(`x [[sim fault=${fault}]]`));
    const details =
      reason === null
        ? {}
        : { details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com' }] };
    expect([answer.status, answer.json().error]).toEqual([code, { code, message: expect.any(String), status, ...details }]);
  });

  it('limits -> kept, and told by no header', async () => {
    const limited = await start({ rpm: 60, burst: 1, retryAfter: 'absent' });
    const told = async () => {
      const answer = await fetch(`${limited.urlOf('gemini')}/models/m:generateContent`, {
        method: 'POST',
        body: JSON.stringify(asked('a')),
      });
      return [answer.status, [...answer.headers.keys()].filter((name) => /ratelimit|retry/.test(name))];
    };
    expect([await told(), await told()]).toEqual([
      [200, []],
      [429, []],
    ]);
  });

  it('faults: those in the shape of Google -> as they are', async () => {
    expect((await post(plain, asked('x [[sim fault=retry_info]]'))).json().error.details[0].retryDelay).toBe('2s');
  });
});
