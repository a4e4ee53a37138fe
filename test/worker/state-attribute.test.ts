import { expect, it } from 'vitest';
import { StateAttribute } from '../../src/worker/state-attribute.js';

it('registered -> asked once; missing, or no answer -> asked again after a minute, not before', async () => {
  let now = 1_000_000;
  let asked = 0;
  let answer: () => boolean = () => {
    throw new Error('permission denied');
  };
  const attribute = new StateAttribute(
    async () => {
      asked += 1;
      return answer();
    },
    () => now,
  );
  expect(await attribute.has()).toBe(false);
  answer = () => true;
  now += 59_000;
  expect(await attribute.has()).toBe(false);
  now += 1_000;
  expect(await attribute.has()).toBe(true);
  now += 3_600_000;
  answer = () => false;
  expect(await attribute.has()).toBe(true);
  expect(asked).toBe(2);
});
