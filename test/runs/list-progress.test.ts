import { expect, it } from 'vitest';
import { listProgress, startedRuns } from '../../src/runs/read-progress.js';
import type { RunRow, Store } from '../../src/store/port/store.js';
import { fileStore } from '../activities/file-store.js';
import { aTask, stage } from '../activities/turn-setup.js';

const NO_DAY = { maxDailyCost: null, warnAt: null };
const opened = fileStore();

/** The store, and how often each of its reads is asked for. */
function counting(store: Store): { counted: Store; reads: Map<string, number> } {
  const reads = new Map<string, number>();
  const counted = new Proxy(store, {
    get: (target, name: keyof Store) => {
      const found = target[name] as unknown;
      if (typeof found !== 'function') return found;
      return (...input: unknown[]) => {
        reads.set(name, (reads.get(name) ?? 0) + 1);
        return found.apply(target, input) as unknown;
      };
    },
  });
  return { counted, reads };
}

it('many runs -> newest first, each with its own sums, by a read for hundreds of them', async () => {
  const { store } = opened;
  const runs = 1_100;
  for (let from = 0; from < runs; from += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, at) => stage(store, `many-${from + at}`, 1 + ((from + at) % 3), aTask())));
  }
  await store.setControl('many-7', { concurrency: 77 });
  const { counted, reads } = counting(store);
  const listed = await listProgress(counted, { limit: 20_000, rest: false }, NO_DAY);
  expect(listed).toHaveLength(runs);
  for (const { run, total } of listed) expect(total).toBe(1 + (Number(run.slice(5)) % 3));
  expect(listed.find(({ run }) => run === 'many-7')?.concurrency).toBe(77);
  expect(Object.fromEntries(reads)).toEqual({ runs: 1, totalsOf: 3, controls: 3, limits: 1 });
});

it('the newest run is still being staged -> the last one is the newest that was started', async () => {
  const { store } = opened;
  await stage(store, 'started', 1, aTask());
  const { name, task, outputDir } = (await store.run('started')) as RunRow;
  const staging = { id: 'staging', name, task, outputDir, taskFingerprint: 'f', detached: true, limited: false } as const;
  await store.createRun({ ...staging, origin: 'library', createdAt: Date.now() + 60_000 });
  const { counted, reads } = counting(store);
  expect((await startedRuns(counted, { limit: 1 })).map(({ id }) => id)).toEqual(['started']);
  expect(Object.fromEntries(reads)).toEqual({ runs: 1 });
  expect((await listProgress(store, { limit: 1 }, NO_DAY)).map(({ run }) => run)).toEqual(['started']);
  expect(await listProgress(store, { states: ['staging'] }, NO_DAY)).toEqual([]);
});
