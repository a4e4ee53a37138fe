/** A capped run is drawn from its seed alone: rows, cap, what is struck and when, how it goes on. */
import { seededRandom } from '../../support/test-random.js';
import type { Work } from '../rows.js';
import type { Target } from '../scene.js';

export interface CappedBlow {
  /** After this share of the calls that the cap has room for. */
  share: number;
  targets: readonly Target[];
  /** How long it is before `swarm run` is typed again, in ms. */
  forMs: number;
}

export interface CappedScenario {
  seed: number;
  work: Work;
  latency: string;
  answerTokens: string;
  maxTokens: number;
  /** The cap as a share of what the rows cost. */
  share: number;
  blows: readonly CappedBlow[];
  goesOnBy: 'resize' | 'run';
}

const TARGETS: readonly (readonly Target[])[] = [
  ['host'],
  ['host'],
  ['host'],
  ['cli', 'host'],
  ['host', 'cli'],
  ['server'],
  ['cli'],
];

/** Every second seed strikes; the first blow of those always meets the host. */
export function drawCapped(seed: number): CappedScenario {
  const random = seededRandom(`caps/${seed}`);
  const one = <T>(items: readonly T[]): T => items[random.whole(0, items.length - 1)] as T;
  const rows = random.whole(600, 1_200);
  const workers = one([50, 120, 250, 500, 500]);
  const sliceSize = one(['auto', 30, 50, 100] as const);
  const share = random.whole(10, 90) / 100;
  const count = seed % 2 === 0 ? 0 : random.whole(1, 2);
  const blows = Array.from({ length: count }, (_, at) => ({
    share: 0.1 + random.next() * 0.7,
    targets: at === 0 ? one(TARGETS.slice(0, 5)) : one(TARGETS),
    forMs: one([0, 0, random.whole(0, 1_000)]),
  }));
  return {
    seed,
    work: { rows, turns: 1, sliceSize, workers },
    latency: `lognormal:${random.whole(60, 200)},0.5`,
    answerTokens: `lognormal:${random.whole(30, 80)},${one([0.5, 0.8, 1.1])}`,
    maxTokens: one([300, 600, 1_500]),
    share,
    blows: blows.sort((a, b) => a.share - b.share),
    goesOnBy: one(['resize', 'run']),
  };
}

/** One line for people. */
export function describeCapped({ seed, work, latency, answerTokens, maxTokens, share, blows, goesOnBy }: CappedScenario): string {
  const { rows, sliceSize, workers } = work;
  const struck = blows.map(
    ({ share: at, targets, forMs }) => `${targets.join('+')} at ${Math.round(at * 100)} % for ${forMs} ms`,
  );
  const what = struck.length === 0 ? 'no blow' : struck.join('; ');
  return (
    `--seed ${seed}: ${rows} rows, slices ${sliceSize}, ${workers} in flight, answers ${answerTokens} of at most ${maxTokens}, ` +
    `${latency}, cap ${Math.round(share * 100)} %, goes on by ${goesOnBy}: ${what}`
  );
}
