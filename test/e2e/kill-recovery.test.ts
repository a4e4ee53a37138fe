/** Hosts that die while they recover a run from the death of the one before: its command goes on. `npm run soak` has the whole table. */
import { beforeAll, describe, expect, it } from 'vitest';
import { RECOVERED, runKillPoint } from '../chaos/recovery/run-kill-point.js';
import { SOME_KILL_POINTS } from '../chaos/recovery/table.js';
import { Undisturbed } from '../chaos/undisturbed.js';

let undisturbed: Undisturbed;

beforeAll(async () => {
  undisturbed = await Undisturbed.inOwnHome(RECOVERED.rows, [RECOVERED.turns]);
});

describe('struck inside the recovery of a run that a command follows', () => {
  it.each(SOME_KILL_POINTS)('$name -> the command ends done, every row once', async (point) => {
    expect((await runKillPoint(point, undisturbed)).broken).toEqual([]);
  });
});
