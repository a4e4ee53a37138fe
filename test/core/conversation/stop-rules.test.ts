import { expect, it } from 'vitest';
import { holds, isComplete, withoutStops } from '../../../src/core/conversation/stop-rules.js';

it.each([
  [{ contains: 'END' }, 'the END.', true],
  [{ contains: 'END' }, 'the end.', false],
  [{ equals: 'yes' }, ' yes\n', true],
  [{ equals: 'yes' }, 'yes.', false],
  [{ matches: '^done$' }, 'a\ndone\nb', true],
  [{ contains: 'a', matches: 'b$' }, 'ab', true],
  [{ contains: 'a', matches: 'c$' }, 'ab', false],
  [{}, 'anything', false],
])('holds: rule %j on %j -> %s', (rule, answer, expected) => {
  expect(holds(rule, answer)).toBe(expected);
});

it('isComplete: any rule holds -> complete; none -> not', () => {
  expect(isComplete([{ contains: 'x' }, { contains: 'b' }], 'abc')).toBe(true);
  expect(isComplete([], 'abc')).toBe(false);
});

it.each([
  ['positive [DONE]', 'positive'],
  ['positive\n[DONE]\n', 'positive'],
  ['[DONE]', '[DONE]'],
  ['[DONE] positive', '[DONE] positive'],
  [' positive ', 'positive'],
])('withoutStops: %j -> %j', (answer, said) => {
  expect(withoutStops([{ equals: 'x' }, { contains: '[DONE]' }], answer)).toBe(said);
});
