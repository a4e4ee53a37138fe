/** The store over any SQL database: writes go to the writer as named operations, reads to the reader. */
import { setTimeout as sleep } from 'node:timers/promises';
import { exactJson } from '../../core/exact-json.js';
import type { EpochMs, Outcome } from '../../core/model.js';
import type { Seed } from '../../schema/seed.js';
import type { Control, Store } from '../port/store.js';
import { isAway, PATIENCE_MS, storeError } from '../store-errors.js';
import type { Writer } from './all-operations.js';
import type { Reader } from './reader.js';
import type { SeedTuple } from './run-operations.js';

/** Seeds in one write: a transaction that other processes wait for stays short. */
const SEEDS_PER_WRITE = 500;
const READ_AGAIN_MS = 500;

type Reads = Pick<
  Store,
  | 'run'
  | 'runs'
  | 'items'
  | 'totals'
  | 'totalsOf'
  | 'seeds'
  | 'calls'
  | 'outcome'
  | 'done'
  | 'outcomesAfter'
  | 'okPlace'
  | 'outputRows'
  | 'failures'
  | 'hasAnswer'
  | 'firstRows'
  | 'taskVersions'
  | 'begunRows'
  | 'doubtfulCalls'
  | 'spendByModel'
  | 'chargedIn'
  | 'bookedIn'
  | 'recountLedger'
  | 'control'
  | 'controls'
  | 'queues'
  | 'limits'
  | 'excess'
  | 'waits'
  | 'shares'
  | 'owners'
>;

function seedTuple({ index, id, content }: Seed): SeedTuple {
  return [index, JSON.stringify(id), exactJson(content)];
}

