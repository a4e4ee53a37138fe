import { expect, it } from 'vitest';
import { nextSteps } from '../../../src/cli/view/next-steps.js';

type Rest = Parameters<typeof nextSteps>[0];

/** The last way to go on of a run that a cap stopped. */
function wayOn(message: string, facts: Partial<Rest> = {}): string | undefined {
  const capped = { run: 'R', state: 'capped', reason: 'capped', failed: 0, maxCostUsd: null, today: null } as const;
  return nextSteps({ ...capped, failures: [], message, ...facts }).at(-1);
}

const passed = (cap: string) => `the next call could pass ${cap} by $0.1000; the next day begins at 2026-11-22T00:00:00.000Z`;

it.each<[string, string, string]>([
  ["the host's", 'SWARM_MAX_DAILY_COST ($5.00)', 'swarm stop; SWARM_MAX_DAILY_COST=10 swarm resume R'],
  ["the command's", 'SWARM_MAX_DAILY_COST of its command ($0.2500)', 'SWARM_MAX_DAILY_COST=0.5 swarm resume R'],
])('capped by a day of %s environment, which this one has not -> twice the cap that stopped it', (_whose, cap, command) => {
  expect(wayOn(passed(cap))).toBe(`go on with a higher cap, such as: ${command}`);
});

it("capped by the host's day, with another cap here -> twice the one that stopped it", () => {
  expect(wayOn(passed('SWARM_MAX_DAILY_COST ($5.00)'), { today: { costUsd: 1, maxCostUsd: 100 } })).toContain('COST=10 ');
});

it.each([
  [0.000_000_2, '0.0000004'],
  [0.1 + 0.2, '0.6'],
  [50, '100'],
])('capped at $%d -> a cap that can be typed, twice as high: %s', (maxCostUsd, twice) => {
  const way = wayOn('the next call could pass max_cost', { maxCostUsd });
  expect(way).toBe(`go on with a higher cap, such as: swarm resize R --max-cost ${twice}`);
});
