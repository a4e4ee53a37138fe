import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunLimits } from '../../../src/core/gate/limits.js';
import type { Admission, Entry } from '../../../src/core/gate/port.js';
import { RunGate } from '../../../src/worker/gates/run-gate.js';
import { TestLease } from '../../support/lease.js';

const LIMITS: RunLimits = {
  concurrency: 2,
  weight: 1,
  staggerMs: 0,
  requestsPerMinute: null,
  paused: false,
  cancelled: false,
};

let gate: RunGate;
let lease: TestLease;
let slots: { rate: string; count: number; intervalMs: number }[];
let errors: unknown[];
/** What takeSlots answers; the time of the next free slot. */
let nextSlot: () => Promise<number>;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  slots = [];
  errors = [];
  let free = 1_000_000;
  nextSlot = async () => free;
  lease = new TestLease('me');
  gate = new RunGate({
    lease,
    now: () => Date.now(),
    takeSlots: async (rate, count, intervalMs, from) => {
      slots.push({ rate, count, intervalMs });
      const first = Math.max(await nextSlot(), free, from);
      free = first + count * intervalMs;
      return first;
    },
    onError: (error) => errors.push(error),
  });
});
afterEach(() => {
  gate.close();
  vi.useRealTimers();
});

const never = new AbortController().signal;
const admit = (runId = 'run', patienceMs = 30_000) =>
  gate.admit({ runId, turn: 1, promptTokens: 1, maxTokens: 1, interactive: false }, patienceMs, never);
const go = (admission: Admission) => {
  if (admission.kind !== 'go') throw new Error(`expected go, got ${admission.kind}`);
  return admission;
};

/** A run whose money a call under way holds: another turn gave its place back, a third waits. */
async function moneyShort() {
  gate.setRun('run', LIMITS);
  const paying = go(await admit());
  const short = go(await admit());
  gate.blockOnMoney('run');
  short.release({ kind: 'unused' });
  return { paying, waiting: watch(admit()) };
}

/** Collects what a promise resolved to, without waiting for it. */
function watch(promise: Promise<Admission>): { got: Admission | null } {
  const seen: { got: Admission | null } = { got: null };
  void promise.then((admission) => {
    seen.got = admission;
  });
  return seen;
}

