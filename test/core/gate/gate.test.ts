import { describe, expect, it } from 'vitest';
import { slotsFrom } from '../../../src/core/gate/configured-rates.js';
import { Gate, type Ticket } from '../../../src/core/gate/gate.js';
import { intentsAhead, type RunLimits } from '../../../src/core/gate/limits.js';
import type { Release } from '../../../src/core/gate/port.js';

const T = 1_700_000_000_000;

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
  return { id, runId, turn: 1, promptTokens: 10, maxTokens: 10, interactive: false, ...more };
};
const ids = (tickets: readonly Ticket[]) => tickets.map((each) => each.id);
/** Enqueues `count` tickets; returns them. */
const fill = (gate: Gate, runId: string, count: number, more: Partial<Ticket> = {}): Ticket[] => {
  const tickets = Array.from({ length: count }, () => ticket(runId, more));
  for (const each of tickets) gate.enqueue(each, T);
  return tickets;
};
/** Admits and enters what may go at `now`. */
const send = (gate: Gate, now: number): Ticket[] => gate.next(now).admit.filter((each) => gate.enter(each.id, now));
const DONE: Release = { kind: 'done', tokens: { input: 10, output: 10 } };

describe('concurrency', () => {
  it('gate: more tickets than places -> admits up to the limit, the rest on release', () => {
    const gate = new Gate();
    gate.setRun('a', limits());
    const tickets = fill(gate, 'a', 3);
    expect(ids(send(gate, T))).toEqual(ids(tickets.slice(0, 2)));
    expect(gate.next(T + 1).admit).toEqual([]);
    expect(gate.hold('a', T + 1)).toEqual({ why: 'concurrency', until: null });
    gate.release(tickets[0]!.id, DONE, T + 2);
    expect(ids(gate.next(T + 2).admit)).toEqual([tickets[2]!.id]);
    expect([gate.counts('a').inFlight, gate.counts('a').waiting, gate.counts('a').admitted]).toEqual([2, 0, 3]);
  });

  it('gate: a cut of the limit under load -> no admission until enough calls are over', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 3 }));
    fill(gate, 'a', 4);
    const [one, two, three] = send(gate, T) as [Ticket, Ticket, Ticket];
    gate.setRun('a', limits({ concurrency: 1 }));
    gate.release(one.id, DONE, T + 1);
    gate.release(two.id, DONE, T + 1);
    expect(gate.next(T + 1).admit).toEqual([]);
    gate.release(three.id, DONE, T + 1);
    expect(gate.next(T + 1).admit).toHaveLength(1);
  });

  it('gate: paused or cancelled -> admits nobody', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ paused: true }));
    fill(gate, 'a', 1);
    expect(gate.next(T).admit).toEqual([]);
    expect(gate.hold('a', T).why).toBe('paused');
    gate.setRun('a', limits({ cancelled: true }));
    expect(gate.next(T).admit).toEqual([]);
    gate.setRun('a', limits());
    expect(gate.next(T).admit).toHaveLength(1);
    expect(gate.hold('a', T).why).toBe('nothing');
  });

  it('gate: stagger -> the first calls start one by one, later ones at once', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 3, staggerMs: 100 }));
    const [first] = fill(gate, 'a', 5);
    expect(gate.next(T)).toMatchObject({ admit: [{}], wakeAt: T + 100 });
    expect(gate.hold('a', T + 50)).toEqual({ why: 'stagger', until: T + 100 });
    expect(gate.next(T + 100).admit).toHaveLength(1);
    expect(gate.next(T + 199).admit).toHaveLength(0);
    expect(gate.next(T + 200).admit).toHaveLength(1);
    gate.release(first!.id, DONE, T + 201);
    expect(gate.next(T + 201).admit).toHaveLength(1);
  });

  it('intentsAhead: an eighth of the places, at most 32, none for few places', () => {
    expect([1, 7, 8, 64, 200, 1_000].map(intentsAhead)).toEqual([0, 0, 1, 8, 25, 32]);
  });

  it('gate: turns are admitted ahead of their places, and enter when one is free', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 8 }));
    fill(gate, 'a', 12);
    // The first calls to an unknown provider are a little apart.
    const admit = [...gate.next(T).admit, ...gate.next(T + 5).admit];
    expect(admit).toHaveLength(9);
    expect(admit.map((each) => gate.enter(each.id, T))).toEqual([...Array(8).fill(true), false]);
    gate.release(admit[0]!.id, DONE, T + 100);
    expect(gate.enter(admit[8]!.id, T + 100)).toBe(true);
    expect(gate.next(T + 100).admit).toHaveLength(1);
  });

  it('gate: auto -> starts with 16, or with what was learned', () => {
    for (const [gate, first] of [
      [new Gate(), 16],
      [new Gate({ pace: null, window: null, auto: 40, noise: 0, answerTokens: 300, at: T }, T), 40],
    ] as const) {
      gate.setRun('a', limits({ concurrency: 1_000, auto: true }));
      fill(gate, 'a', 100);
      let sent = 0;
      for (let now = T; now < T + 200; now += 5) sent += send(gate, now).length;
      expect(sent).toBe(first);
      expect(gate.hold('a', T + 200).why).toBe('concurrency');
    }
  });

  it('gate: admitted ahead of the auto window -> waits to enter', () => {
    const gate = new Gate({ pace: null, window: null, auto: 1, noise: 0, answerTokens: null, at: T }, T);
    gate.setRun('a', limits({ concurrency: 100 }));
    gate.setRun('b', limits({ concurrency: 100, auto: true }));
    fill(gate, 'b', 3);
    const [first] = gate.next(T).admit;
    expect(gate.enter(first!.id, T)).toBe(true);
    gate.setRun('a', limits({ concurrency: 100, auto: true }));
    expect(gate.next(T + 10).admit).toEqual([]);
  });
});

