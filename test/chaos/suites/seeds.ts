/** Simulated runs by the hundred: faults that all rows share pause them soon, random ones never. */
import { SHARED_FAULTS, simulateRandomFaults, simulateSharedFault } from '../../activities/simulated-faults.js';
import { testStore } from '../../activities/turn-setup.js';
import type { SoakSuite } from '../suite.js';

/** Of each fault that all rows share; of random faults ten times as many. */
const SEEDS = 50;
const RANDOM_TIMES = 10;

const suite: SoakSuite = {
  name: 'seeds',
  about: `${SHARED_FAULTS.length} faults that all rows share x ${SEEDS} simulated runs, ${SEEDS * RANDOM_TIMES} with faults in 5 % of the calls: paused after at most 20 rows and those in flight; no false pause`,
  async run({ seed, scenarios, say }) {
    const seeds = scenarios ?? SEEDS;
    const { store, close } = await testStore();
    const broken: string[] = [];
    const summary: string[] = [];
    try {
      for (const fault of SHARED_FAULTS) {
        let most = 0;
        for (let at = seed; at < seed + seeds; at += 1) {
          const played = await simulateSharedFault(store, fault, at);
          broken.push(...played.broken.map((line) => `${played.what}: ${line}`));
          most = Math.max(most, played.failed);
        }
        say(`${fault.name}: ${seeds} runs, at most ${most} rows failed before the pause`);
      }
      let rows = 0;
      let failed = 0;
      for (let at = seed; at < seed + seeds * RANDOM_TIMES; at += 1) {
        const played = await simulateRandomFaults(store, at);
        broken.push(...played.broken.map((line) => `${played.what}: ${line}`));
        rows += played.ok + played.failed;
        failed += played.failed;
        if ((at - seed + 1) % 100 === 0) say(`random faults: ${at - seed + 1} runs`);
      }
      summary.push(`${SHARED_FAULTS.length * seeds} runs with a fault that all rows share`);
      summary.push(`${seeds * RANDOM_TIMES} runs with random faults: ${rows} rows, ${failed} of them failed`);
    } finally {
      await close();
    }
    return { broken, summary };
  },
};
export default suite;
