/** The short form of the kill matrix: mixed kills at random moments. `npm run soak` has the long one. */
import { beforeAll, describe, expect, it } from 'vitest';
import { runScenario } from '../chaos/run-scenario.js';
import type { Scenario, Stroke } from '../chaos/scenario.js';
import { Undisturbed } from '../chaos/undisturbed.js';
import { testRandom } from '../support/test-random.js';

const ROWS = 240;
const SLICES = { rows: ROWS, turns: 1, sliceSize: 15, workers: 24 };
const CONVERSATIONS = { ...SLICES, turns: 2 };
/** A child for each row takes longer, so there are fewer of them. */
const SEEDS = { rows: 100, turns: 1, sliceSize: 1, workers: 24 };

let undisturbed: Undisturbed;

beforeAll(async () => {
  undisturbed = await Undisturbed.inOwnHome(ROWS, [1, 2]);
});

const NOTHING = { share: null, afterMs: 0, forMs: 0, pauseMs: 0 };
const HOST: Stroke = { ...NOTHING, kind: 'host', order: ['host'] };
const HOST_AND_STARTER: Stroke = { ...NOTHING, kind: 'all', order: ['cli', 'host'] };
const EVERYTHING: Stroke = { ...NOTHING, kind: 'all', order: ['server', 'cli', 'host', 'worker'], pauseMs: 5 };
const SERVER: Stroke = { ...NOTHING, kind: 'server', order: ['server'] };
const STALL: Stroke = { ...NOTHING, kind: 'host stalls', order: ['host'], forMs: 1_500 };

describe('killed at random moments -> every row once, paid again only what was in flight and is listed', () => {
  it.each([
    { what: 'host and starter, then `swarm run` again', work: SLICES, strokes: [HOST_AND_STARTER] },
    { what: 'host and starter, a child for each row', work: SEEDS, strokes: [HOST_AND_STARTER] },
    { what: 'host alone, twice: its starter goes on by itself', work: CONVERSATIONS, strokes: [HOST, HOST] },
    { what: 'server, then the host is silent for a while', work: SLICES, strokes: [SERVER, STALL] },
    { what: 'everything, a second worker too', work: CONVERSATIONS, strokes: [EVERYTHING], secondWorker: true },
    { what: 'host of a detached run', work: SLICES, strokes: [HOST], attached: false },
  ])('$what', async ({ what, work, strokes, secondWorker = false, attached = true }) => {
    const random = testRandom(what);
    const moments = strokes.map(() => random.next() * 0.6).sort((a, b) => a - b);
    const scenario: Scenario = {
      seed: 0,
      work,
      latency: 'lognormal:170,0.35',
      attached,
      secondWorker,
      strokes: strokes.map((stroke, at) => ({ ...stroke, share: moments[at] ?? 0, afterMs: random.whole(0, 80) })),
    };
    const { broken, blows, inFlight, paidAgain, doubtful } = await runScenario(scenario, undisturbed);
    process.stdout.write(`  ${blows.join(', ')}: ${inFlight} in flight, ${paidAgain} paid again, ${doubtful} doubtful\n`);
    expect(broken).toEqual([]);
    expect(blows.length).toBeGreaterThan(0);
  });
});
