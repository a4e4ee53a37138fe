/** The wall clock of all our processes set back and forward in the middle of a run, by minutes and by hours, also between two hosts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { noSettableClock, SettableClock } from '../../support/settable-clock.js';
import { seededRandom, type TestRandom } from '../../support/test-random.js';
import type { Findings } from '../checker.js';
import { Scene, type SceneOptions } from '../scene.js';
import type { SoakSuite } from '../suite.js';
import { Undisturbed } from '../undisturbed.js';

const SCENARIOS = 16;
const MOST_ROWS = 600;
const END_MS = 150_000;
/** Calls in a row are no further apart than this, unless a process was killed between: a probe of the breaker is the longest of waits. */
const STANDSTILL_MS = 16_000;
const SIZES_S = [5, 90, 600, 3_600, 5 * 3_600, 30 * 3_600];

interface Step {
  /** Calls billed before. */
  at: number;
  seconds: number;
  /** The host dies with it: its successor begins by the new clock. */
  killed: boolean;
}

interface Scenario {
  rows: number;
  workers: number;
  second: boolean;
  rate: 'told' | 'learned' | 'none';
  steps: Step[];
}

function draw(random: TestRandom): Scenario {
  const rows = random.whole(300, MOST_ROWS);
  const count = random.whole(1, 4);
  const steps = Array.from({ length: count }, (_, n): Step => {
    const size = SIZES_S[random.whole(0, SIZES_S.length - 1)] as number;
    const at = Math.max(1, Math.floor(((n + random.next()) * rows * 0.8) / count));
    return { at, seconds: random.next() < 0.6 ? -size : size, killed: random.next() < 0.2 };
  });
  const rate = (['told', 'learned', 'none'] as const)[random.whole(0, 2)] as Scenario['rate'];
  return { rows, workers: random.whole(4, 24), second: random.next() < 0.3, rate, steps };
}

function optionsOf({ rate }: Scenario, clock: SettableClock): SceneOptions {
  return {
    ours: clock.env,
    keys: rate === 'told' ? { requests_per_minute: 1_800 } : {},
    provider: rate === 'learned' ? ['--rpm', '1800'] : [],
  };
}

async function play(scene: Scene, clock: SettableClock, { second, steps }: Scenario): Promise<void> {
  scene.type();
  if (second) await scene.startWorker();
  for (const { at, seconds, killed } of steps) {
    await scene.provider.untilBilled(at, END_MS);
    if (killed) {
      await scene.kill(['host']);
      clock.step(seconds);
    } else {
      clock.step(seconds);
      await sleep(2_000);
    }
  }
  await scene.untilEnded(END_MS);
  await scene.leave();
}

/** The longest time without a call that no kill explains, ms. */
function standstill(scene: Scene): number {
  const times = scene.provider.calls().map(({ t }) => t);
  const quiet = times.slice(1).map((t, n) => ({ from: times[n] as number, ms: t - (times[n] as number) }));
  const explained = ({ from, ms }: { from: number; ms: number }) =>
    scene.blows.some((blow) => blow.until >= from && blow.from <= from + ms);
  return Math.max(0, ...quiet.filter((one) => !explained(one)).map(({ ms }) => ms));
}

async function runScenario(scenario: Scenario, undisturbed: Undisturbed): Promise<{ found: Findings; standstillMs: number }> {
  const clock = new SettableClock();
  const { rows, workers } = scenario;
  const scene = await Scene.open({ rows, turns: 1, sliceSize: 20, workers }, 'lognormal:300,0.4', optionsOf(scenario, clock));
  try {
    await play(scene, clock, scenario).catch((error: unknown) => scene.wrong.push(String(error)));
    const standstillMs = standstill(scene);
    if (standstillMs > STANDSTILL_MS) scene.wrong.push(`no call for ${(standstillMs / 1_000).toFixed(1)} s`);
    return { found: scene.findings(undisturbed.expected(rows, 1)), standstillMs };
  } finally {
    await scene.close();
    clock.close();
  }
}

function textOf({ rows, workers, second, rate, steps }: Scenario): string {
  const sets = steps.map(
    ({ at, seconds, killed }) => `${seconds > 0 ? '+' : ''}${seconds} s at ${at}${killed ? ' with the host killed' : ''}`,
  );
  return `${rows} rows, ${workers} in flight, rate ${rate}${second ? ', a second worker' : ''}; ${sets.join(', ')}`;
}

const suite: SoakSuite = {
  name: 'clock',
  about: `the wall clock set back and forward amid runs: no call missing for more than ${STANDSTILL_MS / 1_000} s, every row once`,
  async run({ seed, scenarios, say }) {
    const missing = noSettableClock();
    if (missing !== null) return { broken: [], summary: [`skipped: ${missing}`] };
    const broken: string[] = [];
    const all: { found: Findings; standstillMs: number }[] = [];
    const undisturbed = await Undisturbed.inOwnHome(MOST_ROWS, [1]);
    for (let i = 0; i < (scenarios ?? SCENARIOS); i += 1) {
      const scenario = draw(seededRandom(`clock/${seed + i}`));
      const what = `--seed ${seed + i}: ${textOf(scenario)}`;
      const one = await runScenario(scenario, undisturbed);
      all.push(one);
      const { found, standstillMs } = one;
      const held = found.broken.length === 0 ? 'held' : 'BROKEN';
      say(`${what}: ${held}; longest without a call ${(standstillMs / 1_000).toFixed(1)} s, paid again ${found.paidAgain}`);
      broken.push(...found.broken.map((line) => `${what}\n      ${line}`));
    }
    const sum = (of: (one: Findings) => number) => all.reduce((total, { found }) => total + of(found), 0);
    const longest = Math.max(0, ...all.map(({ standstillMs }) => standstillMs));
    return {
      broken,
      summary: [
        `${all.length} runs; rows lost ${sum(({ lost }) => lost)}, doubled ${sum(({ doubled }) => doubled)}, paid again ${sum(({ paidAgain }) => paidAgain)}`,
        `the longest time without a call that no kill explains: ${(longest / 1_000).toFixed(1)} s`,
      ],
    };
  },
};
export default suite;