describe('order', () => {
  it('gate: later turns before earlier ones, interactive before both', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 7 }));
    const [first] = fill(gate, 'a', 1);
    const [third] = fill(gate, 'a', 1, { turn: 3 });
    const [quick] = fill(gate, 'a', 1, { interactive: true });
    expect(ids(gate.next(T).admit)).toEqual([quick!.id, third!.id, first!.id]);
  });

  it('gate: interactive of one run before bulk of another that was served less', () => {
    const gate = new Gate();
    for (const run of ['a', 'b', 'c']) gate.setRun(run, limits({ concurrency: 7 }));
    fill(gate, 'a', 1);
    const [quick] = fill(gate, 'b', 1, { interactive: true });
    fill(gate, 'c', 1);
    expect(gate.next(T).admit[0]!.id).toBe(quick!.id);
  });

  it('gate: two runs on one rate -> tokens are shared by weight', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 1_000, weight: 1, requestsPerMinute: 600_000 }));
    gate.setRun('b', limits({ concurrency: 1_000, weight: 4 }));
    fill(gate, 'a', 500, { promptTokens: 20 });
    fill(gate, 'b', 500, { promptTokens: 5, maxTokens: 5 });
    gate.addSlots('requests', T, 300, 0.001);
    const tokens = { a: 0, b: 0 };
    for (let now = T; now < T + 150; now += 1) {
      for (const each of gate.next(now).admit) tokens[each.runId as 'a' | 'b'] += each.promptTokens + each.maxTokens;
    }
    expect(tokens.b / tokens.a).toBeGreaterThan(3.7);
    expect(tokens.b / tokens.a).toBeLessThan(4.3);
  });

  it('gate: a newcomer beside a long queue -> gets its share, not the past', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 1_000, requestsPerMinute: 60_000 }));
    fill(gate, 'a', 200);
    gate.addSlots('requests', T, 100, 0.001);
    for (let now = T; now < T + 400; now += 1) gate.next(now);
    gate.setRun('b', limits({ concurrency: 1_000 }));
    fill(gate, 'b', 50);
    gate.addSlots('requests', T + 400, 20, 0.001);
    const runs: string[] = [];
    for (let now = T + 400; now < T + 500; now += 1) runs.push(...gate.next(now).admit.map((each) => each.runId));
    expect(runs.filter((run) => run === 'b')).toHaveLength(10);
  });
});

