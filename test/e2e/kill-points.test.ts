/** Hosts that die at named points; the others are in `npm run soak -- --only points`. */
import { beforeAll, describe, expect, it } from 'vitest';
import { MOST_ROWS, POINTS, pointProblems } from '../chaos/points/points.js';
import { runPoint } from '../chaos/points/run-point.js';
import { Undisturbed } from '../chaos/undisturbed.js';

let undisturbed: Undisturbed;

beforeAll(async () => {
  undisturbed = await Undisturbed.inOwnHome(MOST_ROWS, [1, 2]);
});

describe('host killed', () => {
  it.each(POINTS.filter(({ soakOnly }) => soakOnly !== true))('$name -> every row once, $paidAgain paid again', async (point) => {
    expect(pointProblems(point, await runPoint(point, undisturbed))).toEqual([]);
  });
});
