import { expect, it } from 'vitest';
import { StateAttribute } from '../../../src/worker/temporal/state-attribute.js';

it('no answer -> asked again after 5 s; missing -> after a minute; registered -> never more', async () => {
  let now = 1_000_000;
  let asked = 0;
  let answer: () => boolean = () => {
    throw new Error('no answer');
  };
  const attribute = new StateAttribute(
    async () => {
      asked += 1;
      return answer();
    },
    () => now,
  );
  const hasAfter = async (ms: number) => {
    now += ms;
    return await attribute.has();
  };
  expect(await attribute.has()).toBe(false);
  answer = () => false;
  expect([await hasAfter(4_000), asked]).toEqual([false, 1]);
  expect([await hasAfter(1_000), asked]).toEqual([false, 2]);
  answer = () => true;
  expect([await hasAfter(59_000), asked]).toEqual([false, 2]);
  expect([await hasAfter(1_000), asked]).toEqual([true, 3]);
  answer = () => false;
  expect([await hasAfter(3_600_000), asked]).toEqual([true, 3]);
});
