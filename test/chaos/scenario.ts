/** A scenario is drawn from its seed alone: the work, and what is done to the processes, when. */
import { seededRandom, type TestRandom } from '../support/test-random.js';
import type { Work } from './rows.js';
import type { Target } from './scene.js';

export type StrokeKind = 'cli' | 'host' | 'server' | 'worker' | 'all' | 'host stalls' | 'server stalls' | 'worker stalls';

export interface Stroke {
  kind: StrokeKind;
  /** When: at this share of the calls; null = right after the stroke before it. */
  share: number | null;
  /** On top of that, in ms. */
  afterMs: number;
  /** How long it is before `swarm run` or `swarm worker` is typed again, or how long a stall is, in ms. */
  forMs: number;
  /** Order and pause between the signals when several processes are struck. */
  order: readonly Target[];
  pauseMs: number;
}

export interface Scenario {
  seed: number;
  work: Work;
  latency: string;
  /** False: the run is submitted with --detach and goes on without a command. */
  attached: boolean;
  secondWorker: boolean;
  strokes: readonly Stroke[];
}

/** Without being disturbed a run takes about this long. */
const RUN_MS = { least: 1_500, most: 4_000 };
/** A child workflow costs about 45 ms of CPU. */
const MOST_CHILDREN = 100;
const EVERYTHING: readonly Target[] = ['cli', 'host', 'server', 'worker'];
/** Beyond the heartbeat timeout of 30 s and the owner's lease of 15 s. */
const LONG_STALL_MS = { least: 32_000, most: 40_000 };
const LONG_STALLS = 0.02;

/** How often each is drawn. */
const KINDS: readonly [StrokeKind, number][] = [
  ['cli', 3],
  ['host', 5],
  ['server', 3],
  ['worker', 3],
  ['all', 3],
  ['host stalls', 1],
  ['server stalls', 1],
  ['worker stalls', 1],
];

function one<T>(random: TestRandom, items: readonly T[]): T {
  return items[random.whole(0, items.length - 1)] as T;
}

function weighted(random: TestRandom, items: readonly [StrokeKind, number][]): StrokeKind {
  return one(
    random,
    items.flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind)),
  );
}

function shuffled<T>(random: TestRandom, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function drawWork(random: TestRandom): Work {
  const turns = one(random, [1, 1, 1, 2, 3]);
  const workers = random.whole(8, 64);
  // A child for each row: few rows, or the scenario takes a minute.
  if (random.next() < 0.12) return { rows: random.whole(200, 240), turns: 1, sliceSize: 1, workers };
  const rows = random.whole(200, 2_000);
  if (random.next() < 0.15) return { rows, turns, sliceSize: 'auto', workers };
  return { rows, turns, sliceSize: random.whole(Math.ceil(rows / MOST_CHILDREN), 50), workers };
}

function drawStroke(random: TestRandom, kinds: readonly [StrokeKind, number][], first: boolean): Stroke {
  const kind = weighted(random, kinds);
  const long = random.next() < LONG_STALLS;
  const stall = long ? random.whole(LONG_STALL_MS.least, LONG_STALL_MS.most) : random.whole(100, 4_000);
  const chosen: readonly Target[] = kind === 'all' ? EVERYTHING : [kind.split(' ')[0] as Target];
  return {
    kind,
    share: first || random.next() < 0.75 ? random.next() * 0.95 : null,
    afterMs: random.whole(0, 400),
    forMs: kind.endsWith('stalls') ? stall : one(random, [0, 0, random.whole(0, 300), random.whole(300, 2_000)]),
    order: shuffled(random, chosen),
    pauseMs: random.whole(0, 15),
  };
}

export function drawScenario(seed: number): Scenario {
  const random = seededRandom(`kills/${seed}`);
  const work = drawWork(random);
  const attached = random.next() < 0.75;
  const secondWorker = random.next() < 0.35;
  const tookMs = random.whole(RUN_MS.least, RUN_MS.most);
  const latencyMs = Math.min(400, Math.max(15, Math.round((tookMs * work.workers) / (work.rows * work.turns))));
  const kinds = KINDS.filter(([kind]) => (attached || kind !== 'cli') && (secondWorker || !kind.startsWith('worker')));
  const count = one(random, [1, 1, 2, 2, 3]);
  const strokes = Array.from({ length: count }, (_, at) => drawStroke(random, kinds, at === 0));
  return { seed, work, latency: `lognormal:${latencyMs},0.4`, attached, secondWorker, strokes: inTime(strokes) };
}

/** Shares grow; what has none comes right after the one before it. */
function inTime(strokes: readonly Stroke[]): Stroke[] {
  const shares = strokes.flatMap(({ share }) => share ?? []).sort((a, b) => a - b);
  return strokes.map((stroke) => ({ ...stroke, share: stroke.share === null ? null : (shares.shift() ?? null) }));
}

/** One line for people. */
export function describeScenario({ seed, work, latency, attached, secondWorker, strokes }: Scenario): string {
  const { rows, turns, sliceSize, workers } = work;
  const what = strokes.map(
    ({ kind, share, forMs }) => `${kind} at ${share === null ? 'once' : `${Math.round(share * 100)} %`} for ${forMs} ms`,
  );
  const how = `${attached ? 'attached' : 'detached'}${secondWorker ? ', 2 workers' : ''}`;
  return `--seed ${seed}: ${rows} rows x ${turns}, slices ${sliceSize}, ${workers} in flight, ${latency}, ${how}: ${what.join('; ')}`;
}
