import { beforeEach, expect, it, vi } from 'vitest';
import { FullDiskWatch } from '../../src/client/full-disk.js';

let full = true;
vi.mock('../../src/store/free-space.js', async (original) => ({
  ...(await original<typeof import('../../src/store/free-space.js')>()),
  isDiskFull: () => full,
}));
beforeEach(() => {
  full = true;
});

it('look: a full disk and no progress for 10 s -> E_DISK_FULL, exit 7, names run and folder', () => {
  const watch = new FullDiskWatch('/tmp');
  for (const now of [1_000, 5_000, 10_900]) watch.look('r-1', '3 rows', now);
  expect(() => watch.look('r-1', '3 rows', 11_500)).toThrow(
    expect.objectContaining({ code: 'E_DISK_FULL', exitCode: 7, message: expect.stringMatching(/\/tmp.*run r-1 stands still/) }),
  );
});

it('look: progress, or room in between -> the time begins anew', () => {
  const watch = new FullDiskWatch('/tmp');
  watch.look('r-1', '3 rows', 1_000);
  watch.look('r-1', '4 rows', 10_000);
  watch.look('r-1', '4 rows', 19_000);
  full = false;
  watch.look('r-1', '4 rows', 19_900);
  full = true;
  watch.look('r-1', '4 rows', 29_000);
  expect(() => watch.look('r-1', '4 rows', 30_000)).toThrow(expect.objectContaining({ code: 'E_DISK_FULL' }));
});
