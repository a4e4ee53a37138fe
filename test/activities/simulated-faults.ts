/**
 * Simulated runs whose rows meet faults: a real store, the real gate and turns, a model that answers from a seed. What each must hold is in
 * its `broken`, a line each; `npm test` plays a few seeds, `npm run soak -- --only seeds` all of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallResult } from '../../src/llm/port.js';
import { PAUSE_AFTER, type Task } from '../../src/schema/task-types.js';
import type { Store } from '../../src/store/port/store.js';
import type { RunSliceResult } from '../../src/workflows/activity-messages.js';
import { seededRandom, type TestRandom } from '../support/test-random.js';
import { failure, reply, type Setup, setup } from './turn-setup.js';

export interface SharedFault {
  name: string;
  result: CallResult;
  /** What rows answer that do not meet it. @default a text */
  good?: CallResult;
  /** Added to the task. */
  task?: Partial<Task>;
  /** Calls of a row before it fails so. @default 1 */
  tries?: number;
}

/** What all rows may meet alike. */
export const SHARED_FAULTS: readonly SharedFault[] = [
  { name: 'empty', result: failure('transport', { code: 'E_CALL_EMPTY', status: 200, mayHaveBeenBilled: true }), tries: 2 },
  { name: 'refused by the provider', result: failure('row', { code: 'E_ROW_REFUSED', status: 418 }) },
  { name: 'truncated', result: reply('cut', { finish: 'length' }), task: { onTruncate: 'fail' } },
  { name: 'content filter', result: reply('', { finish: 'filter' }) },
  { name: 'odd finish', result: reply('odd', { finish: 'unknown', rawFinish: 'odd' }) },
  { name: 'too long, says the provider', result: failure('row', { code: 'E_ROW_TOO_LONG', status: 400 }) },
  { name: 'labels never met', result: reply('odd'), task: { labels: ['fine'], maxRepairs: 1 }, tries: 2 },
  { name: 'schema never met', result: reply('2'), good: reply('1'), task: { outputSchema: { const: 1 }, maxRepairs: 0 } },
  { name: 'bad request', result: failure('request', { code: 'E_REQUEST_REFUSED', status: 400, suspect: 'request' }) },
];

/** What passes by itself: the next call of the row fares better. */
const PASSING: readonly CallResult[] = [
  failure('rate', { status: 429, retryAfterMs: 5 }),
  failure('overload', { status: 503, retryAfterMs: 5 }),
  failure('transport', { code: 'E_CALL_SERVER', status: 500 }),
];

export interface Played {
  /** Names the seed and what it drew. */
  what: string;
  broken: string[];
  calls: number;
  /** Of the run when it ended. */
  ok: number;
  failed: number;
}

/** The run's rows as one slice. */
async function runAll(part: Setup, run: string, rows: number): Promise<RunSliceResult> {
  const slice = { run, epoch: 1, from: 0, to: rows, source: 'range' as const };
  return (await part.environment.run(part.activities.runSlice, slice)) as RunSliceResult;
}

const ROWS = 300;

