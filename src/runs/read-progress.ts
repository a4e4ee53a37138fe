/** A run's progress, read from the store alone. */
import type { Learned } from '../core/gate/learned.js';
import { RUN_STATES } from '../core/model.js';
import { knownUsd, nanoToUsd, spentOf } from '../core/money/price.js';
import { gateKey, runShare } from '../core/names.js';
import { currentPhase, TASK_PHASES } from '../core/phases.js';
import { unknownRun } from '../core/run-errors.js';
import { FirstRows, lookAt } from '../core/run-outlook.js';
import type { Control, RunRow, RunTotals, Store } from '../store/port/store.js';
import type { FoundLimits, ListOptions, Progress } from './progress.js';
import { messageOf } from './results.js';
import { type DaySettings, DaySums, spendOf } from './spend.js';
import { standingOf } from './standing.js';

export function firstRowsOf(store: Store, runId: string): FirstRows {
  return new FirstRows((count) => store.firstRows(runId, count));
}

/** A run that was started. Throws E_RUN_UNKNOWN. */
export async function startedRun(store: Store, runId: string): Promise<RunRow> {
  const run = await store.run(runId);
  if (!run || run.state === 'staging') throw unknownRun(runId);
  return run;
}

/**
 * Throws E_RUN_UNKNOWN. Who looks again and again keeps the first rows from look to look, and is not told the causes of failures while
 * the run goes on.
 */
export async function readProgress(
  store: Store,
  runId: string,
  settings: DaySettings,
  firstRows: FirstRows | null = null,
): Promise<Progress> {
  const run = await startedRun(store, runId);
  const sources = { settings, sums: new DaySums(store), limits: new KnownLimits(store) };
  const [totals, control] = await Promise.all([store.totals(runId), store.control(runId)]);
  const causes = firstRows === null || run.state !== 'running';
  return await progressOf(store, { run, totals, control, firstRows: firstRows ?? firstRowsOf(store, runId), causes }, sources);
}

/** As `Store.runs`, without runs whose rows are still being stored. */
export function startedRuns(store: Pick<Store, 'runs'>, filter: Parameters<Store['runs']>[0] = {}): Promise<RunRow[]> {
  return store.runs({ ...filter, states: (filter.states ?? RUN_STATES).filter((state) => state !== 'staging') });
}

/** Runs whose sums are read at once. */
const LISTED = 500;

/** Newest first. */
export async function listProgress(store: Store, options: ListOptions, settings: DaySettings): Promise<Progress[]> {
  const { rest = true, ...filter } = options;
  const runs = await startedRuns(store, filter);
  const sources = { settings, sums: new DaySums(store), limits: new KnownLimits(store) };
  const listed: Progress[] = [];
  for (let from = 0; from < runs.length; from += LISTED) {
    const some = runs.slice(from, from + LISTED);
    const ids = some.map(({ id }) => id);
    const [totals, controls] = await Promise.all([store.totalsOf(ids), store.controls(ids)]);
    // One after the other: thousands of reads that wait for one connection wake each other up.
    for (const run of some) {
      const [ofRun, control] = [totals.get(run.id), controls.get(run.id)];
      // Dropped meanwhile.
      if (!ofRun || !control) continue;
      const firstRows = rest ? firstRowsOf(store, run.id) : null;
      listed.push(await progressOf(store, { run, totals: ofRun, control, firstRows, causes: true }, sources));
    }
  }
  return listed;
}

/** Limits as calls met them: those of a gate are read once, however many runs pass it. For one look at one or several runs. */
class KnownLimits {
  readonly #store: Pick<Store, 'limits'>;
  readonly #read = new Map<string, Promise<Learned | null>>();

  constructor(store: Pick<Store, 'limits'>) {
    this.#store = store;
  }

  of(gate: string): Promise<Learned | null> {
    const limits = this.#read.get(gate) ?? this.#store.limits(gate);
    this.#read.set(gate, limits);
    return limits;
  }
}

interface KnownRun {
  run: RunRow;
  totals: RunTotals;
  control: Control;
  /** Null: `rest` is not asked for. */
  firstRows: FirstRows | null;
  /** Whether the causes of failures are asked for. */
  causes: boolean;
}

interface ProgressSources {
  settings: DaySettings;
  sums: DaySums;
  limits: KnownLimits;
}

async function progressOf(store: Store, known: KnownRun, { settings, sums, limits }: ProgressSources): Promise<Progress> {
  const now = Date.now();
  const { run, totals, control, firstRows, causes } = known;
  const running = run.state === 'running';
  const { role, model, price } = TASK_PHASES.useOf(run.task, currentPhase(run).role);
  const [learned, waits] = await Promise.all([limits.of(gateKey(model)), running ? store.waits(run.id, now) : []]);
  const { total, ok, failed, filtered, calls, tries, limited, doubtful, usage } = totals;
  const left = total - ok - failed - filtered;
  const rows = (await firstRows?.at({ ...totals, epoch: run.epoch })) ?? [];
  const { wait, rest } = lookAt({ run: run.id, control, learned, waits, rows, left, price, role }, now);
  return {
    run: run.id,
    name: run.name,
    message: messageOf(run),
    epoch: run.epoch,
    phase: run.phase,
    role: run.phase === null ? null : role,
    total,
    ok,
    failed,
    filtered,
    inFlight: callsAtProvider(totals, control),
    calls,
    failedCalls: tries,
    limited,
    doubtful,
    failures: causes && failed > 0 ? await store.failures(run.id) : [],
    usage,
    costUsd: knownUsd(spentOf(totals)),
    heldUsd: heldUsd(totals),
    maxCostUsd: control.capNano === null ? null : nanoToUsd(control.capNano),
    ...(await spendOf(run, { totals, control, sums }, settings)),
    concurrency: control.concurrency,
    auto: control.auto,
    requestsPerMinute: control.requestsPerMinute,
    tokensPerMinute: control.tokensPerMinute,
    found: learned && foundLimits(learned),
    ...(await standingOf(run, async () => ({
      processes: await processesOf(store, run.id, now),
      waits: wait && { why: wait.why, text: wait.text, since: wait.since, until: wait.until, failure: wait.failure ?? null },
    }))),
    rest,
    workedMs: run.workedMs + (run.workingSince === null ? 0 : Math.max(0, now - run.workingSince)),
    startedAt: run.startedAt,
    origin: run.origin,
    outputDir: run.outputDir,
  };
}

/** Living processes that have a share of the run's calls. */
async function processesOf(store: Store, runId: string, now: number): Promise<number> {
  const shares = await store.shares([runShare(runId)]);
  if (shares.length === 0) return 0;
  const living = new Set((await store.owners()).filter(({ leaseUntil }) => leaseUntil >= now).map(({ id }) => id));
  return shares.filter(({ owner }) => living.has(owner)).length;
}

function foundLimits({ pace, window, noise, at }: Learned): FoundLimits {
  return { callsPerSecond: pace, callsInFlight: window, refusedAnyway: noise, at };
}

/** Calls under way and doubtful ones of a run whose price is not known hold what nobody knows. */
function heldUsd({ reservedNano, doubtfulNano, unpriced, open, doubtful }: RunTotals): number | null {
  const heldNano = reservedNano + doubtfulNano;
  return heldNano === 0 && unpriced > 0 && open + doubtful > 0 ? null : nanoToUsd(heldNano);
}

/** Intents are stored a little ahead of their calls, so that a place at the provider is never empty: those are not under way yet. */
function callsAtProvider({ open }: RunTotals, { concurrency }: Control): number {
  return Math.min(open, concurrency);
}
