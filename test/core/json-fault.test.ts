import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonFaultOffset } from '../../src/core/json-fault.js';

test.each([
  ['', 0],
  ['  ', 2],
  ['abc', 0],
  ['{"a": 1,}', 8],
  ['{"a" 1}', 5],
  ['{"a":1', 6],
  ['{a:1}', 1],
  ['[1,]', 3],
  ['[1 2]', 3],
  ['"x\ny"', 2],
  ['"x\\qy"', 2],
  ['"open', 5],
  ['{"a":"b"} x', 10],
  ['[1}', 2],
  ['01', 1],
  ['-', 0],
  ['truex', 4],
])('jsonFaultOffset: %j -> %i', (text, offset) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonFaultOffset(text)).toBe(offset);
});

test('jsonFaultOffset: any JSON -> its end; cut anywhere inside a list -> the cut', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), (value, at) => {
      const text = JSON.stringify([value]);
      expect(jsonFaultOffset(text)).toBe(text.length);
      const cut = text.slice(0, at % text.length);
      expect(jsonFaultOffset(cut)).toBeLessThanOrEqual(cut.length);
      expect(jsonFaultOffset(cut)).toBeGreaterThanOrEqual(Math.max(0, cut.length - 6));
    }),
    { numRuns: 300 },
  );
});

test('jsonFaultOffset: a string of 5 million characters without its end -> the end, no stack overflow', () => {
  const text = `"${'a'.repeat(5_000_000)}`;
  expect(jsonFaultOffset(text)).toBe(text.length);
});
