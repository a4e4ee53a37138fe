/** Everything killed, `swarm run` typed at once: how long until the provider sees the first new call. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../host/host-support.js';
import { seededRandom } from '../../support/test-random.js';
import { Scene } from '../scene.js';
import { percentile, type SoakSuite } from '../suite.js';
import { Undisturbed } from '../undisturbed.js';

const RUNS = 5;
const KILLS = 10;
/** Long enough for all kills of a run; the slices are cut anew at each restart. */
const WORK = { rows: 2_000, turns: 1, sliceSize: 20, workers: 16 } as const;
const LATENCY = 'lognormal:120,0.4';
const GOAL_MS = 5_000;
const SEEN_MS = 60_000;

/** Kills everything after a moment of calls, types again; ms until the first new call. Null: the run had ended. */
async function killAndType(scene: Scene, afterMs: number): Promise<number | null> {
  await sleep(afterMs);
  if (scene.files.out.has('receipt.json')) return null;
  await scene.kill(['cli', 'host', 'server']);
  // What lay in a socket is booked by then.
  await sleep(50);
  const before = scene.provider.calls().length;
  const typed = Date.now();
  const cli = scene.type();
  const isSeen = () => scene.provider.calls().length > before || cli.child.exitCode !== null;
  await until('a new call arrives', isSeen, SEEN_MS);
  const first = scene.provider.calls()[before];
  return first === undefined ? null : first.t - typed;
}

const suite: SoakSuite = {
  name: 'restart',
  about: `${RUNS * KILLS} kills of everything: the first new call within ${GOAL_MS / 1000} s (p95)`,
  async run({ seed, scenarios, say }) {
    const broken: string[] = [];
    const times: number[] = [];
    const undisturbed = await Undisturbed.inOwnHome(WORK.rows, [1]);
    for (let i = 0; i < (scenarios ?? RUNS); i += 1) {
      const random = seededRandom(`restart/${seed + i}`);
      const scene = await Scene.open(WORK, LATENCY);
      try {
        scene.type();
        await scene.provider.untilBilled(1);
        for (let kill = 1; kill <= KILLS; kill += 1) {
          const ms = await killAndType(scene, random.whole(0, 1_000));
          if (ms === null) break;
          times.push(ms);
          say(`--seed ${seed + i}, kill ${kill}: first new call after ${(ms / 1000).toFixed(2)} s`);
        }
        await scene.untilEnded(SEEN_MS * 2);
        await scene.leave();
        const found = scene.findings(undisturbed.expected(WORK.rows, 1));
        broken.push(...found.broken.map((line) => `--seed ${seed + i}: ${line}`));
      } finally {
        await scene.close();
      }
    }
    const [middle, p95, worst] = [0.5, 0.95, 1].map((share) => percentile(times, share) ?? 0) as [number, number, number];
    if (p95 > GOAL_MS) broken.push(`--seed ${seed}: p95 ${p95} ms is above ${GOAL_MS} ms`);
    const seconds = [middle, p95, worst].map((ms) => (ms / 1000).toFixed(2));
    return {
      broken,
      summary: [
        `${times.length} kills of everything; first new call: median ${seconds[0]} s, p95 ${seconds[1]} s, worst ${seconds[2]} s`,
      ],
    };
  },
};
export default suite;
