/** Simulated runs by the hundred: faults that all rows share pause them soon, random ones never. */
import { type Played, SHARED_FAULTS, simulateRandomFaults, simulateSharedFault } from '../../activities/simulated-faults.js';
import { testStore } from '../../activities/turn-setup.js';
import type { SoakSuite } from '../suite.js';

/** Of each fault that all rows share; of random faults ten times as many. */
const SEEDS = 50;
const RANDOM_TIMES = 10;

/** They wait for their model most of the time. */
const AT_ONCE = 4;

/** Plays the seeds from this one on; what was broken is added. */
async function inTurn(
  first: number,
  count: number,
  simulate: (seed: number) => Promise<Played>,
  broken: string[],
): Promise<Played[]> {
  const played: Played[] = [];
  let next = first;
  const player = async () => {
    while (next < first + count) {
      next += 1;
      const one = await simulate(next - 1);
      played.push(one);
      broken.push(...one.broken.map((line) => `${one.what}: ${line}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, player));
  return played;
}

const suite: SoakSuite = {
  name: 'seeds',
  about: `${SHARED_FAULTS.length} faults that all rows share x ${SEEDS} simulated runs, ${SEEDS * RANDOM_TIMES} with faults in 5 % of the calls: paused after at most 20 rows and those in flight; no false pause`,
  async run({ seed, scenarios, say }) {
    const seeds = scenarios ?? SEEDS;
    const { store, close } = await testStore();
    const broken: string[] = [];
    const summary: string[] = [];
    const play = (count: number, simulate: (seed: number) => Promise<Played>) => inTurn(seed, count, simulate, broken);
    try {
      for (const fault of SHARED_FAULTS) {
        const played = await play(seeds, (at) => simulateSharedFault(store, fault, at));
        const most = Math.max(...played.map(({ failed }) => failed));
        say(`${fault.name}: ${seeds} runs, at most ${most} rows failed, those beside the last good answers included`);
      }
      const played = await play(seeds * RANDOM_TIMES, (at) => simulateRandomFaults(store, at));
      const sum = (of: (one: Played) => number) => played.reduce((total, one) => total + of(one), 0);
      summary.push(`${SHARED_FAULTS.length * seeds} runs with a fault that all rows share`);
      summary.push(
        `${played.length} runs with random faults: ${sum(({ ok }) => ok)} rows ok, ${sum(({ failed }) => failed)} failed`,
      );
    } finally {
      await close();
    }
    return { broken, summary };
  },
};
export default suite;