describe('configured rates', () => {
  it('gate: a rate -> wants slots, sends only at their times', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 9, requestsPerMinute: 60 }));
    fill(gate, 'a', 3);
    const pace = gate.rate('requests')!;
    expect(pace).toEqual({ burst: 1, intervalMs: 1_010 });
    expect(gate.next(T)).toEqual({ admit: [], wakeAt: null, wanted: { requests: { count: 1, pace } } });
    expect(gate.hold('a', T).why).toBe('requests/min');
    gate.addSlots('requests', slotsFrom(pace, T), 1, pace.intervalMs);
    expect(gate.next(T)).toMatchObject({ admit: [{}], wanted: { requests: { count: 1, pace } } });
    gate.addSlots('requests', T + 1_010, 1, pace.intervalMs);
    expect(gate.next(T)).toMatchObject({ admit: [], wakeAt: T + 1_010, wanted: {} });
    expect(gate.hold('a', T)).toEqual({ why: 'requests/min', until: T + 1_010 });
    expect(gate.next(T + 1_010).admit).toHaveLength(1);
  });

  it('gate: slots of a quarter of a second are taken ahead, and more when half of them are used', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 1_000, requestsPerMinute: 24_000 }));
    fill(gate, 'a', 900);
    const pace = gate.rate('requests')!;
    const ahead = Math.ceil(250 / pace.intervalMs);
    expect(gate.next(T).wanted).toEqual({ requests: { count: ahead, pace } });
    gate.addSlots('requests', T, ahead, pace.intervalMs);
    for (let ms = 0; ms < 120; ms += 1) expect(gate.next(T + ms).wanted).toEqual({});
    for (let ms = 120; ms < 150; ms += 1) gate.next(T + ms);
    const { wanted } = gate.next(T + 150);
    expect(wanted.requests!.count).toBeGreaterThan(ahead / 2);
    expect(wanted.requests!.count).toBeLessThan(ahead);
  });

  it('gate: the strictest of the runs that use it counts', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ requestsPerMinute: 60 }));
    gate.setRun('b', limits({ requestsPerMinute: 30 }));
    expect(gate.rate('requests')?.intervalMs).toBeCloseTo(2_020);
    gate.dropRun('b');
    expect(gate.rate('requests')?.intervalMs).toBeCloseTo(1_010);
    gate.setRun('a', limits());
    expect(gate.rate('requests')).toBeNull();
    expect(gate.dropRun('b')).toEqual([]);
  });

  it('gate: tokens per minute -> charged by what answers take, not by what they may take', () => {
    const gate = new Gate(null, T);
    gate.setRun('a', limits({ concurrency: 9, tokensPerMinute: 60_000 }));
    fill(gate, 'a', 4, { promptTokens: 100, maxTokens: 100_000 });
    const wanted = gate.next(T).wanted.tokens!;
    expect(wanted.count).toBe(600);
    gate.addSlots('tokens', slotsFrom(wanted.pace, T), 600, wanted.pace.intervalMs);
    const [first] = send(gate, T);
    expect(gate.next(T).admit).toEqual([]);
    expect(gate.hold('a', T).why).toBe('tokens/min');
    gate.release(first!.id, { kind: 'done', tokens: { input: 100, output: 50 } }, T + 100);
    // 450 tokens come back, and the next calls count with a short answer.
    expect(gate.next(T + 100).admit).toHaveLength(2);
    expect(gate.learned(T)).toMatchObject({ answerTokens: 50 });
  });
});

describe('told limits', () => {
  it('gate: remaining requests and tokens of the last answer hold the next calls', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 9 }));
    fill(gate, 'a', 5);
    const [first, second] = send(gate, T) as [Ticket, Ticket];
    const requests = { limit: 60, remaining: 2, resetMs: 58_000 };
    gate.release(first.id, { ...DONE, told: { requests } }, T + 10);
    fill(gate, 'a', 5);
    expect(gate.next(T + 10)).toMatchObject({ admit: [], wakeAt: T + 1_010 });
    expect(gate.hold('a', T + 10)).toEqual({ why: 'requests/min', until: T + 1_010 });
    const tokens = { limit: 60_000, remaining: 0, resetMs: 60_000 };
    gate.release(second.id, { kind: 'limited', until: T + 11, told: { tokens } }, T + 11);
    expect(gate.next(T + 2_000).admit).not.toHaveLength(0);
  });
});