/** Rows that meet one fault, each of them, after some good answers: the run is to pause before it has paid for more than it must. */
export async function simulateSharedFault(store: Store, fault: SharedFault, seed: number): Promise<Played> {
  const random = seededRandom(`${fault.name}/${seed}`);
  const [concurrency, good] = [random.whole(4, 15), random.whole(1, 40)];
  const part = await setup(store);
  let calls = 0;
  let answered = 0;
  /** Sent after the last good answer was here. */
  let vain = 0;
  const call = async (): Promise<CallResult> => {
    calls += 1;
    const mine = calls <= good ? (fault.good ?? reply('fine')) : fault.result;
    if (answered === good) vain += 1;
    await sleep(10 + random.next() * 20);
    if (mine !== fault.result) answered += 1;
    return mine;
  };
  try {
    part.adapter.next(...Array.from({ length: 3 * ROWS }, () => call));
    const { row } = await part.run(ROWS, { concurrency, ...fault.task });
    const { stop, undone } = await runAll(part, row.id, ROWS);
    const { ok, failed, open, reservedNano } = await store.totals(row.id);
    const message = (await store.run(row.id))?.message ?? '';
    const broken: string[] = [];
    const holds = (held: boolean, found: string) => void (held || broken.push(found));
    holds(stop === 'systematic', `it stopped for ${stop}`);
    holds(ok === good, `${ok} of ${good} good rows are ok`);
    holds(failed >= PAUSE_AFTER, `it paused after ${failed} failed rows`);
    holds(ok + failed + undone === ROWS, `${ok} ok, ${failed} failed and ${undone} undone of ${ROWS} rows`);
    // A row that waits for its second try was begun: it is as good as in flight.
    const begun = new Set((await store.calls(row.id, { from: 0, to: ROWS })).map(({ index }) => index)).size;
    const resting = begun - ok - failed;
    const most = (fault.tries ?? 1) * (PAUSE_AFTER + concurrency) + resting;
    holds(vain <= most, `${vain} calls in vain, at most ${most} are allowed, ${resting} rows were to be tried again`);
    const inRow = Number(/^\d+/.exec(message)?.[0]);
    holds(inRow <= PAUSE_AFTER + concurrency, `${inRow} rows in a row`);
    holds(open === 0 && reservedNano === 0, `${open} calls are open, ${reservedNano} nano-USD reserved`);
    // What a model answered is in no message: Temporal keeps those.
    const says =
      /^\d+ rows in a row failed with E_\w+ and none was ok, such as row s\d+(?:: |, whose answer is in failed\.jsonl; )/;
    holds(says.test(message), `it says: ${message}`);
    return { what: `${fault.name}/${seed}: ${concurrency} wide, ${good} good, ${calls} calls`, broken, calls, ok, failed };
  } finally {
    part.close();
  }
}

/** Of all calls. */
const FAULTY = 0.05;

interface Weather {
  wide: number;
  rows: number;
  /** Drawn from for each call that fares badly. */
  faults: readonly CallResult[];
  task: Partial<Task>;
  /** Ms of a good answer, from and to. */
  answers: readonly [number, number];
  /** The provider refuses without any work. */
  atOnce: boolean;
}

function drawWeather(random: TestRandom): Weather {
  const wide = [4, 16, 64, 200, 600][random.whole(0, 4)] as number;
  const rows = Math.max(200, 2 * wide);
  const one = SHARED_FAULTS[random.whole(0, SHARED_FAULTS.length - 1)] as SharedFault;
  const all = [...SHARED_FAULTS.map(({ result }) => result), ...PASSING];
  // Slower than a wave of calls takes to be sent: what is refused at once is back before any answer.
  const slow = random.whole(5, 40) + 3 * wide;
  return {
    wide,
    rows,
    // Of one kind they come in a row the sooner.
    faults: random.next() < 0.5 ? [one.result] : all,
    task: { onTruncate: 'fail' },
    // Alike for all, so that they end in waves, or spread.
    answers: random.next() < 0.5 ? [slow, slow] : [1, slow],
    atOnce: random.next() < 0.5,
  };
}

/** Rows of which every twentieth meets a fault, whichever: the run is to go on to its end. */
export async function simulateRandomFaults(store: Store, seed: number): Promise<Played> {
  const random = seededRandom(`random faults/${seed}`);
  const { wide, rows, faults, task, answers, atOnce } = drawWeather(random);
  const part = await setup(store);
  let calls = 0;
  const call = async (): Promise<CallResult> => {
    calls += 1;
    const fault = random.next() < FAULTY ? faults[random.whole(0, faults.length - 1)] : undefined;
    const ms = answers[0] + random.next() * (answers[1] - answers[0]);
    if (fault === undefined || !atOnce) await sleep(ms);
    return fault ?? reply('fine');
  };
  try {
    part.adapter.next(...Array.from({ length: 10 * rows }, () => call));
    const { row } = await part.run(rows, { concurrency: wide, ...task });
    const { stop, undone } = await runAll(part, row.id, rows);
    const { ok, failed, open, reservedNano } = await store.totals(row.id);
    const broken: string[] = [];
    if (stop !== null) broken.push(`it stopped for ${stop}: ${(await store.run(row.id))?.message}`);
    if (ok + failed !== rows) broken.push(`${ok} ok, ${failed} failed and ${undone} undone of ${rows} rows`);
    if (open !== 0 || reservedNano !== 0) broken.push(`${open} calls are open, ${reservedNano} nano-USD reserved`);
    const kinds = faults.length === 1 ? 'one fault' : 'all faults';
    const what = `random faults/${seed}: ${wide} wide, ${rows} rows, ${kinds}${atOnce ? ' at once' : ''}, ${calls} calls`;
    return { what, broken, calls, ok, failed };
  } finally {
    part.close();
  }
}
