import { expect, it } from 'vitest';
import type { WatchRunResult } from '../../src/workflows/activity-messages.js';
import { currentDetails, endDetails } from '../../src/workflows/details.js';
import type { BegunPhase, RunPlan, RunSummary } from '../../src/workflows/messages.js';

const plan = { run: 'poems-1', name: 'poems', epoch: 2, outputDir: '/data/out' } as RunPlan;
const map = { name: 'map', role: 'worker', use: { model: 'sim/quick' } } as BegunPhase;
const seen: WatchRunResult = {
  total: 200,
  ok: 90,
  failed: 8,
  filtered: 2,
  costUsd: 0.0123,
  maxCostUsd: 5,
  calls: 101,
  limited: 3,
  doubtful: 0,
  why: 'breaker',
  waitsFor: 'the provider: outage, next probe at 12:03:10Z, since 12:02:00Z',
  rest: '100 calls, 9500 tokens in, 50.0k out, $0.5000 ($0.4000 to $0.6000), 2m 00s at best, by the first 24 rows',
  found: '98.5 calls/s',
};

it('currentDetails: all that is known, as markdown', () => {
  expect(currentDetails(plan, map, false, seen)).toMatchInlineSnapshot(`
    "### poems: 50 % of 200 rows

    **90** ok, **8** failed, **2** filtered, **100** left.
    **101** calls answered, **3** rate limited, **0** doubtful; **0.0123 USD** of 5.00 spent.

    Waits for **the provider: outage, next probe at 12:03:10Z, since 12:02:00Z**.
    The rest: 100 calls, 9500 tokens in, 50.0k out, 0.5000 USD (0.4000 USD to 0.6000 USD), 2m 00s at best, by the first 24 rows.
    The provider takes 98.5 calls/s.

    Phase **map** (worker: \`sim/quick\`), epoch 2.
    Rows: \`/data/out\`."
  `);
});

it('currentDetails: paused -> who it waits for; before anything was measured, and at the end -> no more than is known', () => {
  expect(currentDetails(plan, map, true, seen)).toContain('Waits for **a person: the run is paused**.');
  const bare = { ...seen, maxCostUsd: null, rest: null, found: null };
  expect(currentDetails(plan, map, false, bare)).not.toMatch(/rest|takes|of 5/);
  const ended = currentDetails(plan, map, false, { ...bare, ok: 190 });
  expect(ended).toContain('100 % of 200 rows');
  expect(ended).not.toContain('Waits for');
  expect(currentDetails(plan, map, false, { ...bare, total: 0, ok: 0, failed: 0, filtered: 0 })).toContain('100 % of 0 rows');
});

it('a cost that nobody knows -> unknown, while it goes on and at the end', () => {
  expect(currentDetails(plan, map, false, { ...seen, costUsd: null })).toContain('**unknown** USD of 5.00 spent');
  expect(endDetails(plan, [map], { ...summary, costUsd: null })).toContain('50000 out; **unknown** USD spent');
});

const summary: RunSummary = {
  run: 'poems-1',
  epoch: 2,
  state: 'completed',
  stop: null,
  message: null,
  counts: { total: 200, ok: 190, failed: 8, filtered: 2 },
  usage: { input: 9_500, cached: 0, output: 50_000, reasoning: 0 },
  costUsd: 0.5,
  outputDir: '/data/out',
};

it('endDetails: how it ended, why, and how to go on when rows are left', () => {
  expect(endDetails(plan, [map], summary)).toMatchInlineSnapshot(`
    "### poems: completed, 200 of 200 rows

    **190** ok, **8** failed, **2** filtered, **0** left.
    9500 tokens in, 50000 out; **0.5000 USD** spent.

    Phase **map** (worker: \`sim/quick\`), epoch 2.
    Rows: \`/data/out\`."
  `);
  const capped = { ...summary, state: 'capped', stop: 'capped', counts: { ...summary.counts, ok: 100 } } as const;
  expect(endDetails(plan, [map], capped)).toContain('### poems: capped, 110 of 200 rows');
  expect(endDetails(plan, [map], capped)).toContain('Go on with: `swarm resize poems-1 --max-cost USD`.');
  const disk = { ...capped, state: 'paused', stop: 'disk', message: 'the disk is full' } as const;
  expect(endDetails(plan, [map], disk)).toContain('### poems: paused (disk: the disk is full), 110 of 200 rows');
  expect(endDetails(plan, [map], disk)).toContain('Go on with: `swarm resume poems-1`.');
});