describe('breaker', () => {
  it('gate: five failures in a row -> one probe at a time, all again when it is answered', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 7 }));
    fill(gate, 'a', 20);
    const sent = send(gate, T);
    for (const each of sent.slice(0, 5)) gate.release(each.id, { kind: 'failed' }, T + 10);
    expect(gate.next(T + 10)).toMatchObject({ admit: [], wakeAt: T + 1_010 });
    expect(gate.hold('a', T + 10)).toEqual({ why: 'breaker', until: T + 1_010 });
    const [probe, ...others] = gate.next(T + 1_010).admit;
    expect(others).toEqual([]);
    expect(gate.enter(probe!.id, T + 1_010)).toBe(true);
    expect(gate.next(T + 1_020).admit).toEqual([]);
    expect(gate.hold('a', T + 1_020)).toEqual({ why: 'breaker', until: null });
    gate.release(probe!.id, DONE, T + 1_100);
    expect(gate.next(T + 1_100).admit.length).toBeGreaterThan(1);
  });

  it('gate: what calls met last is told with the outage, from the first of them; an answer or a refusal ends it', () => {
    const outage = () => {
      const gate = new Gate();
      gate.setRun('a', limits({ concurrency: 7 }));
      fill(gate, 'a', 20);
      const sent = send(gate, T);
      sent.slice(0, 5).forEach(({ id }, nth) => {
        gate.release(id, { kind: 'failed', what: `fault ${nth}` }, T + 10 + nth);
      });
      const failure = { text: 'fault 4', since: T + 10 };
      expect([gate.hold('a', T + 20), gate.failure]).toEqual([{ why: 'breaker', until: T + 1_014, failure }, failure]);
      // Sent before: its answer says nothing about the outage.
      gate.release(sent[5]!.id, DONE, T + 30);
      expect(gate.failure).toEqual(failure);
      const [probe] = gate.next(T + 1_014).admit;
      expect(gate.enter(probe!.id, T + 1_014)).toBe(true);
      return { gate, probe: probe!.id };
    };
    for (const how of [DONE, { kind: 'limited', until: T + 2_000 } as const]) {
      const { gate, probe } = outage();
      gate.release(probe, how, T + 1_100);
      expect(gate.failure).toBeNull();
    }
    const { gate, probe } = outage();
    gate.release(probe, { kind: 'failed' }, T + 1_100);
    expect(gate.hold('a', T + 1_100)).toEqual({ why: 'breaker', until: T + 2_600 });
  });

  it('gate: admitted turns wait to enter while it is open', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 100 }));
    fill(gate, 'a', 20);
    const { admit } = gate.next(T);
    for (const each of admit.slice(0, 5)) gate.enter(each.id, T);
    for (const each of admit.slice(0, 5)) gate.release(each.id, { kind: 'failed' }, T + 10);
    expect(gate.enter(admit[5]!.id, T + 11)).toBe(false);
    expect(gate.enter(admit[5]!.id, T + 1_010)).toBe(true);
    expect(gate.enter(admit[6]!.id, T + 1_010)).toBe(false);
  });
});

describe('what a run waits for', () => {
  const refused = (until: number, quota = false): Release => ({ kind: 'limited', until, quota });

  it('gate: turns that are to come back later -> refused until then, or the quota of a day; an answer ends it', () => {
    const gate = new Gate();
    gate.setRun('a', limits());
    const [first, second] = fill(gate, 'a', 2);
    send(gate, T);
    gate.release(first!.id, refused(T + 60_000), T + 1);
    expect(gate.hold('a', T + 1)).toEqual({ why: 'nothing', until: null });
    gate.release(second!.id, refused(T + 50_000), T + 1);
    expect(gate.hold('a', T + 1)).toEqual({ why: 'refused', until: T + 60_000 });
    gate.setRun('a', limits({ paused: true }));
    expect(gate.hold('a', T + 1).why).toBe('paused');
    gate.setRun('a', limits());
    expect(gate.hold('a', T + 60_000).why).toBe('nothing');
    const [third] = fill(gate, 'a', 1);
    send(gate, T + 70_000);
    gate.release(third!.id, refused(T + 9_000_000, true), T + 70_000);
    expect(gate.hold('a', T + 70_001)).toEqual({ why: 'quota', until: T + 9_000_000 });
    const [fourth] = fill(gate, 'a', 1);
    send(gate, T + 80_000);
    gate.release(fourth!.id, DONE, T + 80_100);
    expect(gate.hold('a', T + 80_100).why).toBe('nothing');
  });

  it.each([
    [true, 'falls'],
    [false, 'stays'],
  ])('gate: refusals at a learned rate, as a limit: %s -> the rate %s', (teaches) => {
    const gate = new Gate({ pace: 100, window: 40, auto: null, noise: 0, answerTokens: null, at: T }, T);
    gate.setRun('a', limits({ concurrency: 50 }));
    const before = gate.learned(T);
    for (let now = T; now < T + 4_000; now += 20) {
      fill(gate, 'a', 2);
      for (const [n, each] of send(gate, now).entries()) {
        const how: Release = n % 2 === 0 ? { kind: 'limited', until: now + 50, teaches } : DONE;
        gate.release(each.id, how, now + 10);
      }
    }
    const after = gate.learned(T);
    if (teaches) expect(after.pace).toBeLessThan(before.pace as number);
    else expect([after.pace, after.window]).toEqual([before.pace, before.window]);
  });

  it('gate: nothing but refusals for two seconds -> refused until the time named; failures -> breaker', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 6 }));
    const admitted: Ticket[] = [];
    fill(gate, 'a', 400);
    for (let n = 0; n < 30 && gate.hold('a', T + n * 400).why !== 'refused'; n += 1) {
      const now = T + n * 400;
      admitted.push(...gate.next(now).admit);
      // One at a time after the first refusals: the others stay admitted.
      for (const each of admitted.filter(({ id }) => gate.enter(id, now))) {
        gate.release(each.id, refused(T + 90_000), now);
        admitted.splice(admitted.indexOf(each), 1);
      }
      gate.next(now);
    }
    expect(gate.hold('a', T + 12_000)).toEqual({ why: 'refused', until: T + 90_000 });
    gate.next(T + 90_000);
    const [probe] = admitted.filter(({ id }) => gate.enter(id, T + 90_000));
    expect(gate.hold('a', T + 90_000)).toEqual({ why: 'refused', until: null });
    gate.release(probe!.id, DONE, T + 90_010);
    expect(gate.hold('a', T + 90_010).why).not.toBe('refused');
  });

  it('gate: answers that take twice the usual, or do not come -> slow; as they were -> its workers', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 4 }));
    fill(gate, 'a', 400);
    let now = T;
    const round = (ms: number) => {
      const sent = send(gate, now);
      now += ms;
      gate.next(now);
      const { why } = gate.hold('a', now);
      for (const each of sent) gate.release(each.id, DONE, now);
      return why;
    };
    for (let n = 0; n < 10; n += 1) expect(round(100)).toBe('concurrency');
    expect(round(1_000)).toBe('slow');
    const late = send(gate, now);
    expect(gate.hold('a', now)).toMatchObject({ why: 'slow', answers: { ms: expect.any(Number), usualMs: expect.any(Number) } });
    now += 100;
    for (const each of late) gate.release(each.id, DONE, now);
    for (let n = 0; n < 20; n += 1) round(100);
    expect(round(100)).toBe('concurrency');
  });
});

