import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HashTable } from '../../src/core/hash-table.js';

test('HashTable: any sets -> the same as a Map', () => {
  const half = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 0xffffffff }));
  fc.assert(
    fc.property(fc.array(fc.tuple(half, half, fc.integer({ min: 1, max: 0xffffffff })), { maxLength: 300 }), (entries) => {
      const table = new HashTable();
      const map = new Map<string, number>();
      for (const [high, low, value] of entries) {
        table.set(high, low, value);
        map.set(`${high} ${low}`, value);
      }
      expect(table.size).toBe(map.size);
      for (const [high, low] of entries) expect(table.get(high, low)).toBe(map.get(`${high} ${low}`));
      expect(table.get(7, 7_000_000)).toBe(map.get('7 7000000') ?? 0);
    }),
  );
});

test('HashTable: 100,000 hashes -> grows and keeps all', () => {
  const table = new HashTable();
  for (let n = 1; n <= 100_000; n += 1) table.set(n, Math.imul(n, 0x9e3779b1) >>> 0, n);
  expect(table.size).toBe(100_000);
  for (let n = 1; n <= 100_000; n += 1) if (table.get(n, Math.imul(n, 0x9e3779b1) >>> 0) !== n) throw new Error(`lost ${n}`);
});
