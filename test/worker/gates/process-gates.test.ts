import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RunContexts } from '../../../src/activities/turn/run-context.js';
import { gateKey } from '../../../src/core/names.js';
import type { RunRow, Store } from '../../../src/store/port/store.js';
import { ProcessGates } from '../../../src/worker/gates/process-gates.js';
import { fileStore } from '../../activities/file-store.js';
import { aTask, setup, stage, until } from '../../activities/turn-setup.js';
import { TestLease } from '../../support/lease.js';
import { systemClock, TestClock } from '../../support/test-clock.js';

const opened = fileStore();
let store: Store;
beforeAll(() => {
  store = opened.store;
});

const open: ProcessGates[] = [];
afterEach(() => {
  for (const gates of open.splice(0)) gates.close();
});

const signal = new AbortController().signal;
const ask = (runId: string) => ({ runId, turn: 1, promptTokens: 10, maxTokens: 10, interactive: false });

let made = 0;
async function aRun(more: Parameters<typeof aTask>[0] = {}) {
  made += 1;
  const id = `gated-${made}`;
  await stage(store, id, 3, aTask(more));
  const row = await store.run(id);
  if (!row) throw new Error('no run');
  return row;
}

function newGates(clock: TestClock | null = null, errors: unknown[] = [], over: Store = store): ProcessGates {
  const gates = new ProcessGates(over, {
    clock: clock ?? systemClock,
    onError: (error) => errors.push(error),
    lease: new TestLease('me'),
  });
  open.push(gates);
  return gates;
}

