import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactJson, halfPairOffset, parseExactJson, readJson } from '../../src/core/exact-json.js';

test.each([
  '9007199254740993',
  '-9007199254740993',
  '{"a":12345678901234567890,"b":[1,{"c":9007199254740993}],"__proto__":"x"}',
  '{"a":"9007199254740993","b":1.5,"c":true,"d":null}',
])('exact JSON: %s -> the same text again', (text) => {
  expect(exactJson(readJson(text).value)).toBe(text);
  expect(exactJson(parseExactJson(text))).toBe(text);
});

test('exact JSON: numbers that JSON.parse holds -> numbers, as JSON.parse reads them', () => {
  const text = '[9007199254740991, 0.12345678901234567890, 1e100, 12345678901234567890.0]';
  expect(readJson(text)).toEqual({ value: JSON.parse(text), doubt: null });
});

test.each([
  ['{"a":1,"a":2}', 7, 'the key "a" is there twice'],
  ['{"x": {"b":"c:d", "\\u0062" : 2}}', 18, 'the key "b" is there twice'],
  ['[{"a":1},{"a":1,"b":2,"a":3}]', 22, 'the key "a" is there twice'],
  ['{"__proto__":1,"__proto__":2}', 15, 'the key "__proto__" is there twice'],
  ['{"a": 1e999}', 6, '"1e999" is too large for a number'],
])('readJson: %s -> its place', (text, offset, found) => {
  expect(readJson(text).doubt).toMatchObject({ offset, found });
});

test('readJson: keys alike in other objects, colons in texts -> no doubt', () => {
  expect(readJson('[{"a":"x:y","b":{"a":1}},{"a":":"}]').doubt).toBeNull();
});

test('readJson: any JSON -> what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\n'), (value, blank) => {
      const text = JSON.stringify({ '': 1e16, value }, null, blank);
      expect(JSON.parse(exactJson(readJson(text).value))).toEqual(JSON.parse(text));
      expect(readJson(text).doubt).toBeNull();
    }),
    { numRuns: 300 },
  );
});

test('readJson: nested 100,000 deep -> read, no stack overflow', () => {
  const text = `${'['.repeat(100_000)}9007199254740993${']'.repeat(100_000)}`;
  expect(readJson(text).doubt).toBeNull();
});

test.each([
  ['"\\ud83d\\ude00"', -1],
  ['"\\\\ud83d"', -1],
  ['"x\\ud83d"', 2],
  ['"\\ud83d\\ud83d\\ude00"', 1],
  ['"\\uDE00"', 1],
  ['"\\\\\\ud83d"', 3],
  ['"\\u00e9"', -1],
])('halfPairOffset: %s -> %i', (text, offset) => {
  expect(halfPairOffset(text)).toBe(offset);
});
