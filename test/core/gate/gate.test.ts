import { describe, expect, it } from 'vitest';
import { Gate, type Ticket } from '../../../src/core/gate/gate.js';
import { intentsAhead, type RunLimits } from '../../../src/core/gate/limits.js';

const limits = (more: Partial<RunLimits> = {}): RunLimits => ({
  concurrency: 2,
  weight: 1,
  staggerMs: 0,
  requestsPerMinute: null,
  paused: false,
  cancelled: false,
  ...more,
});

let id = 0;
const ticket = (runId: string, more: Partial<Ticket> = {}): Ticket => {
  id += 1;
  return { id, runId, turn: 1, tokens: 10, interactive: false, ...more };
};
const ids = (tickets: readonly Ticket[]) => tickets.map((each) => each.id);

describe('concurrency', () => {
  it('gate: more tickets than places -> admits up to the limit, the rest on release', () => {
    const gate = new Gate();
    gate.setRun('a', limits());
    const tickets = [ticket('a'), ticket('a'), ticket('a')];
    for (const each of tickets) gate.enqueue(each);
    expect(ids(gate.next(0).admit)).toEqual(ids(tickets.slice(0, 2)));
    expect(gate.next(0).admit).toEqual([]);
    expect(gate.bottleneck('a', 0)).toBe('concurrency');
    gate.release('a', { kind: 'done' }, true);
    expect(ids(gate.next(0).admit)).toEqual([tickets[2]?.id]);
  });

  it('gate: a cut of the limit under load -> no admission until enough calls are over', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 3 }));
    for (let n = 0; n < 4; n += 1) gate.enqueue(ticket('a'));
    expect(gate.next(0).admit).toHaveLength(3);
    gate.setRun('a', limits({ concurrency: 1 }));
    gate.release('a', { kind: 'done' }, true);
    gate.release('a', { kind: 'done' }, true);
    expect(gate.next(0).admit).toEqual([]);
    gate.release('a', { kind: 'done' }, true);
    expect(gate.next(0).admit).toHaveLength(1);
  });

  it('gate: paused or cancelled -> admits nobody', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ paused: true }));
    gate.enqueue(ticket('a'));
    expect(gate.next(0).admit).toEqual([]);
    expect(gate.bottleneck('a', 0)).toBe('paused');
    gate.setRun('a', limits({ cancelled: true }));
    expect(gate.next(0).admit).toEqual([]);
    gate.setRun('a', limits());
    expect(gate.next(0).admit).toHaveLength(1);
  });

  it('gate: stagger -> the first calls start one by one, later ones at once', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 3, staggerMs: 100 }));
    for (let n = 0; n < 5; n += 1) gate.enqueue(ticket('a'));
    expect(gate.next(0)).toMatchObject({ admit: [{}], wakeAt: 100 });
    expect(gate.bottleneck('a', 50)).toBe('stagger');
    expect(gate.next(100).admit).toHaveLength(1);
    expect(gate.next(199).admit).toHaveLength(0);
    expect(gate.next(200).admit).toHaveLength(1);
    gate.release('a', { kind: 'done' }, true);
    expect(gate.next(201).admit).toHaveLength(1);
  });
});

describe('order', () => {
  it('gate: later turns before earlier ones, interactive before both', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 9 }));
    const first = ticket('a');
    const third = ticket('a', { turn: 3 });
    const quick = ticket('a', { interactive: true });
    for (const each of [first, third, quick]) gate.enqueue(each);
    expect(ids(gate.next(0).admit)).toEqual([quick.id, third.id, first.id]);
  });

  it('gate: two runs on one rate -> tokens are shared by weight', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 1_000, weight: 1, requestsPerMinute: 600 }));
    gate.setRun('b', limits({ concurrency: 1_000, weight: 4 }));
    for (let n = 0; n < 500; n += 1) {
      gate.enqueue(ticket('a', { tokens: 30 }));
      gate.enqueue(ticket('b', { tokens: 10 }));
    }
    gate.addSlots(0, 300, 0);
    const tokens = { a: 0, b: 0 };
    for (const each of gate.next(0).admit) tokens[each.runId as 'a' | 'b'] += each.tokens;
    expect(tokens.b / tokens.a).toBeGreaterThan(3.8);
    expect(tokens.b / tokens.a).toBeLessThan(4.2);
  });

  it('gate: a newcomer beside a long queue -> gets its share, not the past', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 1_000, requestsPerMinute: 600 }));
    for (let n = 0; n < 200; n += 1) gate.enqueue(ticket('a'));
    gate.addSlots(0, 100, 0);
    gate.next(0);
    gate.setRun('b', limits({ concurrency: 1_000 }));
    for (let n = 0; n < 50; n += 1) gate.enqueue(ticket('b'));
    gate.addSlots(0, 20, 0);
    const runs = gate.next(0).admit.map((each) => each.runId);
    expect(runs.filter((run) => run === 'b')).toHaveLength(10);
  });
});

