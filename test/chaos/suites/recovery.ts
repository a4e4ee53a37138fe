/** Hosts struck inside their recoveries, at every moment of the table: `--scenarios N` takes the first N points. */
import { RECOVERED, runKillPoint } from '../recovery/run-kill-point.js';
import { KILL_POINTS, strokesOf } from '../recovery/table.js';
import type { SoakSuite } from '../suite.js';
import { Undisturbed } from '../undisturbed.js';

const suite: SoakSuite = {
  name: 'recovery',
  about: `${strokesOf(KILL_POINTS)} kill points inside recoveries: the command that follows the run ends done, every row once`,
  async run({ scenarios, say }) {
    const broken: string[] = [];
    const points = KILL_POINTS.slice(0, scenarios ?? KILL_POINTS.length);
    const sums = { lost: 0, doubled: 0, paidAgain: 0, doubtful: 0 };
    const undisturbed = await Undisturbed.inOwnHome(RECOVERED.rows, [RECOVERED.turns]);
    for (const point of points) {
      const found = await runKillPoint(point, undisturbed);
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += found[key];
      const held = found.broken.length === 0 ? 'held' : 'BROKEN';
      say(
        `${point.name}: ${held}, the run ended ${(found.ms / 1000).toFixed(1)} s after the first death; paid again ${found.paidAgain}, doubtful ${found.doubtful}`,
      );
      for (const line of found.broken) say(`    ${line}`);
      broken.push(...found.broken);
    }
    return {
      broken,
      summary: [
        `${strokesOf(points)} strokes inside recoveries of ${points.length} runs`,
        `rows lost ${sums.lost}, doubled ${sums.doubled}; paid again ${sums.paidAgain}, listed as doubtful ${sums.doubtful}`,
      ],
    };
  },
};
export default suite;
