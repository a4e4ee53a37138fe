/** The short form of the kill matrix: hosts that die at named points, and a handful of mixed kills. `npm run soak` has the long one. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CANARY_ENV, newCanary } from '../chaos/canary.js';
import { POINTS, pointProblems } from '../chaos/points/points.js';
import { runPoint } from '../chaos/points/run-point.js';
import { Undisturbed } from '../chaos/undisturbed.js';
import { SwarmHome } from '../support/swarm-home.js';

let home: SwarmHome;
let undisturbed: Undisturbed;

beforeAll(async () => {
  home = await SwarmHome.create({ [CANARY_ENV]: newCanary() });
  undisturbed = await Undisturbed.run(home, 400, [1, 2]);
  await home.run(['stop']);
});
afterAll(() => home.close());

describe('host killed', () => {
  it.each(POINTS)('$name -> every row once, $paidAgain paid again, $doubtful doubtful', async (point) => {
    expect(pointProblems(point, await runPoint(point, undisturbed))).toEqual([]);
  });
});
