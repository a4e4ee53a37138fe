import { describe, expect, it } from 'vitest';
import { SliceTail } from '../../../src/activities/phases/slice-tail.js';

function resting() {
  let end: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end, wait: () => promise };
}

describe('SliceTail', () => {
  it('most rows are done, one waits -> told once, also when more follow', async () => {
    let told = 0;
    const tail = new SliceTail(8, () => {
      told += 1;
    });
    const first = resting();
    const rest = tail.rest(first.wait);
    for (let row = 0; row < 4; row += 1) tail.over();
    expect(told).toBe(0);
    tail.over();
    expect(told).toBe(1);
    tail.over();
    first.end();
    await rest;
    await tail.rest(async () => undefined);
    expect(told).toBe(1);
  });

  it('all rows wait -> told with the last of them', async () => {
    let told = 0;
    const tail = new SliceTail(4, () => {
      told += 1;
    });
    const rows = Array.from({ length: 4 }, resting);
    const rests = rows.map(({ wait }, at) => {
      expect(told).toBe(at > 2 ? 1 : 0);
      return tail.rest(wait);
    });
    expect(told).toBe(1);
    for (const { end } of rows) end();
    await Promise.all(rests);
  });

  it('nobody waits -> never told', () => {
    const tail = new SliceTail(3, () => {
      throw new Error('told');
    });
    for (let row = 0; row < 3; row += 1) tail.over();
  });
});