describe('money', () => {
  it('gate: money short -> waits until a call of the run is over', () => {
    const gate = new Gate();
    gate.setRun('a', limits());
    fill(gate, 'a', 3);
    const [first, second] = gate.next(T).admit;
    gate.blockOnMoney('a');
    gate.release(second!.id, { kind: 'unused' }, T);
    expect(gate.next(T).admit).toEqual([]);
    expect(gate.hold('a', T).why).toBe('money');
    gate.release(first!.id, DONE, T);
    expect(gate.next(T).admit).toHaveLength(1);
  });

  it('gate: money short, then a cap may have been raised -> asks again; a run that is not here -> nothing', () => {
    const gate = new Gate();
    gate.setRun('a', limits());
    fill(gate, 'a', 3);
    const [, second] = gate.next(T).admit;
    gate.blockOnMoney('a');
    gate.release(second!.id, { kind: 'unused' }, T);
    gate.unblockMoney('b');
    expect(gate.next(T).admit).toEqual([]);
    gate.unblockMoney('a');
    expect(gate.next(T).admit).toHaveLength(1);
  });
});

describe('tickets', () => {
  it('withdraw: a waiting ticket -> is never admitted; an admitted one -> false', () => {
    const gate = new Gate();
    gate.setRun('a', limits());
    const [waiting] = fill(gate, 'a', 1);
    expect(gate.withdraw(waiting!)).toBe(true);
    expect(gate.withdraw(ticket('unknown'))).toBe(false);
    expect(gate.next(T).admit).toEqual([]);
    const [going] = fill(gate, 'a', 1);
    gate.next(T);
    expect(gate.withdraw(going!)).toBe(false);
  });

  it('dropRun: gives back what waits; calls under way end without harm', () => {
    const gate = new Gate();
    gate.setRun('a', limits());
    const tickets = fill(gate, 'a', 3);
    send(gate, T);
    expect(ids(gate.dropRun('a'))).toEqual([tickets[2]!.id]);
    gate.release(tickets[0]!.id, DONE, T + 1);
    gate.release(tickets[0]!.id, DONE, T + 1);
    expect([gate.counts('a').inFlight, gate.counts('a').waiting, gate.counts('a').admitted]).toEqual([0, 0, 0]);
    expect(gate.hold('a', T)).toEqual({ why: 'nothing', until: null });
  });

  it('an unknown run or ticket -> throws', () => {
    const gate = new Gate();
    expect(() => gate.limits('nobody')).toThrow('run nobody');
    expect(() => gate.enter(7, T)).toThrow('ticket 7');
  });
});

