/** Ends of calls over a store that fails, in any way that a disk can. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallEnds } from '../../../src/activities/turn/call-ends.js';
import type { PhaseContext } from '../../../src/activities/turn/phase-context.js';
import { EXIT, SwarmError } from '../../../src/core/errors.js';
import type { Store } from '../../../src/store/port/store.js';
import { fileStore } from '../file-store.js';
import { failure, reply, type Setup, setup, until } from '../turn-setup.js';

const opened = fileStore();
let part: Setup;
/** Names of writes that fail now, and with what. */
const broken = new Map<string, Error>();
const lost = new Set<string>();

const full = (code = 'E_STORE_WRITE', exit: 4 | 7 = EXIT.diskWrite) =>
  new SwarmError({ code, place: { file: '/store.db' }, found: 'database or disk is full (SQLITE_FULL)' }, exit);

function breakable(store: Store): Store {
  return new Proxy(store, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      // Only what is broken now fails; others pass, also those that do not return promises.
      return (...args: unknown[]) => {
        const fault = broken.get(String(key));
        if (!fault) return method(...args);
        // The commit was made and its answer lost, or it was not made.
        return lost.has(String(key)) ? method(...args).then(() => Promise.reject(fault)) : Promise.reject(fault);
      };
    },
  });
}

beforeAll(async () => {
  part = await setup(breakable(opened.store));
});
afterAll(async () => {
  await part.deps.callEnds.close();
  part.close();
});

function mend(): void {
  broken.clear();
  lost.clear();
}

/** As another epoch finds it: the disk that failed under this one is mended. */
function unharmed(context: PhaseContext): PhaseContext {
  context.of.fault = null;
  return context;
}

describe('writeControl over a full disk', () => {
  it('a cancel -> ends, so that closeRun can; any other change -> is refused, to be tried again', async () => {
    const { row } = await part.run(1);
    broken.set('setControl', full());
    await part.activities.writeControl({ run: row.id, cancelled: true });
    await expect(part.activities.writeControl({ run: row.id, paused: true })).rejects.toMatchObject({ code: 'E_STORE_WRITE' });
    mend();
    broken.set('setControl', new Error('a bug'));
    await expect(part.activities.writeControl({ run: row.id, cancelled: true })).rejects.toThrow('a bug');
    mend();
    expect((await opened.store.control(row.id)).cancelled).toBe(false);
  });
});

describe('a turn whose answer cannot be stored', () => {
  it.each([false, true])('settle fails (commit made: %s) -> stop disk; stored later, exact, paid once', async (made) => {
    const { context, row } = await part.run(2);
    part.adapter.next(reply('paid'));
    broken.set('settle', full());
    if (made) lost.add('settle');
    expect(await part.take(context, 0)).toMatchObject({
      kind: 'stop',
      cause: 'disk',
      message: expect.stringContaining('SQLITE_FULL'),
    });
    expect(part.deps.callEnds.count(row.id)).toBe(1);
    mend();
    await until('the answer is stored', () => part.deps.callEnds.count() === 0);
    expect(await part.store.outcome(row.id, 0)).toMatchObject({ status: 'ok' });
    expect(await part.store.totals(row.id)).toMatchObject({ calls: 1, doubtful: 0, open: 0, settledNano: 100, reservedNano: 0 });
    // The epoch is over; the next one finds the answer and makes no call.
    expect(await part.take(unharmed(context), 0)).toMatchObject({ kind: 'done' });
  });

  it('while an answer waits -> no turn of any run calls, each stops with disk', async () => {
    const { context } = await part.run(2);
    const other = await part.run(1);
    part.adapter.next(reply('paid'));
    broken.set('settle', full());
    await part.take(context, 0);
    expect(await part.take(context, 1)).toMatchObject({ kind: 'stop', cause: 'disk' });
    expect(await part.take(other.context, 0)).toMatchObject({ kind: 'stop', cause: 'disk' });
    expect((await opened.store.totals(other.row.id)).open).toBe(0);
    mend();
    await until('the answer is stored', () => part.deps.callEnds.count() === 0);
    part.adapter.next(reply('next'));
    expect(await part.take(unharmed(other.context), 0)).toMatchObject({ kind: 'done' });
  });

  it('asked again before it is stored -> stored first: the answer is used, not paid again', async () => {
    const { context } = await part.run(1);
    part.adapter.next(reply('paid'));
    broken.set('settle', full());
    await part.take(context, 0);
    expect(await part.take(unharmed(context), 0)).toMatchObject({ kind: 'stop', cause: 'disk' });
    mend();
    expect(await part.take(unharmed(context), 0)).toMatchObject({ kind: 'done' });
  });

  it('PostgreSQL is away -> the turn fails, so that Temporal asks again; the answer is kept', async () => {
    const { context, row } = await part.run(1);
    part.adapter.next(reply('paid'));
    broken.set('settle', full('E_STORE_UNREACHABLE', EXIT.unreachable));
    await expect(part.take(context, 0)).rejects.toMatchObject({ code: 'E_STORE_UNREACHABLE' });
    expect(part.deps.callEnds.count(row.id)).toBe(1);
    mend();
    expect(await part.take(context, 0)).toMatchObject({ kind: 'done' });
  });

  it.each(['refuse', 'doubt'] as const)('a failed call whose %s cannot be stored -> kept too, counted once', async (kind) => {
    const { context, row } = await part.run(1);
    part.adapter.next(failure('transport', { mayHaveBeenBilled: kind === 'doubt' }));
    broken.set(kind, full());
    expect(await part.take(context, 0)).toMatchObject({ kind: 'stop', cause: 'disk' });
    mend();
    await until('it is stored', () => part.deps.callEnds.count() === 0);
    expect(await part.store.totals(row.id)).toMatchObject({ tries: 1, doubtful: kind === 'doubt' ? 1 : 0, open: 0 });
  });

  it.each([false, true])(
    'intend fails (commit made: %s) -> no call, stop disk; later called once, nothing doubtful',
    async (made) => {
      const { context, row } = await part.run(1);
      broken.set('intend', full());
      if (made) lost.add('intend');
      expect(await part.take(context, 0)).toMatchObject({ kind: 'stop', cause: 'disk' });
      mend();
      part.adapter.next(reply('only'));
      expect(await part.take(unharmed(context), 0)).toMatchObject({ kind: 'done' });
      expect(await part.store.totals(row.id)).toMatchObject({ calls: 1, doubtful: 0, open: 0, reservedNano: 0 });
    },
  );

  it('a defect is no disk: thrown, and nothing is kept', async () => {
    const { context } = await part.run(1);
    part.adapter.next(reply('paid'));
    broken.set('settle', new Error('a defect'));
    await expect(part.take(context, 0)).rejects.toThrow('a defect');
    expect(part.deps.callEnds.count()).toBe(0);
    mend();
  });
});

