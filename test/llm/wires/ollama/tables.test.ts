import { describe, expect, test } from 'vitest';
import { finishOf } from '../../../../src/llm/wires/ollama/finish.js';
import { answerIn } from '../../../../src/llm/wires/ollama/pieces.js';
import { usageOf } from '../../../../src/llm/wires/ollama/usage.js';

describe('finishOf', () => {
  test.each([
    ['stop', 'stop'],
    ['STOP ', 'stop'],
    ['length', 'length'],
    ['load', 'error'],
    ['unload', 'error'],
    ['error', 'error'],
    ['tool_calls', 'tool'],
    ['max_tokens', 'length'],
    ['content_filter', 'filter'],
    ['', 'unknown'],
    [null, 'unknown'],
    ['paused_for_tea', 'unknown'],
    ['constructor', 'unknown'],
  ])('finishOf: %j -> %s', (raw, finish) => {
    expect(finishOf(raw)).toBe(finish);
  });
});

describe('usageOf', () => {
  const counts = { prompt_eval_count: 26, eval_count: 5 };

  test.each([
    ['both counts', counts, { input: 26, cached: 0, output: 5 }],
    [
      'cached ones, which are part of the prompt',
      { ...counts, prompt_eval_cached_count: 20 },
      { input: 26, cached: 20, output: 5 },
    ],
    ['all of it cached', { ...counts, prompt_eval_cached_count: 26 }, { input: 26, cached: 26, output: 5 }],
    ['digits as text', { prompt_eval_count: '26', eval_count: '5' }, { input: 26, cached: 0, output: 5 }],
  ])('usageOf: %s -> read', (_, body, usage) => {
    expect(usageOf(body, 'x')).toEqual({ ...usage, reasoning: 0 });
  });

  test.each([
    ['none', {}],
    ['no prompt, as old versions say of a cached one', { eval_count: 5 }],
    ['no output', { prompt_eval_count: 26 }],
    ['zeros', { prompt_eval_count: 0, eval_count: 0 }],
    ['text of no tokens', { prompt_eval_count: 26, eval_count: 0 }],
    ['negative ones', { prompt_eval_count: -7, eval_count: -7 }],
    ['absurd ones', { prompt_eval_count: 1e15, eval_count: 1e15 }],
    ['fractions', { prompt_eval_count: 2.5, eval_count: 5 }],
    ['lists', { prompt_eval_count: [26], eval_count: {} }],
    ['more cached than there was', { ...counts, prompt_eval_cached_count: 27 }],
    ['nonsense of cached ones', { ...counts, prompt_eval_cached_count: 'many' }],
  ])('usageOf: %s -> null', (_, body) => {
    expect(usageOf(body, 'x')).toBeNull();
  });

  test('usageOf: no text, no tokens -> a usage all the same', () => {
    expect(usageOf({ prompt_eval_count: 26, eval_count: 0 }, '')).toMatchObject({ input: 26, output: 0 });
  });
});

describe('answerIn', () => {
  const piece = (content: string, more: object = {}) =>
    JSON.stringify({ model: 'm', message: { role: 'assistant', content }, done: false, ...more });
  const end = JSON.stringify({
    model: 'm',
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
    eval_count: 2,
  });
  const whole = JSON.stringify({ model: 'm', message: { role: 'assistant', content: 'four' }, done: true, done_reason: 'stop' });
  const PIECES = [piece('fo'), piece('ur'), end];

  test.each([
    ['one object', whole],
    ['a list of one', `[${whole}]`],
    ['a blank line before and after', `\n\n${whole}\n\n`],
    ['something behind it', `${whole}\n<!-- served by x -->`],
    ['the same twice', `${whole}${whole}`],
    ['comments before it', `: wait\n${whole}`],
    ['lines', `${PIECES.join('\n')}\n`],
    ['lines with CRLF', PIECES.join('\r\n')],
    ['a list of pieces', `[${PIECES.join(',')}]`],
    ['events', PIECES.map((each) => `data: ${each}\n\n`).join('')],
    ['no word of whether it is done', JSON.stringify({ message: { content: 'four' } })],
  ])('answerIn: %s -> the whole answer', (_, body) => {
    const { value, cut } = answerIn(body);
    expect(cut).toBe(false);
    expect(value).toMatchObject({ message: { content: 'four' } });
  });

  test('answerIn: pieces -> thoughts and calls of all of them, counts of the last', () => {
    const call = { function: { name: 'look', arguments: {} } };
    const lines = [
      JSON.stringify({ message: { thinking: 'let ', content: '' }, done: false }),
      JSON.stringify({ message: { thinking: 'me see', content: '' }, done: false }),
      JSON.stringify({ message: { content: '', tool_calls: [call] }, done: false }),
      JSON.stringify({ message: { content: '', tool_calls: [call] }, done: false }),
      end,
    ];
    expect(answerIn(lines.join('\n')).value).toMatchObject({
      message: { thinking: 'let me see', content: '', tool_calls: [call, call] },
      done_reason: 'stop',
      eval_count: 2,
    });
  });

  test('answerIn: pieces without their end, a piece alone, a broken line -> cut', () => {
    for (const body of [PIECES.slice(0, 2).join('\n'), piece('fo'), `${PIECES[0]}\n${PIECES[1]?.slice(0, 20)}`]) {
      expect(answerIn(body)).toEqual({ value: undefined, cut: true });
    }
  });

  test('answerIn: an error line among pieces -> the error beside what was there', () => {
    const { value, cut } = answerIn(`${piece('fo')}\n{"error":"the runner stopped"}\n`);
    expect([value, cut]).toMatchObject([{ message: { content: 'fo' }, error: 'the runner stopped', done: false }, false]);
  });

  test.each(['', 'four', '<html></html>', '{', '[]', 'null', '17', '"four"', '{"error":'])('answerIn: %j -> no throw', (body) => {
    expect(() => answerIn(body)).not.toThrow();
  });
});