describe('RunGate', () => {
  it('a place is free -> admitted at once; none -> with the next release, which counts once', async () => {
    gate.setRun('run', LIMITS);
    const first = go(await admit());
    go(await admit());
    const third = watch(admit());
    const fourth = watch(admit());
    await vi.advanceTimersByTimeAsync(5_000);
    expect([third.got, fourth.got]).toEqual([null, null]);
    first.release({ kind: 'done' });
    first.release({ kind: 'done' });
    await vi.advanceTimersByTimeAsync(0);
    expect(third.got?.kind).toBe('go');
    expect(fourth.got).toBeNull();
    expect(gate.inFlight('run')).toBe(2);
  });

  it('patience ends -> wait, with what it waited for', async () => {
    gate.setRun('run', LIMITS);
    go(await admit());
    go(await admit());
    const third = watch(admit('run', 3_000));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(third.got).toBeNull();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(third.got).toMatchObject({ kind: 'wait', reason: 'concurrency' });
    expect(gate.waiting('run')).toBe(0);
  });

  it('pause -> waiting turns are given back as paused, those under way keep their places; resume -> admitted again', async () => {
    gate.setRun('run', LIMITS);
    const held = go(await admit());
    go(await admit());
    const third = watch(admit());
    gate.setRun('run', { ...LIMITS, paused: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(third.got).toEqual({ kind: 'paused' });
    expect(await admit()).toEqual({ kind: 'paused' });
    expect(gate.inFlight('run')).toBe(2);
    held.release({ kind: 'done' });
    gate.setRun('run', LIMITS);
    expect((await admit()).kind).toBe('go');
  });

  it('cancel, drop and close -> waiting turns end as cancelled', async () => {
    for (const end of ['cancel', 'drop', 'close'] as const) {
      const run = `run-${end}`;
      gate.setRun(run, { ...LIMITS, concurrency: 1 });
      go(await admit(run));
      const waiting = watch(admit(run));
      if (end === 'cancel') gate.setRun(run, { ...LIMITS, cancelled: true });
      else if (end === 'drop') gate.dropRun(run);
      else gate.close();
      await vi.advanceTimersByTimeAsync(0);
      expect(waiting.got).toEqual({ kind: 'cancelled' });
    }
  });

  it('an aborted signal -> cancelled without a place', async () => {
    gate.setRun('run', LIMITS);
    const ended = AbortSignal.abort();
    expect(await gate.admit({ runId: 'run', turn: 1, promptTokens: 1, maxTokens: 1, interactive: false }, 30_000, ended)).toEqual(
      {
        kind: 'cancelled',
      },
    );
    expect(gate.inFlight('run')).toBe(0);
  });

  it('giveBack -> waiting turns come back later', async () => {
    gate.setRun('run', { ...LIMITS, concurrency: 1 });
    go(await admit());
    const waiting = watch(admit());
    gate.giveBack();
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.got).toMatchObject({ kind: 'wait' });
  });

  describe('turns admitted ahead of their place', () => {
    /** Eight calls under way, and a ninth turn that waits to enter. */
    async function nine() {
      gate.setRun('run', { ...LIMITS, concurrency: 8 });
      const turns = [];
      for (let turn = 0; turn < 9; turn += 1) {
        const admitting = admit();
        // They are admitted and enter at an even pace.
        await vi.advanceTimersByTimeAsync(2);
        turns.push(go(await admitting));
      }
      const ahead = turns.pop();
      if (!ahead) throw new Error('no turn');
      for (const turn of turns) {
        const entering = turn.enter();
        await vi.advanceTimersByTimeAsync(2);
        expect(await entering).toEqual({ kind: 'send' });
      }
      const entered: { got: Entry | null } = { got: null };
      void ahead.enter().then((entry) => {
        entered.got = entry;
      });
      await vi.advanceTimersByTimeAsync(0);
      expect(entered.got).toBeNull();
      return { turns, ahead, entered };
    }

    it('a place is free -> it enters, and takes it', async () => {
      const { turns, entered } = await nine();
      turns[0]?.release({ kind: 'done' });
      await vi.advanceTimersByTimeAsync(0);
      expect(entered.got).toEqual({ kind: 'send' });
      expect(gate.inFlight('run')).toBe(8);
    });

    it.each([
      ['pause', 'paused', () => gate.setRun('run', { ...LIMITS, concurrency: 8, paused: true })],
      ['cancel', 'cancelled', () => gate.setRun('run', { ...LIMITS, concurrency: 8, cancelled: true })],
      ['shutdown', 'wait', () => gate.giveBack()],
      ['close', 'cancelled', () => gate.close()],
    ] as const)('%s -> it is turned away as %s and gives back no place', async (_how, kind, change) => {
      const { ahead, entered } = await nine();
      change();
      await vi.advanceTimersByTimeAsync(0);
      expect(entered.got).toMatchObject({ kind });
      ahead.release({ kind: 'done' });
      expect(gate.inFlight('run')).toBe(8);
    });
  });

  it('the provider answers nobody -> all wait, one turn enters as the probe when the pause is over', async () => {
    gate.setRun('run', { ...LIMITS, concurrency: 6 });
    for (let turn = 0; turn < 5; turn += 1) {
      const { enter, release } = go(await admit());
      expect(await enter()).toEqual({ kind: 'send' });
      release({ kind: 'failed' });
    }
    const waiting = [watch(admit()), watch(admit())];
    await vi.advanceTimersByTimeAsync(990);
    expect(waiting.map(({ got }) => got)).toEqual([null, null]);
    expect(gate.bottleneck('run')).toBe('breaker');
    await vi.advanceTimersByTimeAsync(20);
    expect(waiting.map(({ got }) => got?.kind)).toEqual(['go', undefined]);
    const probe = go(waiting[0]?.got as Admission);
    expect(await probe.enter()).toEqual({ kind: 'send' });
    probe.release({ kind: 'done' });
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting[1]?.got?.kind).toBe('go');
  });

  it('requests per minute -> sends are as far apart as the shared slots, never closer', async () => {
    gate.setRun('run', { ...LIMITS, concurrency: 100, requestsPerMinute: 60 });
    const sent: number[] = [];
    for (let call = 0; call < 20; call += 1) void admit().then(() => sent.push(Date.now()));
    await vi.advanceTimersByTimeAsync(25_000);
    expect(sent).toHaveLength(20);
    const gaps = sent.slice(1).map((at, place) => at - (sent[place] as number));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    expect((sent.at(-1) as number) - (sent[0] as number)).toBeLessThan(19 * 1_020);
    expect(slots.every(({ rate, count }) => rate === 'requests' && count <= 2)).toBe(true);
  });

  it('a rate with a burst -> nearly a second of it at once, then evenly', async () => {
    // The clock of the rate has not run yet, so that the burst is whole.
    nextSlot = async () => 0;
    gate.close();
    let free = 0;
    gate = new RunGate({
      lease,
      now: () => Date.now(),
      takeSlots: async (_rate, count, intervalMs, from) => {
        const first = Math.max(free, from);
        free = first + count * intervalMs;
        return first;
      },
      onError: (error) => errors.push(error),
    });
    gate.setRun('run', { ...LIMITS, concurrency: 100, requestsPerMinute: 600 });
    const sent: number[] = [];
    for (let call = 0; call < 20; call += 1) void admit().then(() => sent.push(Date.now()));
    // At the 300 calls/s of a told rate's first second.
    await vi.advanceTimersByTimeAsync(40);
    expect(sent.length).toBe(9);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toHaveLength(20);
  });

  it('tokens per minute -> taken from a clock of their own', async () => {
    gate.setRun('run', { ...LIMITS, tokensPerMinute: 6_000 });
    const turns = [watch(admit()), watch(admit())];
    await vi.advanceTimersByTimeAsync(100);
    expect(turns.map(({ got }) => got?.kind)).toEqual(['go', 'go']);
    expect(new Set(slots.map(({ rate }) => rate))).toEqual(new Set(['tokens']));
  });

  it('slots that are far ahead -> waits for them', async () => {
    nextSlot = async () => 1_005_000;
    gate.setRun('run', { ...LIMITS, requestsPerMinute: 60 });
    const first = watch(admit());
    await vi.advanceTimersByTimeAsync(4_900);
    expect(first.got).toBeNull();
    await vi.advanceTimersByTimeAsync(200);
    expect(first.got?.kind).toBe('go');
  });

  it('the store fails to give slots -> reported, asked again, the turn is not lost', async () => {
    let failures = 2;
    nextSlot = async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('database is locked');
      return 0;
    };
    gate.setRun('run', { ...LIMITS, requestsPerMinute: 600 });
    const first = watch(admit());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(first.got?.kind).toBe('go');
    expect(errors).toHaveLength(2);
  });

  it('money is short -> nobody is admitted until a call is settled; a place given back unused does not end it', async () => {
    const { paying, waiting } = await moneyShort();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(waiting.got).toBeNull();
    expect(gate.bottleneck('run')).toBe('money');
    paying.release({ kind: 'done' });
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.got?.kind).toBe('go');
  });
});

