/**
 * The kill points inside recoveries. A host is killed amid a run whose command follows it; the hosts that take over are struck at the
 * moments of a row, one after the other. Moments are seen from inside the host (hook.mjs), before what they name is done.
 */
export type Target = 'host' | 'server';

export interface Moment {
  /** For people. */
  name: string;
  /** `begins`: its process; `spawns`: the Temporal server's; what it logs, is asked by a client, gives its store to write. */
  on: 'begins' | 'spawns' | `says ${string}` | `asked ${string}` | `stores ${string}`;
  /** The so manieth time. @default 1 */
  times?: number;
  /** So long after it. @default 0 */
  afterMs?: number;
}

/** In the order in which a recovery comes to them. */
const MOMENTS = {
  begins: { name: 'its process begins', on: 'begins' },
  starts: { name: 'it has the lock', on: 'says host starts' },
  ends: { name: 'the dead owners are to be ended', on: 'stores endOwners' },
  rests: { name: 'the run is to be interrupted', on: 'stores restRun' },
  tookOver: { name: 'it took over in the store', on: 'says took over from a host that ended amid runs' },
  spawned: { name: 'the server was spawned', on: 'spawns' },
  serverStarts: { name: 'the server starts', on: 'spawns', afterMs: 250 },
  worker: { name: 'the worker is to start', on: 'says starting the worker' },
  workerStarts: { name: 'the worker starts', on: 'says starting the worker', afterMs: 60 },
  ready: { name: 'it is ready', on: 'says host is ready' },
  attached: { name: 'the command attaches', on: 'asked attach' },
  goesOn: { name: 'the run is let go on', on: 'asked go-on' },
  goesOnSoon: { name: '150 ms after the run was let go on', on: 'asked go-on', afterMs: 150 },
  goesOnLate: { name: '1 s after the run was let go on', on: 'asked go-on', afterMs: 1_000 },
  firstCall: { name: 'the first call', on: 'stores intend' },
  firstAnswer: { name: 'the first answer', on: 'stores settle' },
  thirtyAnswers: { name: '30 answers', on: 'stores settle', times: 30 },
  sixtyAnswers: { name: '60 answers', on: 'stores settle', times: 60 },
  activity: { name: 'the first activity is here', on: 'stores activityStarted' },
  activities: { name: 'the tenth activity is here', on: 'stores activityStarted', times: 10 },
  told: { name: 'its workflow was told to go on', on: 'stores setControl' },
} satisfies Record<string, Moment>;

type MomentName = keyof typeof MOMENTS;

/**
 * `run`: the command that started it. `run again`: that one is killed with the first host, and typed again. `watch`: the starter is killed, too.
 * `watch detached`: there was none to stay.
 */
export type Follower = 'run' | 'run again' | 'watch' | 'watch detached';

export interface KillPoint {
  name: string;
  follower: Follower;
  /** One for each host that takes over, in their order. */
  strokes: readonly (Moment & { strikes: readonly Target[] })[];
}

function struck(targets: readonly Target[], moments: readonly MomentName[], follower: Follower = 'run'): KillPoint {
  const [first] = moments;
  const same = moments.every((moment) => moment === first);
  const when = same ? MOMENTS[first as MomentName].name : moments.map((moment) => MOMENTS[moment].name).join(', then ');
  const often = same && moments.length > 1 ? `, ${moments.length} times in a row` : '';
  const who = follower === 'run' ? '' : `, followed by ${follower}`;
  return {
    name: `${targets.join(' and ')}: ${when}${often}${who}`,
    follower,
    strokes: moments.map((moment) => ({ ...MOMENTS[moment], strikes: targets })),
  };
}

const ALL = Object.keys(MOMENTS) as MomentName[];
/** There is a server to strike. */
const WITH_SERVER = ALL.slice(ALL.indexOf('serverStarts'));

const host = (...moments: readonly MomentName[]) => struck(['host'], moments);
const both = (...moments: readonly MomentName[]) => struck(['server', 'host'], moments);
const server = (...moments: readonly MomentName[]) => struck(['server'], moments);

/** Several in a row. */
const ROWS_OF_DEATHS: readonly KillPoint[] = [
  host('thirtyAnswers', 'thirtyAnswers', 'thirtyAnswers'),
  host('begins', 'begins', 'begins'),
  host('attached', 'goesOn', 'goesOnSoon'),
  both('goesOnSoon', 'tookOver', 'thirtyAnswers'),
];

const WATCHED: readonly KillPoint[] = [
  struck(['host'], ['goesOnSoon'], 'watch'),
  struck(['server', 'host'], ['thirtyAnswers'], 'watch'),
  struck(['host'], ['ready'], 'watch detached'),
  struck(['host'], ['thirtyAnswers'], 'watch detached'),
];

const AGAIN: readonly KillPoint[] = (['begins', 'ready', 'attached', 'goesOnSoon', 'told', 'thirtyAnswers'] as const).map(
  (moment) => struck(['host'], [moment], 'run again'),
);

export const KILL_POINTS: readonly KillPoint[] = [
  ...ALL.map((moment) => host(moment)),
  ...WITH_SERVER.map((moment) => both(moment)),
  ...(['serverStarts', 'worker', 'workerStarts', 'ready', 'goesOn', 'goesOnSoon', 'thirtyAnswers', 'told'] as const).map(
    (moment) => server(moment),
  ),
  ...ROWS_OF_DEATHS,
  ...WATCHED,
  ...AGAIN,
];

/** Those of `npm test`: of each kind one. */
export const SOME_KILL_POINTS: readonly KillPoint[] = [
  host('begins'),
  both('worker'),
  server('workerStarts'),
  host('goesOnSoon', 'thirtyAnswers', 'thirtyAnswers'),
];

/** How many moments of a recovery are struck in all. */
export function strokesOf(points: readonly KillPoint[]): number {
  return points.reduce((sum, { strokes }) => sum + strokes.length, 0);
}
