import { expect, it } from 'vitest';
import { rowSummary } from '../../src/workflows/row-summary.js';

it.each([
  [['r1'], 1, 'row r1'],
  [['r1', 'r200'], 200, '200 rows: r1 to r200'],
  [['a\nb\u0000c', 'd\u202ee'], 2, '2 rows: a b c to d e'],
  [['x'.repeat(200)], 1, `row ${'x'.repeat(39)}…`],
])('%j of %i rows -> %s', (ids, count, text) => {
  expect(rowSummary(ids, count)).toBe(text);
});

it('the longest ids -> within what the server takes of a summary', () => {
  for (const sign of ['😀', '\ud800', '"', '漢']) {
    const id = sign.repeat(200);
    expect(Buffer.byteLength(JSON.stringify(rowSummary([id, id], 123_456)))).toBeLessThan(400);
  }
});