describe('RunGate, money and retries', () => {
  it('money is short, then a cap may have been raised -> its turns ask again', async () => {
    const { paying, waiting } = await moneyShort();
    await vi.advanceTimersByTimeAsync(100);
    expect(waiting.got).toBeNull();
    gate.setRun('run', { ...LIMITS });
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.got).toBeNull();
    gate.unblockMoney('nobody');
    gate.unblockMoney('run');
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.got?.kind).toBe('go');
    paying.release({ kind: 'done' });
  });

  it('no turn is here and some are put off -> seen as a retry until the first of them; not while a call is under way', async () => {
    gate.setRun('run', LIMITS);
    expect(gate.seen('run')).toEqual({ hold: { why: 'nothing', until: null }, turns: 0 });
    const now = Date.now();
    gate.rests('run', now + 9_000);
    gate.rests('run', now + 4_000);
    expect(gate.seen('run')).toEqual({ hold: { why: 'retry', until: now + 4_000 }, turns: 2 });
    const call = go(await admit());
    expect(gate.seen('run').hold.why).toBe('nothing');
    call.release({ kind: 'done' });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(gate.seen('run')).toEqual({ hold: { why: 'retry', until: now + 9_000 }, turns: 1 });
    for (let more = 0; more < 2_500; more += 1) gate.rests('run', now + 9_000);
    expect(gate.seen('run').turns).toBeLessThanOrEqual(1_000);
    gate.dropRun('run');
    expect(gate.seen('run').turns).toBe(0);
  });
});

describe('RunGate, lease', () => {
  const ONE: RunLimits = { ...LIMITS, concurrency: 8 };

  it('lease over -> nothing enters; a turn admitted in the earlier term is told to come back', async () => {
    gate.setRun('run', ONE);
    const before = go(await admit());
    lease.isValid = false;
    const waiting = watchEntry(before.enter());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(waiting.got).toBeNull();
    lease.lapse();
    gate.lapsed();
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.got).toMatchObject({ kind: 'wait' });
    before.release({ kind: 'done' });
  });

  it('admitted before, entering after a lapse that nobody saw -> told to come back; the next one goes', async () => {
    gate.setRun('run', ONE);
    const before = go(await admit());
    lease.lapse();
    expect(await before.enter()).toMatchObject({ kind: 'wait' });
    before.release({ kind: 'done' });
    expect(await go(await admit()).enter()).toEqual({ kind: 'send' });
    expect(gate.entered('run')).toBe(1);
  });

  it('no places yet -> turns get ready, none is sent until the share comes', async () => {
    gate.setRun('run', { ...ONE, places: 0 });
    const entry = watchEntry(go(await admit()).enter());
    await vi.advanceTimersByTimeAsync(1_000);
    expect(entry.got).toBeNull();
    gate.setRun('run', { ...ONE, places: 8 });
    await vi.advanceTimersByTimeAsync(0);
    expect(entry.got).toEqual({ kind: 'send' });
  });
});

function watchEntry(entry: Promise<Entry>): { got: Entry | null } {
  const seen: { got: Entry | null } = { got: null };
  void entry.then((got) => {
    seen.got = got;
  });
  return seen;
}
