import { describe, expect, test } from 'vitest';
import { type Message, userMessage } from '../../../../src/core/conversation/message.js';
import { promptCut, windowFor } from '../../../../src/llm/wires/ollama/prompt-cut.js';
import { modelCall } from '../../model-call.js';

/** Words of four letters and a blank: 1.25 tokens each by our count, one at least by any other. */
const words = (count: number) =>
  Array.from({ length: count }, (_, at) => 'abcdefghijklmnop'.slice(at % 12, (at % 12) + 4)).join(' ');

/** A prompt of about so many tokens. */
const prompt = (tokens: number) => [userMessage(words(Math.ceil(tokens / 1.25)))];

function cutOf(messages: Message[], counted: unknown, more: { numCtx?: unknown; cached?: unknown } = {}) {
  const extraBody = more.numCtx === undefined ? {} : { extraBody: { options: { num_ctx: more.numCtx } } };
  const call = modelCall('http://localhost:11434', { messages, settings: { temperature: null, topP: null, ...extraBody } });
  return promptCut(call, {
    prompt_eval_count: counted,
    ...(more.cached === undefined ? {} : { prompt_eval_cached_count: more.cached }),
  });
}

describe('promptCut', () => {
  test.each([
    ['half of 4,096, as the new runners leave it', 8_000, 2_050, {}],
    ['half of 32,768', 60_000, 16_386, {}],
    ['half of 2,048', 3_000, 1_026, {}],
    ['half of 65,536', 120_000, 32_770, {}],
    ['all of 4,096, as old runners fill it', 8_000, 4_096, {}],
    ['all of 2,048', 5_065, 2_048, {}],
    ['all but one of 8,192', 20_000, 8_191, {}],
    ['half of a window of its own', 9_000, 2_502, { numCtx: 5_000 }],
    ['all of a window of its own', 9_000, 5_000, { numCtx: 5_000 }],
    ['half of a window below all usual ones', 1_400, 258, { numCtx: 512 }],
    ['any count of a version that says what was cached', 8_000, 3_333, { cached: 0 }],
    ['messages at the beginning are gone: far below a long prompt', 9_000, 3_333, {}],
  ])('promptCut: %s -> cut', (_, tokens, counted, more) => {
    const cut = cutOf(prompt(tokens), counted, more);
    expect(cut?.counted).toBe(counted);
    expect(cut?.tokens).toBeGreaterThan(tokens * 0.95);
    expect(cut?.tokens).toBeLessThan(tokens * 1.05);
  });

  test.each([
    ['the whole prompt', 8_000, 8_010, {}],
    ['long words: four fifths of our count', 8_000, 6_400, {}],
    ['just at the share', 8_000, 5_700, {}],
    ['a mark, and the prompt was as short', 2_100, 2_050, {}],
    ['a short prompt of which a cache had all but the end', 1_900, 40, {}],
    ['a cache had all but the end', 8_000, 40, {}],
    ['a cache had three quarters of a prompt below the usual window', 4_000, 1_100, {}],
    ['less than half of it was cached, and no mark', 8_000, 4_500, {}],
    ['another window than the one asked for', 4_000, 2_050, { numCtx: 32_768 }],
    ['more was cached than there was: nobody knows what is counted', 8_000, 3_333, { cached: 5_000 }],
    ['no count', 8_000, undefined, {}],
    ['zero, as of old versions with a cache', 8_000, 0, {}],
    ['nonsense', 8_000, -5, {}],
    ['nonsense as text', 8_000, 'few', {}],
    ['a nonsensical window', 2_000, 500, { numCtx: 'large' }],
  ])('promptCut: %s -> none', (_, tokens, counted, more) => {
    expect(cutOf(prompt(tokens), counted, more)).toBeNull();
  });

  test('promptCut: what tokenizers make short -> is counted short', () => {
    expect(cutOf([userMessage(`a${' '.repeat(40_000)}b`)], 6)).toBeNull();
    expect(cutOf([userMessage(`${'='.repeat(40_000)}\n${'-'.repeat(40_000)}`)], 1_250)).toBeNull();
    expect(cutOf([userMessage('a'.repeat(40_000))], 2_500, { cached: 0 })).toBeNull();
    expect(cutOf([userMessage('0'.repeat(40_000))], 2_050)).toBeNull();
    expect(cutOf([userMessage(`${' '.repeat(40)}x\n`.repeat(2_000))], 4_100)).toBeNull();
  });

  test('promptCut: Chinese -> two signs a token; half of it gone is seen, a dense vocabulary is not taken for it', () => {
    const text = [userMessage('数据处理需要时间'.repeat(1_000))];
    expect(cutOf(text, 2_050)).toMatchObject({ counted: 2_050, tokens: 4_000 });
    expect(cutOf(text, 4_400)).toBeNull();
    expect(cutOf(text, 3_000)).toBeNull();
  });

  test('promptCut: thoughts and arguments of earlier answers, which templates leave out -> do not count; results of tools do', () => {
    const long = words(8_000);
    const answer: Message = {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: long },
        { type: 'tool-call', id: 'c0', name: 'look', input: JSON.stringify({ long }) },
      ],
    };
    expect(cutOf([userMessage('a'), answer], 2_050)).toBeNull();
    expect(cutOf([userMessage('a'), { role: 'tool', results: [{ id: 'c0', name: 'look', text: long }] }], 2_050)).not.toBeNull();
    expect(cutOf([{ role: 'system', text: long }, userMessage('a')], 2_050)).not.toBeNull();
  });
});

test('windowFor: tokens and answer -> the next power of two with room for what our count lacks', () => {
  expect(windowFor(100, 50)).toBe(4_096);
  expect(windowFor(5_000, 500)).toBe(8_192);
  expect(windowFor(5_000, 4_096)).toBe(16_384);
});