describe('rate', () => {
  it('gate: a rate -> wants slots, sends only at their times', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 9, requestsPerMinute: 600 }));
    for (let n = 0; n < 3; n += 1) gate.enqueue(ticket('a'));
    const interval = gate.interval() ?? 0;
    expect(interval).toBeCloseTo(101);
    expect(gate.next(0)).toEqual({ admit: [], wakeAt: null, slotsWanted: 3 });
    expect(gate.bottleneck('a', 0)).toBe('requests/min');
    gate.addSlots(0, 3, interval);
    expect(gate.next(0)).toMatchObject({ admit: [{}], wakeAt: interval, slotsWanted: 0 });
    expect(gate.next(interval).admit).toHaveLength(1);
  });

  it('gate: slots not used in time -> lost, so that late senders cannot bunch up', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 9, requestsPerMinute: 600 }));
    for (let n = 0; n < 3; n += 1) gate.enqueue(ticket('a'));
    gate.addSlots(0, 3, 101);
    expect(gate.next(1_000)).toEqual({ admit: [], wakeAt: null, slotsWanted: 3 });
  });

  it('gate: the strictest of the runs that use it counts', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ requestsPerMinute: 600 }));
    gate.setRun('b', limits({ requestsPerMinute: 60 }));
    expect(gate.interval()).toBeCloseTo(1_010);
    gate.dropRun('b');
    expect(gate.interval()).toBeCloseTo(101);
  });
});

describe('limit signals', () => {
  it('gate: one 429 among answers -> nobody else waits; three in a row -> all wait', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 9 }));
    for (let n = 0; n < 6; n += 1) gate.enqueue(ticket('a'));
    gate.next(0);
    gate.release('a', { kind: 'limited', until: 5_000 }, true);
    gate.release('a', { kind: 'done' }, true);
    gate.release('a', { kind: 'limited', until: 5_000 }, true);
    gate.release('a', { kind: 'limited', until: 6_000 }, true);
    gate.enqueue(ticket('a'));
    expect(gate.next(1).admit).toHaveLength(1);
    gate.release('a', { kind: 'limited', until: 7_000 }, true);
    gate.enqueue(ticket('a'));
    expect(gate.next(2)).toEqual({ admit: [], wakeAt: 7_000, slotsWanted: 0 });
    expect(gate.bottleneck('a', 2)).toBe('provider');
    expect(gate.next(7_000).admit).toHaveLength(1);
  });
});

describe('places', () => {
  it('intentsAhead: an eighth of the places, at most 32, none for few places', () => {
    expect([1, 7, 8, 64, 200, 1_000].map(intentsAhead)).toEqual([0, 0, 1, 8, 25, 32]);
  });

  it('gate: turns are admitted ahead of their places, and enter when one is free', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 8 }));
    for (let n = 0; n < 12; n += 1) gate.enqueue(ticket('a'));
    expect(gate.next(0).admit).toHaveLength(9);
    expect(Array.from({ length: 9 }, () => gate.enter('a', 0))).toEqual([...Array(8).fill(true), false]);
    gate.release('a', { kind: 'done' }, true);
    expect(gate.enter('a', 0)).toBe(true);
    expect(gate.next(0).admit).toHaveLength(1);
  });

  it('gate: under a rate nobody is admitted ahead: the slot would be stale when the place is free', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 8, requestsPerMinute: 600 }));
    for (let n = 0; n < 12; n += 1) gate.enqueue(ticket('a'));
    gate.addSlots(0, 12, 0);
    expect(gate.next(0).admit).toHaveLength(8);
  });

  it('gate: while all wait for the provider -> nobody enters', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 8 }));
    for (let n = 0; n < 4; n += 1) gate.enqueue(ticket('a'));
    gate.next(0);
    for (let n = 0; n < 3; n += 1) gate.release('a', { kind: 'limited', until: 5_000 }, false);
    expect(gate.enter('a', 1)).toBe(false);
    expect(gate.next(1).wakeAt).toBe(5_000);
    expect(gate.enter('a', 5_000)).toBe(true);
  });
});

describe('money', () => {
  it('gate: money short -> waits until a call of the run is over', () => {
    const gate = new Gate();
    gate.setRun('a', limits());
    gate.enqueue(ticket('a'));
    gate.next(0);
    gate.enqueue(ticket('a'));
    gate.blockOnMoney('a');
    expect(gate.next(0).admit).toEqual([]);
    expect(gate.bottleneck('a', 0)).toBe('money');
    gate.release('a', { kind: 'done' }, true);
    expect(gate.next(0).admit).toHaveLength(1);
  });
});

it('withdraw: a waiting ticket -> is never admitted; an admitted one -> false', () => {
  const gate = new Gate();
  gate.setRun('a', limits());
  const waiting = ticket('a');
  gate.enqueue(waiting);
  expect(gate.withdraw(waiting)).toBe(true);
  expect(gate.next(0).admit).toEqual([]);
  const going = ticket('a');
  gate.enqueue(going);
  gate.next(0);
  expect(gate.withdraw(going)).toBe(false);
});
