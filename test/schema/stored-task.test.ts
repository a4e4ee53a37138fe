import { expect, test } from 'vitest';
import { storedTask } from '../../src/schema/stored-task.js';
import { aTask } from '../activities/turn-setup.js';

test('storedTask: labels of a run of before 0.2 -> its tags; of a newer one -> its classes', () => {
  const { tags: _none, ...old } = aTask();
  expect(storedTask(JSON.stringify({ ...old, labels: { team: 'a' } }))).toEqual({ ...old, tags: { team: 'a' } });
  const now = aTask({ labels: ['a', 'b'], tags: { team: 'a' } });
  expect(storedTask(JSON.stringify(now))).toEqual(now);
  expect(storedTask(JSON.stringify(aTask()))).toEqual(aTask());
});
