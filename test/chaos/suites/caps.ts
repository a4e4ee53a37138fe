/** Runs of real processes under a money cap, half of them with kills; the provider's own log is the truth. */
import { describeCapped, drawCapped } from '../caps/draw.js';
import { type AtCap, type PlayedCapped, runCapped } from '../caps/run-capped.js';
import type { SoakSuite } from '../suite.js';

const SCENARIOS = 20;

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function stopLine({ cap, worst, billed, settled, doubtful, unused, rows }: AtCap): string {
  return `${rows} rows; cap ${cap}, billed ${billed.toFixed(6)}, settled ${settled}, doubtful ${doubtful}, unused ${unused} (${percent(unused / cap)}, ${(unused / worst).toFixed(2)} calls)`;
}

function summaryOf(played: readonly PlayedCapped[]): string[] {
  const stops = played.flatMap(({ atCap }) => atCap ?? []);
  const most = (of: (stop: AtCap) => number) => Math.max(0, ...stops.map(of));
  const struck = played.filter(({ blows }) => blows.length > 0);
  return [
    `${played.length} runs, ${struck.length} with blows: ${struck.flatMap(({ blows }) => blows).join(', ') || 'none'}`,
    `most that the provider had billed at the stop: ${percent(most(({ billed, cap }) => billed / cap))} of the cap`,
    `most unused at the stop: ${percent(most(({ unused, cap }) => unused / cap))} of the cap; ${most(({ unused, worst }) => unused / worst).toFixed(2)} worst cases`,
    `calls paid again ${played.reduce((sum, { findings }) => sum + (findings?.paidAgain ?? 0), 0)}`,
  ];
}

const suite: SoakSuite = {
  name: 'caps',
  about: 'money caps under load and kills: never passed by the bill, used up to one call, every row once after a resize',
  async run({ seed, scenarios, say }) {
    const played: PlayedCapped[] = [];
    for (let i = 0; i < (scenarios ?? SCENARIOS); i += 1) {
      const scenario = drawCapped(seed + i);
      say(describeCapped(scenario));
      const one = await runCapped(scenario);
      played.push(one);
      say(
        `    ${one.broken.length === 0 ? 'held' : 'BROKEN'}, ${(one.ms / 1000).toFixed(1)} s, ${one.blows.join(', ') || 'no blow'}`,
      );
      if (one.atCap) say(`    ${stopLine(one.atCap)}`);
      for (const line of one.broken) say(`    ${line}`);
    }
    return { broken: played.flatMap(({ broken }) => broken), summary: summaryOf(played) };
  },
};
export default suite;