export function sqlStore(writer: Writer, reader: Reader, where: string): Store {
  const { money } = reader;
  const listeners = new Set<(runId: string, control: Control) => void>();
  let closing: Promise<void> | null = null;

  /** Reads of the reader: asked again while the database is away for a short time, and what it throws made readable. */
  const read = <A extends unknown[], T>(method: (...input: A) => Promise<T>) => {
    return async (...input: A): Promise<T> => {
      for (let deadline = 0; ; ) {
        try {
          return await method.apply(reader, input);
        } catch (cause) {
          deadline ||= performance.now() + PATIENCE_MS;
          if (!isAway(cause) || closing || performance.now() > deadline) throw storeError(cause, where);
          await sleep(READ_AGAIN_MS);
        }
      }
    };
  };

  const reads: Reads = {
    run: read(reader.run),
    runs: read(reader.runs),
    items: read(reader.items),
    totals: read(reader.totals),
    totalsOf: read(reader.totalsOf),
    seeds: read(reader.seeds),
    calls: read(reader.calls),
    outcome: read(reader.outcome),
    done: read(reader.done),
    outcomesAfter: read(reader.outcomesAfter),
    okPlace: read(reader.okPlace),
    outputRows: read(reader.outputRows),
    failures: read(reader.failures),
    hasAnswer: read(reader.hasAnswer),
    firstRows: read(reader.firstRows),
    taskVersions: read(reader.taskVersions),
    begunRows: read(reader.begunRows),
    doubtfulCalls: read((runId: string) => money.doubtfulCalls(runId)),
    spendByModel: read((runId: string) => money.spendByModel(runId)),
    chargedIn: read((from: number, to: number) => money.chargedIn(from, to)),
    bookedIn: read((runId: string) => money.bookedIn(runId)),
    recountLedger: read((from: number, to: number) => money.recountLedger(from, to)),
    control: read(reader.control),
    controls: read(reader.controls),
    queues: read(reader.queues),
    limits: read(reader.limits),
    excess: read((modelKey: string) => money.excess(modelKey)),
    waits: read(reader.waits),
    shares: read(reader.shares),
    owners: read(reader.owners),
  };

  async function dropRun(runId: string): Promise<void> {
    while (await writer.write('dropSome', { runId }));
  }

  async function appendSeeds(runId: string, seeds: readonly Seed[]): Promise<void> {
    const writes: Promise<void>[] = [];
    for (let from = 0; from < seeds.length; from += SEEDS_PER_WRITE) {
      const tuples = seeds.slice(from, from + SEEDS_PER_WRITE).map(seedTuple);
      writes.push(writer.write('appendSeeds', { runId, seeds: tuples }));
    }
    await Promise.all(writes);
  }

  /** A write that may change what is asked of a run, which listeners hear of. Null: it changed nothing. */
  async function heard<C extends Control | null>(runId: string, write: Promise<C>): Promise<C> {
    const control = await write;
    if (control !== null) for (const listener of listeners) listener(runId, control);
    return control;
  }

  async function close(): Promise<void> {
    try {
      await writer.close();
    } finally {
      await reader.close();
    }
  }

  return {
    ...reads,
    expectWrites: () => writer.expectWrites(),
    async createRun(run) {
      if ((await writer.write('createRun', { run })) === 'created') return;
      await dropRun(run.id);
      await writer.write('createRun', { run });
    },
    appendSeeds,
    sealRun: (runId, sealed) => writer.write('sealRun', { runId, ...sealed }),
    dropRun,
    updateRun: (runId, patch, whileIn, restedAt) =>
      writer.write('updateRun', { runId, patch, whileIn: whileIn ?? null, at: Date.now(), restedAt: restedAt ?? null }),
    async restRun(runId, workflowId, patch, restedAt) {
      const change = { runId, workflowId, patch, at: Date.now(), restedAt: restedAt ?? null };
      return (await heard(runId, writer.write('restRun', change))) !== null;
    },
    letGoOn: async (runId, from) => (await heard(runId, writer.write('letGoOn', { runId, from, at: Date.now() }))) !== null,
    openEpoch: (runId, workflow, at) => writer.write('openEpoch', { runId, workflow, at }),
    reopenFailed: (runId, cause) => writer.write('reopenFailed', { runId, cause: cause ?? null }),
    changeTask: (change) => writer.write('changeTask', { ...change, at: Date.now() }),
    changeRows: ({ seeds, ...change }) => writer.write('changeRows', { ...change, seeds: seeds.map(seedTuple) }),
    intend: (intent) => writer.write('intend', intent),
    settle: (settlement) => writer.write('settle', settlement),
    refuse: (refusal) => writer.write('refuse', refusal),
    spend: (spent) => writer.write('spend', spent),
    doubt: (doubt) => writer.write('doubt', doubt),
    reconcile: (reconciliation) => writer.write('reconcile', reconciliation),
    finish: (runId: string, outcome: Outcome) => writer.write('finish', { runId, outcome }),
    setControl: (runId, patch, options) => heard(runId, writer.write('setControl', { runId, patch, ...options })),
    async takeStartCap(runId, cap, replace) {
      await heard(runId, writer.write('takeStartCap', { runId, cap, replace }));
    },
    onControl(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    registerQueue: (queue) => writer.write('registerQueue', { queue }),
    takeSlots: (rateKey, count, intervalMs, now) => writer.write('takeSlots', { rateKey, count, intervalMs, now }),
    setLimits: (gateKey, learned) => writer.write('setLimits', { gateKey, learned }),
    exceeded: (modelKey, excess) => writer.write('exceeded', { modelKey, excess }),
    setWait: (owner, runId, wait) => writer.write('setWait', { owner, runId, wait }),
    beat: (owner, until: EpochMs) => writer.write('beat', { owner, until }),
    share: async (request) => new Map(await writer.write('share', { request })),
    endShares: (owner, keys) => writer.write('endShares', { owner, keys }),
    endOwner: (owner, successor, at) => writer.write('endOwner', { owner, successor, at }),
    endOwners: (home, keep, at) => writer.write('endOwners', { home, keep, at }),
    activityStarted: (owner, taskToken) => writer.write('activityStarted', { owner, taskToken }),
    activityEnded: (taskToken) => writer.write('activityEnded', { taskToken }),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