describe('places', () => {
  /** All that are let go within 200 ms. */
  const admitted = (gate: Gate, from: number) => Array.from({ length: 20 }, (_, n) => gate.next(from + n * 10).admit).flat();

  it('gate: a window that shrank after turns were admitted -> those beyond it wait to enter', () => {
    const gate = new Gate({ pace: null, window: 4, auto: null, noise: 0, answerTokens: null, at: T }, T);
    gate.setRun('a', limits({ concurrency: 10 }));
    fill(gate, 'a', 10);
    const { admit } = gate.next(T);
    expect(admit).toHaveLength(4);
    for (const each of admit.slice(0, 2)) gate.enter(each.id, T);
    gate.sharedBy(2);
    expect(gate.enter(admit[2]!.id, T)).toBe(false);
    expect(gate.counts('a').entered).toBe(2);
    gate.sharedBy(2);
    gate.release(admit[0]!.id, DONE, T + 10);
    expect(gate.enter(admit[2]!.id, T + 10)).toBe(true);
    expect(gate.counts('unknown').entered).toBe(0);
    expect(gate.learned(T + 10)).toMatchObject({ window: 4, pace: null });
  });

  it('gate: a run that is set to auto on the way -> the sixteenth place is the last; back again -> all are let in', () => {
    const gate = new Gate();
    const run = limits({ concurrency: 40 });
    gate.setRun('a', run);
    fill(gate, 'a', 40);
    const admit = admitted(gate, T);
    expect(admit.length).toBeGreaterThan(20);
    gate.setRun('a', { ...run, auto: true });
    const entered = admit.filter((each, n) => gate.enter(each.id, T + n));
    expect(entered).toHaveLength(16);
    gate.setRun('a', run);
    const later = admit.filter((each) => !entered.includes(each));
    expect(later.every((each, n) => gate.enter(each.id, T + 50 + n))).toBe(true);
    for (const each of entered) gate.release(each.id, DONE, T + 100);
    gate.setRun('a', { ...run, auto: true });
    // Those that came in by the fixed number hold no place of auto.
    fill(gate, 'a', 20);
    expect(admitted(gate, T + 1_000).filter((each, n) => gate.enter(each.id, T + 1_500 + n))).toHaveLength(16);
  });

  it('gate: turns whose intents were committed together -> enter after each other, each at its time', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 40 }));
    fill(gate, 'a', 40);
    const admit = admitted(gate, T);
    expect(gate.entryAt(T)).toBeNull();
    const waiting = admit.filter((each) => !gate.enter(each.id, T));
    expect(waiting.length).toBeGreaterThan(20);
    let now = T;
    for (const each of waiting) {
      const at = gate.entryAt(now);
      if (at !== null) now = at;
      expect(gate.enter(each.id, now)).toBe(true);
    }
    expect(gate.entryAt(now)).toBeNull();
    expect(now - T).toBeGreaterThan(waiting.length / 2);
  });

  it('gate: an answer without usage -> charged with what was expected', () => {
    const gate = new Gate();
    gate.setRun('a', limits());
    fill(gate, 'a', 1);
    const [call] = send(gate, T);
    gate.release(call!.id, { kind: 'done' }, T + 10);
    expect(gate.learned(T).answerTokens).toBeNull();
  });

  it('gate: a call that this process could not send -> says nothing about the provider', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 8 }));
    fill(gate, 'a', 8);
    for (const each of send(gate, T)) gate.release(each.id, { kind: 'unused' }, T + 1);
    expect(gate.counts('a').inFlight).toBe(0);
    expect(gate.learned(T + 2)).toMatchObject({ pace: null, window: null });
    fill(gate, 'a', 1);
    expect(gate.next(T + 1_000).admit).toHaveLength(1);
  });

  it('gate: a storm with nothing learned -> nothing is given back', () => {
    const gate = new Gate();
    gate.setRun('a', limits({ concurrency: 100 }));
    fill(gate, 'a', 100);
    const sent = send(gate, T);
    const told = { requests: { limit: 60, remaining: 0, resetMs: 60_000 } };
    for (const [n, each] of sent.entries()) gate.release(each.id, { kind: 'limited', until: T + 9_000, told }, T + n * 500);
    expect(gate.hold('a', T + sent.length * 500).why).not.toBe('nothing');
    expect(gate.learned(T).pace).toBeNull();
  });
});
