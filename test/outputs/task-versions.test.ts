import { expect, it } from 'vitest';
import { buildReceipt } from '../../src/outputs/receipt.js';
import { taskAt, taskOfEpoch } from '../../src/outputs/task-versions.js';
import type { TaskVersion } from '../../src/store/port/task-versions.js';
import { aTask } from '../activities/turn-setup.js';
import { runDouble } from './run-double.js';

const task = (promptTemplate: string) => aTask({ promptTemplate });
const newest = task('third, and a later timeout');
/** Changed after the first epoch, and twice before the next one began. */
const versions: TaskVersion[] = (['first', 'second', 'third'] as const).map((name, at) => ({
  ...{ task: task(name), taskFingerprint: name, changed: at === 0 ? [] : ['prompt_template'], at: at * 100 },
  ...{ fromEpoch: at === 0 ? 1 : 3, fromSeq: at === 0 ? 0 : 3, ok: 2 - at, failed: 0, filtered: 0 },
}));

it.each<[number, string]>([
  [1, 'first'],
  [2, 'first'],
  [3, newest.promptTemplate],
  [9, newest.promptTemplate],
])('taskOfEpoch: epoch %i -> %s', (epoch, prompt) => {
  expect(taskOfEpoch(newest, versions, epoch).promptTemplate).toBe(prompt);
});

it.each<[number, string]>([
  [-5, 'first'],
  [99, 'first'],
  [100, 'second'],
  [200, newest.promptTemplate],
])('taskAt: time %i -> %s', (time, prompt) => {
  expect(taskAt(newest, versions, time).promptTemplate).toBe(prompt);
});

it('a task that was never changed -> its own, whatever is asked; the receipt says nothing of versions', async () => {
  expect(taskOfEpoch(newest, [], 1)).toBe(newest);
  expect(taskAt(newest, [], 1)).toBe(newest);
  const store = runDouble({ outputDir: '/o', total: 1 });
  expect(await buildReceipt(store, 'r1', { at: 0, versions: {} })).not.toHaveProperty('task_versions');
});

it('receipt: each version with its keys, its first epoch and its rows', async () => {
  const store = { ...runDouble({ outputDir: '/o', total: 1 }), taskVersions: async () => versions.slice(0, 2) };
  const { provider, model } = newest.model;
  expect((await buildReceipt(store, 'r1', { at: 0, versions: {} })).task_versions).toEqual([
    {
      ...{ task_fingerprint: 'first', model: `${provider}/${model}`, changed: [], from_epoch: 1 },
      ...{ at: '1970-01-01T00:00:00.000Z', ok: 2, failed: 0, filtered: 0 },
    },
    {
      ...{ task_fingerprint: 'second', model: `${provider}/${model}`, changed: ['prompt_template'], from_epoch: 3 },
      ...{ at: '1970-01-01T00:00:00.100Z', ok: 1, failed: 0, filtered: 0 },
    },
  ]);
});