describe('shutdown and dropped runs', () => {
  const end = {
    runId: 'r',
    index: 0,
    turn: 1,
    attempt: 1,
    answer: 'a',
    finish: 'stop',
    servedModel: 'm',
    usage: null,
    costNano: 1,
    at: 1,
  } as const;

  it('close: tries once more, then names what is lost', async () => {
    const lines: string[] = [];
    let tries = 0;
    const fail = () => {
      tries += 1;
      return Promise.reject(full());
    };
    const log = {
      info: (_: object, text: string) => void lines.push(text),
      warn: (_: object, text: string) => void lines.push(text),
    };
    const ends = new CallEnds({ store: { settle: fail, refuse: fail, spend: fail, doubt: fail }, log, firstMs: 60_000 });
    await expect(ends.store({ kind: 'settle', record: end })).rejects.toMatchObject({ exitCode: 7 });
    await ends.close();
    expect(tries).toBe(2);
    expect(lines.at(-1)).toMatch(/doubtful/);
    expect(() => ends.refuseNewCalls()).toThrow('SQLITE_FULL');
  });

  it('a run that was dropped meanwhile -> its end is let go, calls may start again', async () => {
    const lines: string[] = [];
    let fault: Error = full();
    const fail = () => Promise.reject(fault);
    const log = { info: () => undefined, warn: (_: object, text: string) => void lines.push(text) };
    const ends = new CallEnds({ store: { settle: fail, refuse: fail, spend: fail, doubt: fail }, log, firstMs: 5 });
    await ends.store({ kind: 'settle', record: end }).catch(() => undefined);
    fault = new SwarmError({ code: 'E_RUN_UNKNOWN', found: 'gone' });
    await until('it is let go', () => ends.count() === 0);
    expect(() => ends.refuseNewCalls()).not.toThrow();
    expect(lines.at(-1)).toMatch(/cannot be stored any more/);
    await ends.close();
  });
});

describe('closeRun', () => {
  it.each(['publish', 'updateRun'])(
    '%s fails with a disk fault -> a summary all the same: paused, disk, the message',
    async (what) => {
      const { row } = await part.run(1);
      const publish = part.deps.publish;
      if (what === 'publish') part.deps.publish = () => Promise.reject(full('E_OUT_WRITE'));
      else broken.set('updateRun', full());
      const summary = await part.environment.run(part.activities.closeRun, { run: row.id, epoch: 1, stop: null });
      expect(summary).toMatchObject({
        state: 'paused',
        stop: 'disk',
        message: expect.stringContaining('SQLITE_FULL'),
        counts: { total: 1 },
      });
      part.deps.publish = publish;
      mend();
      const stored = await part.store.run(row.id);
      if (what === 'publish') expect(stored).toMatchObject({ state: 'paused', reason: 'disk', publishedAt: null });
      else expect(stored?.state).toBe('running');
    },
  );

  it('reads fail, too -> a summary with zeros, not an endless retry', async () => {
    const { row } = await part.run(1);
    for (const name of ['run', 'totals', 'updateRun', 'registerQueue']) broken.set(name, full());
    const summary = await part.environment.run(part.activities.closeRun, { run: row.id, epoch: 1, stop: 'disk' as const });
    expect(summary).toMatchObject({ state: 'paused', stop: 'disk', counts: { total: 0 } });
    mend();
  });
});
