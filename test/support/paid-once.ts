/** What holds when every row of one turn was paid for exactly once. */
import { expect } from 'vitest';
import { type Provider, paidTwice } from './provider.js';
import type { TaskFiles } from './run-folder.js';

/** @param rows of the run, all of them done. */
export function expectPaidOnce(provider: Provider, { out }: TaskFiles, rows: number): void {
  expect(out.ok().map(({ index }) => index)).toEqual(Array.from({ length: rows }, (_, index) => index));
  expect(paidTwice(provider.billed())).toEqual([]);
  expect(provider.billed()).toHaveLength(rows);
  expect(out.receipt()).toMatchObject({
    counts: { ok: rows, pending: 0 },
    calls: { answered: rows, doubtful: 0, open: 0 },
    doubtful_calls: [],
  });
}
