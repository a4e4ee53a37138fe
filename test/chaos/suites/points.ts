/** Hosts that die at all of the named points: `--scenarios N` goes through them N times. */
import { MOST_ROWS, POINTS, pointProblems } from '../points/points.js';
import { runPoint } from '../points/run-point.js';
import type { SoakSuite } from '../suite.js';
import { Undisturbed } from '../undisturbed.js';

const suite: SoakSuite = {
  name: 'points',
  about: 'the host killed at each of the named points: exactly 0 or 1 call paid again',
  async run({ scenarios, say }) {
    const broken: string[] = [];
    let died = 0;
    const undisturbed = await Undisturbed.inOwnHome(MOST_ROWS, [1, 2]);
    for (let round = 0; round < (scenarios ?? 1); round += 1) {
      for (const point of POINTS) {
        const started = performance.now();
        const problems = await runPoint(point, undisturbed).then(
          (end) => pointProblems(point, end),
          (error: unknown) => [String(error)],
        );
        died += 1;
        say(
          `${point.name}: ${problems.length === 0 ? 'held' : 'BROKEN'}, ${((performance.now() - started) / 1000).toFixed(1)} s`,
        );
        broken.push(...problems.map((line) => `${point.name}: ${line}`));
      }
    }
    return { broken, summary: [`${died} deaths at ${POINTS.length} points`] };
  },
};
export default suite;
