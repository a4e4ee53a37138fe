/** Mixed kills and stalls over runs of 200 to 2,000 rows. */
import { type Played, runScenario } from '../run-scenario.js';
import { describeScenario, drawScenario } from '../scenario.js';
import type { SoakSuite } from '../suite.js';
import { Undisturbed } from '../undisturbed.js';

const SCENARIOS = 200;
const MOST_ROWS = 2_000;

function sum(played: readonly Played[], of: (one: Played) => number): number {
  return played.reduce((total, one) => total + of(one), 0);
}

function summaryOf(played: readonly Played[]): string[] {
  const kinds = new Map<string, number>();
  for (const what of played.flatMap(({ blows }) => blows)) {
    const kind = what.includes('+') ? 'several at once' : what.replace(/ [\d.]+ s$/, '');
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const blows = [...kinds].sort(([, a], [, b]) => b - a).map(([kind, times]) => `${kind} ${times}`);
  return [
    `${played.length} scenarios, ${sum(played, ({ scenario }) => scenario.work.rows)} rows`,
    `blows: ${blows.join(', ')}`,
    `rows lost ${sum(played, ({ lost }) => lost)}, doubled ${sum(played, ({ doubled }) => doubled)}`,
    `paid again ${sum(played, ({ paidAgain }) => paidAgain)}; calls at the blows: ${sum(played, ({ openAtBlows }) => openAtBlows)} open, ${sum(played, ({ inFlight }) => inFlight)} with those just answered`,
    `scenarios with more paid again than were open: ${played.filter(({ paidAgain, openAtBlows }) => paidAgain > openAtBlows).length}`,
  ];
}

const suite: SoakSuite = {
  name: 'kills',
  about: 'seeded kills and stalls of mixed kinds: every row once, paid again at most what was in flight',
  async run({ seed, scenarios, say }) {
    const played: Played[] = [];
    const undisturbed = await Undisturbed.inOwnHome(MOST_ROWS, [1, 2, 3]);
    for (let i = 0; i < (scenarios ?? SCENARIOS); i += 1) {
      const scenario = drawScenario(seed + i);
      say(describeScenario(scenario));
      const one = await runScenario(scenario, undisturbed);
      played.push(one);
      const { paidAgain, openAtBlows, inFlight, doubtful, ms } = one;
      say(
        `    ${one.broken.length === 0 ? 'held' : 'BROKEN'}, ${(ms / 1000).toFixed(1)} s, ${one.blows.join(', ') || 'no blow'}; paid again ${paidAgain}, open ${openAtBlows}, with those just answered ${inFlight}, doubtful ${doubtful}`,
      );
      for (const line of one.broken) say(`    ${line}`);
    }
    return { broken: played.flatMap(({ broken }) => broken), summary: summaryOf(played) };
  },
};
export default suite;
