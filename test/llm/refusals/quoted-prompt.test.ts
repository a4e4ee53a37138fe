import { expect, it } from 'vitest';
import { withoutRepeated } from '../../../src/llm/refusals/quoted-prompt.js';

const ROW = 'Dear doctor, since Monday I have had a pain in my left knee.';

it.each([
  ['nothing of it', 'The model does not exist', 'The model does not exist'],
  ['all of it in quotes', `Invalid text: "${ROW}" (1)`, 'Invalid text: "[...]" (1)'],
  ['a long part, from the middle of a sentence', 'near: Monday I have had a pain in my: bad', 'near: [...]: bad'],
  ['a few words, as any sentence has them', 'I have had a look', 'I have had a look'],
  ['twice', `${ROW} / ${ROW}`, '[...] / [...]'],
])('withoutRepeated: %s -> what the provider says itself', (_what, said, kept) => {
  expect(withoutRepeated(said, ['You translate.', ROW])).toBe(kept);
});

it('withoutRepeated: a short text that was asked -> gone as a whole; a single word -> it stays, it may be the name of a field', () => {
  expect(withoutRepeated('cannot read "my red car"', ['my red car'])).toBe('cannot read "[...]"');
  expect(withoutRepeated('temperature is not supported', ['temperature'])).toBe('temperature is not supported');
});

it('withoutRepeated: no text, no request -> as it is', () => {
  expect(withoutRepeated('', [ROW])).toBe('');
  expect(withoutRepeated(`Invalid: ${ROW}`, [])).toBe(`Invalid: ${ROW}`);
});

it('withoutRepeated: a long sentence and a long prompt -> quick', () => {
  const prompt = 'a b c d e f g h '.repeat(60_000);
  const started = performance.now();
  withoutRepeated('x y z '.repeat(1_300), [prompt]);
  expect(performance.now() - started).toBeLessThan(5_000);
});

it('withoutRepeated: a long sentence beside a long prompt, whatever they hold -> in no time that grows with both', () => {
  const asked = ['a'.repeat(500_000)];
  expect(withoutRepeated('a '.repeat(4_000), asked)).toBe('a '.repeat(4_000));
});