/** A store whose changes are not announced in this process, as those of another one. */
function ofAnotherProcess(real: Store): Store {
  return new Proxy(real, {
    get: (target, key) => {
      if (key === 'onControl') return () => () => undefined;
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('ProcessGates', () => {
  it('a run of two models -> a gate each; pause, drop and counts are those of the run', async () => {
    const gates = newGates();
    const row = await aRun({ concurrency: 2 });
    const worker = await gates.of(row, row.task.model);
    const other = await gates.of(row, { ...row.task.model, model: 'guide' });
    expect(other).not.toBe(worker);
    const held = await worker.admit(ask(row.id), 1_000, signal);
    const also = await other.admit(ask(row.id), 1_000, signal);
    expect([held.kind, also.kind, gates.inFlight(), gates.busyRuns()]).toEqual(['go', 'go', 2, 1]);
    await store.setControl(row.id, { paused: true });
    for (const gate of [worker, other]) expect(await gate.admit(ask(row.id), 1_000, signal)).toEqual({ kind: 'paused' });
    gates.forget(row.id);
    expect([gates.knows(row.id), gates.inFlight()]).toEqual([false, 0]);
  });

  it('two runs of one model, one of another -> two gates', async () => {
    const gates = newGates();
    const gateOf = (row: RunRow) => gates.of(row, row.task.model);
    const first = await gateOf(await aRun());
    const second = await gateOf(await aRun());
    const other = await gateOf(await aRun({ model: { provider: 'p', model: 'q', apiBase: null, apiKeyEnv: null } }));
    expect(second).toBe(first);
    expect(other).not.toBe(first);
  });

  it('pause in this process -> waiting turns are given back before setControl resolves', async () => {
    const gates = newGates();
    const row = await aRun({ concurrency: 1 });
    const gate = await gates.of(row, row.task.model);
    const first = await gate.admit(ask(row.id), 30_000, signal);
    expect(first.kind).toBe('go');
    const second = gate.admit(ask(row.id), 30_000, signal);
    await store.setControl(row.id, { paused: true });
    expect(await second).toEqual({ kind: 'paused' });
    expect(await gate.admit(ask(row.id), 30_000, signal)).toEqual({ kind: 'paused' });
  });

  it('cancel in another process -> seen by looking: the signal is aborted, waiting turns end', async () => {
    const gates = newGates(null, [], ofAnotherProcess(store));
    const row = await aRun({ concurrency: 1 });
    const gate = await gates.of(row, row.task.model);
    await gate.admit(ask(row.id), 30_000, signal);
    const waiting = gate.admit(ask(row.id), 30_000, signal);
    await store.setControl(row.id, { cancelled: true });
    expect(gates.cancelSignal(row.id).aborted).toBe(false);
    expect(await waiting).toEqual({ kind: 'cancelled' });
    expect(gates.cancelSignal(row.id).aborted).toBe(true);
  });

  it('resize of concurrency -> waiting turns are admitted at once', async () => {
    const gates = newGates();
    const row = await aRun({ concurrency: 1 });
    const gate = await gates.of(row, row.task.model);
    await gate.admit(ask(row.id), 30_000, signal);
    const second = gate.admit(ask(row.id), 30_000, signal);
    expect(gate.inFlight(row.id)).toBe(1);
    await store.setControl(row.id, { concurrency: 2 });
    expect((await second).kind).toBe('go');
    expect(gates.inFlight()).toBe(2);
  });

  it('tokens per minute and auto of the control row -> in the gate, and changed by a resize', async () => {
    const gates = newGates();
    const row = await aRun({ concurrency: 100 });
    await store.setControl(row.id, { auto: true });
    const gate = await gates.of(row, row.task.model);
    const all = Array.from({ length: 20 }, () => gate.admit(ask(row.id), 30_000, signal));
    await until('auto lets 16 go', () => gate.inFlight(row.id) === 16);
    expect(gate.bottleneck(row.id)).toBe('concurrency');
    await store.setControl(row.id, { auto: false, tokensPerMinute: 60 });
    await until('tokens are short', () => gate.bottleneck(row.id) === 'tokens/min');
    await store.setControl(row.id, { tokensPerMinute: null });
    await Promise.all(all);
    expect(gate.inFlight(row.id)).toBe(20);
  });

  it('what a gate learned -> stored when its run is over; the next process starts with it', async () => {
    const model = { provider: 'p', model: 'learning', apiBase: null, apiKeyEnv: null };
    const row = await aRun({ concurrency: 8, model });
    const gates = newGates();
    const gate = await gates.of(row, row.task.model);
    const admission = await gate.admit(ask(row.id), 30_000, signal);
    if (admission.kind !== 'go') throw new Error(admission.kind);
    await admission.enter();
    admission.release({ kind: 'done', tokens: { input: 5, output: 77 } });
    gates.forget(row.id);
    await until('it is stored', async () => (await store.limits(gateKey(model)))?.answerTokens === 77);
    let asked = 0;
    const watched = new Proxy(store, {
      get: (target, key) => {
        if (key === 'limits') asked += 1;
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const next = newGates(null, [], watched);
    await next.of(row, row.task.model);
    await next.of(row, row.task.model);
    expect(asked).toBe(1);
  });

  it('a cancelled run that goes on in its next epoch -> a new signal', async () => {
    const gates = newGates();
    const row = await aRun();
    await gates.of(row, row.task.model);
    const before = gates.cancelSignal(row.id);
    await store.setControl(row.id, { cancelled: true });
    expect(before.aborted).toBe(true);
    await store.setControl(row.id, { cancelled: false });
    await gates.join(row);
    const gate = await gates.of(row, row.task.model);
    expect(gates.cancelSignal(row.id).aborted).toBe(false);
    expect((await gate.admit(ask(row.id), 30_000, signal)).kind).toBe('go');
  });

  it('drain -> waiting turns are given back, and the process says so', async () => {
    const gates = newGates();
    const row = await aRun({ concurrency: 1 });
    const gate = await gates.of(row, row.task.model);
    await gate.admit(ask(row.id), 30_000, signal);
    const waiting = gate.admit(ask(row.id), 30_000, signal);
    expect(gates.busyRuns()).toBe(1);
    gates.drain();
    expect((await waiting).kind).toBe('wait');
    expect(gates.draining()).toBe(true);
  });

  it('a run that rests for ten minutes -> forgotten; its next activity registers it again', async () => {
    const clock = new TestClock(1_000);
    const gates = newGates(clock);
    const part = await setup(store, { gates, clock });
    const contexts = new RunContexts(part.deps);
    const row = await aRun();
    const before = await contexts.get(row.id, 1);
    expect(await contexts.get(row.id, 1)).toBe(before);
    (clock.time as number) += 600_001;
    await until('it is forgotten', () => !gates.knows(row.id));
    expect(() => gates.cancelSignal(row.id)).toThrow('not registered');
    const [again, also] = await Promise.all([contexts.phase(row.id, 1), contexts.phase(row.id, 1)]);
    expect(also.run.id).toBe(row.id);
    const admission = await again.gate.admit(ask(row.id), 30_000, again.of.cancelSignal);
    expect(admission.kind).toBe('go');
    part.close();
  });

  it('a run whose turns wait for longer than that -> not forgotten, and not cancelled', async () => {
    const clock = new TestClock(1_000);
    const gates = newGates(clock);
    const row = await aRun({ concurrency: 1 });
    const gate = await gates.of(row, row.task.model);
    const first = await gate.admit(ask(row.id), 30_000, signal);
    const others = [1, 2, 3].map(() => gate.admit(ask(row.id), 3_600_000, signal));
    let ended = 0;
    for (const other of others) void other.then(() => (ended += 1));
    // Money is short: nobody sends until some comes back.
    gate.blockOnMoney(row.id);
    if (first.kind === 'go') first.release({ kind: 'unused' });
    expect(gate.inFlight(row.id)).toBe(0);
    expect(gate.bottleneck(row.id)).toBe('money');
    (clock.time as number) += 1_200_000;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(gates.knows(row.id)).toBe(true);
    expect(ended).toBe(0);
  });

  it('the wall is set while slots are asked for -> they are due when they were', async () => {
    const clock = new TestClock(() => Date.now());
    clock.step = -3_600_000;
    const asked: number[] = [];
    const slow = new Proxy(store, {
      get: (target, key) => {
        if (key !== 'takeSlots') return Reflect.get(target, key) as unknown;
        return async (_key: string, _count: number, _ms: number, from: number) => {
          asked.push(from);
          clock.step = 7_200_000;
          return from;
        };
      },
    });
    const gates = new ProcessGates(slow, { clock, onError: () => undefined, lease: new TestLease('me') });
    open.push(gates);
    const row = await aRun({ requestsPerMinute: 60 });
    const gate = await gates.of(row, row.task.model);
    expect((await gate.admit(ask(row.id), 30_000, signal)).kind).toBe('go');
    expect(Math.abs((asked[0] as number) - (Date.now() - 3_600_000))).toBeLessThan(5_000);
  });

  it('idle -> those that live, on the same Temporal, and have no calls of the run', async () => {
    const row = await aRun();
    const lease = new TestLease('me');
    const gates = new ProcessGates(store, { clock: systemClock, onError: () => undefined, lease });
    open.push(gates);
    const owner = (id: string, temporal = 'here', leaseUntil = Date.now() + 60_000) => ({ id, home: 'h', temporal, leaseUntil });
    lease.others.push(owner('me'), owner('joined'), owner('elsewhere', 'there'), owner('dead', 'here', 1));
    expect(await gates.idle(row.id)).toEqual(['me', 'joined']);
    await store.share({
      owner: 'me',
      at: Date.now(),
      dead: [],
      asks: [{ key: `run/${row.id}`, limit: 4, wanted: 1, held: 1 }],
    });
    expect(await gates.idle(row.id)).toEqual(['joined']);
  });

  it('the store fails while it looks -> reported, and it goes on looking', async () => {
    const errors: unknown[] = [];
    let failing = true;
    const flaky = new Proxy(ofAnotherProcess(store), {
      get: (target, key) => {
        if (key === 'controls' && failing) return () => Promise.reject(new Error('disk gone'));
        return Reflect.get(target, key) as unknown;
      },
    });
    const gates = newGates(null, errors, flaky);
    const row = await aRun();
    const gate = await gates.of(row, row.task.model);
    await until('it is reported', () => errors.length > 0);
    failing = false;
    await store.setControl(row.id, { paused: true });
    await until('the pause is seen', () => gate.bottleneck(row.id) === 'paused');
    expect(gates.version(row.id)).toBeGreaterThan(1);
  });
});
