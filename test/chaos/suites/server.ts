/** The Temporal server killed again and again under one long run: nothing is paid for twice, since the calls do not go through it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../support/test-random.js';
import { Scene } from '../scene.js';
import type { SoakSuite } from '../suite.js';
import { Undisturbed } from '../undisturbed.js';

const WORK = { rows: 5_000, turns: 1, sliceSize: 'auto', workers: 32 } as const;
/** About a minute of calls. */
const LATENCY = 'lognormal:400,0.3';
const END_MS = 300_000;

const suite: SoakSuite = {
  name: 'server',
  about:
    '5,000 rows (or --rows), the Temporal server killed every 5 to 10 s and down for 0 to 2 s: 0 lost, 0 doubled, 0 paid again',
  async run({ seed, scenarios, rows, say }) {
    const work = { ...WORK, rows: rows ?? WORK.rows };
    const broken: string[] = [];
    const summary: string[] = [];
    const undisturbed = await Undisturbed.inOwnHome(work.rows, [1]);
    for (let i = 0; i < (scenarios ?? 1); i += 1) {
      const random = seededRandom(`server/${seed + i}`);
      const scene = await Scene.open(work, LATENCY);
      try {
        scene.type();
        const ended = scene.untilEnded(END_MS).then(() => 'ended' as const);
        while ((await Promise.race([ended, sleep(random.whole(5_000, 10_000))])) !== 'ended') {
          await scene.killServer(random.whole(0, 2_000));
          say(`--seed ${seed + i}: kill ${scene.blows.length} after ${scene.provider.billed().length} calls`);
        }
        await scene.leave();
        const found = scene.findings(undisturbed.expected(work.rows, 1));
        broken.push(...found.broken.map((line) => `--seed ${seed + i}: ${line}`));
        summary.push(
          `--seed ${seed + i}: ${work.rows} rows, ${scene.blows.length} kills; lost ${found.lost}, doubled ${found.doubled}, paid again ${found.paidAgain}`,
        );
      } finally {
        await scene.close();
      }
    }
    return { broken, summary };
  },
};
export default suite;
