import { describe, expect, it } from 'vitest';
import { AutoWindow } from '../../../src/core/gate/auto-window.js';
import { Breaker } from '../../../src/core/gate/breaker.js';
import { LearnedCeiling } from '../../../src/core/gate/ceilings.js';
import { RunQueue } from '../../../src/core/gate/fair-queue.js';
import { LearnedLimits } from '../../../src/core/gate/learned-limits.js';
import { startFrom } from '../../../src/core/gate/learned-start.js';
import { LocalPace } from '../../../src/core/gate/local-pace.js';
import { paceOf, requestPaceOf, SlotBank, secondMs, takeSlots } from '../../../src/core/gate/pace.js';
import { Paces } from '../../../src/core/gate/paces.js';
import { TokenBudget } from '../../../src/core/gate/token-budget.js';
import { ToldBudget } from '../../../src/core/gate/told-limits.js';
import { Traffic } from '../../../src/core/gate/traffic.js';
import { causeOf } from '../../../src/core/gate/trial.js';

const T = 1_700_000_000_000;

describe('paceOf', () => {
  it.each([1, 7, 59, 60, 90, 119, 120, 600, 6_000])('%d per minute -> no 60 s hold more', (perMinute) => {
    const pace = paceOf(perMinute);
    let clock = 0;
    const sent: number[] = [];
    for (let now = T; sent.length < 3 * perMinute + 3 && now < T + 400_000; now += Math.max(1, pace.intervalMs / 3)) {
      for (;;) {
        const taken = takeSlots(clock, 1, pace, now);
        if (taken.first > now) break;
        clock = taken.clock;
        sent.push(now);
      }
    }
    let from = 0;
    sent.forEach((at, n) => {
      while (at - (sent[from] as number) >= 60_000) from += 1;
      expect(n - from + 1).toBeLessThanOrEqual(perMinute);
    });
  });
});

describe('Paces', () => {
  /** Turns that enter in each of the first seconds, when nobody holds them but the start. */
  const entered = (told: boolean, seconds: number): number[] => {
    const paces = new Paces();
    paces.rateTold(told);
    const nothing = { pace: Number.POSITIVE_INFINITY, paceKnown: false };
    const counts = Array.from({ length: seconds }, () => 0);
    for (let now = T; now < T + seconds * 1_000; now += 1) {
      for (; paces.entersAt(nothing, now) <= now; counts[Math.floor((now - T) / 1_000)]! += 1) paces.entered(nothing, now);
    }
    return counts;
  };

  it('nothing is known -> 1,200 a second for two seconds, then twice that', () => {
    const [first, second, third] = entered(false, 3);
    expect([first, second]).toEqual([expect.closeTo(1_200, -2), expect.closeTo(1_200, -2)]);
    expect(third).toBeCloseTo(2_400, -2);
  });

  it('the user told a rate -> 300 in the first second: that shows whether it holds; then the told rate alone counts', () => {
    const [first, second] = entered(true, 2);
    expect(first).toBeCloseTo(300, -2);
    expect(second).toBeCloseTo(2_400, -2);
  });
});

describe('requestPaceOf', () => {
  it.each([1, 60, 126, 127, 600, 6_000])(
    '%d per minute, sent no quicker than evenly -> no 60 s hold more; a second at most at once',
    (perMinute) => {
      const pace = requestPaceOf(perMinute);
      const perSecond = perMinute / 60;
      const even = new LocalPace(secondMs);
      let clock = 0;
      const sent: number[] = [];
      for (let now = T; now < T + 200_000; now += Math.max(1, pace.intervalMs / 3)) {
        for (;;) {
          const taken = takeSlots(clock, 1, pace, now);
          if (taken.first > now || (pace.burst > 1 && even.nextAt(perSecond) > now)) break;
          clock = taken.clock;
          even.take(perSecond, now);
          sent.push(now);
        }
      }
      const most = (ms: number) =>
        Math.max(...sent.map((at, n) => sent.slice(n, n + perMinute + 1).filter((each) => each < at + ms).length));
      expect(most(60_000)).toBeLessThanOrEqual(perMinute);
      expect(most(1)).toBeLessThanOrEqual(Math.max(1, perSecond));
      // What the spacing costs a run of 20 s.
      if (perMinute === 6_000) expect(sent.filter((at) => at < T + 19_300).length).toBeGreaterThanOrEqual(2_000);
    },
  );
});

describe('SlotBank', () => {
  it('units used beyond what was taken are a debt that later slots pay', () => {
    const bank = new SlotBank();
    bank.add(T, 10, 1);
    bank.take(10);
    bank.giveBack(-5, 100);
    expect(bank.held).toBe(-5);
    bank.add(T + 20, 10, 1);
    expect(bank.dueAt(1)).toBe(T + 25);
    expect(bank.dueAt(20)).toBeNull();
    bank.giveBack(500, 100);
    expect(bank.dueAt(100)).toBe(0);
    bank.clear();
    expect(bank.held).toBe(0);
  });

  it('slots not used in time are lost', () => {
    const bank = new SlotBank();
    const pace = paceOf(60);
    bank.add(T, 3, pace.intervalMs);
    bank.expire(pace, T + 1_300);
    expect(bank.held).toBe(1);
    bank.expire(pace, T + 9_000);
    expect(bank.held).toBe(0);
  });
});

describe('Breaker', () => {
  it('answers of calls sent before the first failure between failures of later ones -> opens all the same', () => {
    const breaker = new Breaker();
    for (let n = 0; n <= 5; n += 1) {
      expect(breaker.until).toBeNull();
      breaker.sent();
      breaker.failed(T + 10 * n, T + 10 * n + 1);
      if (n < 5) breaker.answered(T - 100 + n);
    }
    expect(breaker.until).not.toBeNull();
  });

  it('a few quick failures among many calls whose answers are not here yet -> stays closed', () => {
    const breaker = new Breaker();
    for (let n = 0; n < 200; n += 1) {
      breaker.sent();
      if (n % 20 === 0) breaker.failed(T + n, T + n + 1);
      else if (n % 20 === 10) breaker.answered(T - 200 + n);
    }
    expect(breaker.until).toBeNull();
    // An answer to a call sent since ends the row.
    breaker.answered(T + 100);
    for (let n = 0; n < 4; n += 1) breaker.failed(T + 300 + n, T + 310 + n);
    expect(breaker.until).toBeNull();
  });

  it('probes that fail -> longer pauses; an answer of before does not close it', () => {
    const breaker = new Breaker();
    for (let n = 0; n < 5; n += 1) breaker.failed(T, T + n);
    expect(breaker.until).toBe(T + 4 + 1_000);
    breaker.answered(T);
    expect(breaker.mayPass(T + 500)).toBe(false);
    breaker.sent();
    breaker.failed(T + 1_004, T + 1_010);
    expect(breaker.until).toBe(T + 1_010 + 1_500);
    breaker.sent();
    breaker.answered(T + 2_600);
    expect(breaker.until).toBeNull();
    expect(breaker.mayPass(T + 2_700)).toBe(true);
  });

  it('refusals for 2 s and nothing accepted -> open until the time named; accepted calls -> closed', () => {
    for (const accepted of [0, 1]) {
      const breaker = new Breaker();
      for (let n = 0; n < 5; n += 1) breaker.refused(T, { until: T + 9_000 }, () => accepted, T + n * 600);
      expect(breaker.until).toBe(accepted === 0 ? T + 9_000 : null);
    }
    const breaker = new Breaker();
    for (let n = 0; n < 5; n += 1) breaker.refused(T, { until: T + 5_000 }, () => 0, T + n * 600);
    expect(breaker.refused(T, { until: T + 7_000 }, () => 0, T + 3_000)).toBe(false);
    expect(breaker.until).toBe(T + 7_000);
  });
});

describe('TokenBudget', () => {
  it('first a guess, then the mean of answers, never more than max_tokens', () => {
    const budget = new TokenBudget();
    expect([budget.expected, budget.estimate(100, 200), budget.estimate(100, 9_000)]).toEqual([null, 300, 600]);
    for (let n = 0; n < 500; n += 1) budget.answered(50);
    expect(budget.expected).toBe(50);
    expect(budget.estimate(100, 9_000)).toBeLessThan(160);
    expect(budget.estimate(100, 20)).toBe(120);
    expect(new TokenBudget(70).estimate(0, 9_000)).toBe(70);
  });
});

describe('ToldBudget', () => {
  it('rates of a minute that were told -> known; a limit of a day is none', () => {
    const budget = new ToldBudget();
    expect(budget.perMinute()).toBeNull();
    budget.told({ requests: { limit: 1_000, remaining: 900, resetMs: 8_640_000 } }, T);
    expect(budget.perMinute()).toBeNull();
    budget.told({ tokens: { limit: 6_000, remaining: 5_000, resetMs: 10_000 } }, T);
    expect(budget.perMinute()).toEqual({ requests: null, tokens: 6_000 });
  });

  it('a small burst -> nothing of it is kept back; what is known more exactly than in whole calls stays', () => {
    const budget = new ToldBudget();
    const call = { promptTokens: 10, maxTokens: 20 };
    // Two at once, two a second: full again after 500 ms.
    budget.told({ requests: { limit: 120, remaining: 1, resetMs: 500 } }, T);
    expect(budget.fits(call, T).at).toBe(0);
    budget.promise(call);
    budget.sent(call, T);
    expect(budget.fits(call, T).at).toBeCloseTo(T + 500, 3);
    // 0.8 of a call is there: the answer says none, in whole calls.
    budget.told({ requests: { limit: 120, remaining: 0, resetMs: 600 } }, T + 400);
    expect(budget.fits(call, T + 400).at).toBeCloseTo(T + 500, 3);
    // Never more than two, however long nobody calls.
    budget.told({ requests: { limit: 120, remaining: 2, resetMs: 0 } }, T + 60_000);
    for (let n = 0; n < 2; n += 1) {
      expect(budget.fits(call, T + 90_000).at).toBe(0);
      budget.promise(call);
      budget.sent(call, T + 90_000);
    }
    expect(budget.fits(call, T + 90_000).at).toBeCloseTo(T + 90_500, 3);
  });

  it('a limit of requests without a reset -> all of it may come at once, and fills again within a minute', () => {
    const budget = new ToldBudget();
    const call = { promptTokens: 10, maxTokens: 20 };
    budget.told({ requests: { limit: 60, remaining: 1, resetMs: null } }, T);
    budget.promise(call);
    budget.sent(call, T);
    expect(budget.fits(call, T).at).toBeGreaterThan(T);
    for (let n = 0; n < 57; n += 1) {
      expect(budget.fits(call, T + 60_000).at).toBe(0);
      budget.promise(call);
    }
  });

  it('a limit per day with plenty left holds nobody; one that is used up waits at its true rate', () => {
    const budget = new ToldBudget();
    const call = { promptTokens: 10, maxTokens: 20 };
    budget.told({ requests: { limit: 14_400, remaining: 14_000, resetMs: 2_400_000 } }, T);
    expect(budget.fits(call, T)).toEqual({ at: 0, unit: null });
    budget.told({ requests: { limit: 14_400, remaining: 2, resetMs: 86_388_000 } }, T);
    expect(budget.fits(call, T).at).toBeCloseTo(T + 6_000, -1);
    budget.told({ tokens: { limit: null, remaining: 0, resetMs: null } }, T);
    expect(budget.knowsTokens(1)).toBe(false);
    budget.told(
      { 'input-tokens': { limit: 600, remaining: 5, resetMs: 1 }, 'output-tokens': { limit: 600, remaining: 600, resetMs: 0 } },
      T,
    );
    budget.told({ requests: { limit: 100, remaining: 99, resetMs: 0 } }, T);
    expect(budget.fits(call, T)).toEqual({ at: T + 2_500, unit: 'input-tokens' });
  });
});

describe('startFrom', () => {
  const learned = { pace: 100, window: 50, auto: 40, noise: 0.1, answerTokens: 60, at: T };
  it('what was learned is believed less with time', () => {
    expect(startFrom(learned, T + 1_000)).toEqual({ pace: 100, window: 50, auto: 40, noise: 0.1, answerTokens: 60 });
    expect(startFrom(learned, T + 2 * 3_600_000)).toEqual({ pace: 70, window: 35, auto: 28, noise: 0, answerTokens: 60 });
    const unknown = { pace: Number.POSITIVE_INFINITY, window: Number.POSITIVE_INFINITY, auto: null, noise: 0 };
    expect(startFrom(learned, T + 25 * 3_600_000)).toEqual({ ...unknown, answerTokens: 60 });
    expect(startFrom(null, T)).toEqual({ ...unknown, answerTokens: null });
  });
});

describe('AutoWindow', () => {
  /** So many answers a second, each after 100 ms, while somebody waits for a place. */
  function interval(auto: AutoWindow, from: number, answers: number, limited: boolean): void {
    for (let answer = 0; answer < answers; answer += 1) auto.answered(from + 1, from + 101);
    auto.holds();
    auto.tick(from + 1_000, 100, limited);
  }

  it('more answers with every doubling -> doubles; no more of them -> back to what it was', () => {
    const auto = new AutoWindow(null);
    auto.tick(T, 100, false);
    expect(auto.found).toBeNull();
    interval(auto, T, 160, false);
    expect([auto.size, auto.found]).toEqual([32, 32]);
    for (let answer = 0; answer < 160; answer += 1) auto.answered(T + 1_001, T + 1_201);
    auto.holds();
    auto.tick(T + 2_000, 200, false);
    expect(auto.size).toBe(16);
  });

  it('the quickest of the first calls have answered -> nothing is judged yet; each later size counts as long', () => {
    const auto = new AutoWindow(null);
    auto.tick(T, 0, false);
    for (let answer = 0; answer < 4; answer += 1) auto.answered(T, T + 60);
    auto.holds();
    auto.tick(T + 60, 60, false);
    expect(auto.size).toBe(16);
    for (let answer = 0; answer < 12; answer += 1) auto.answered(T, T + 220);
    auto.tick(T + 250, 180, false);
    expect(auto.size).toBe(32);
    for (let answer = 0; answer < 20; answer += 1) auto.answered(T + 250, T + 450);
    auto.holds();
    auto.tick(T + 500, 180, false);
    expect(auto.size).toBe(64);
  });

  it('after a limit was met -> grows by a tenth, and is content with as many answers', () => {
    const auto = new AutoWindow(100);
    auto.tick(T, 100, true);
    expect(auto.found).toBe(100);
    interval(auto, T, 500, true);
    expect(auto.size).toBe(111);
    interval(auto, T + 1_000, 500, true);
    expect(auto.size).toBe(123);
  });
});

describe('LearnedCeiling', () => {
  it('raised above the most that there is -> no ceiling any more', () => {
    const ceiling = new LearnedCeiling({ value: 95, least: 1, most: 100, whole: true });
    while (ceiling.known) expect(ceiling.raise(T)).toBe(true);
    expect(ceiling.value).toBe(Number.POSITIVE_INFINITY);
    expect(ceiling.raise(T)).toBe(false);
  });
});

describe('RunQueue', () => {
  it('two tickets of a rank in one pile, and a rank that comes back -> in order', () => {
    const queue = new RunQueue();
    const of = (id: number, turn: number) => ({ id, runId: 'a', turn, promptTokens: 1, maxTokens: 1, interactive: false });
    for (const each of [of(1, 3), of(2, 1), of(3, 2), of(4, 2), of(5, 1)]) queue.push(each);
    const order: number[] = [];
    for (let ticket = queue.first(); ticket !== null; ticket = queue.first()) {
      order.push(ticket.id);
      queue.shift(ticket);
    }
    expect(order).toEqual([1, 3, 4, 2, 5]);
    const withdrawn = of(6, 3);
    queue.push(withdrawn);
    expect(queue.remove(withdrawn)).toBe(true);
    expect(queue.first()).toBeNull();
  });
});

describe('Traffic', () => {
  it('a refusal of a call that was sent too long ago -> counts nowhere', () => {
    const traffic = new Traffic();
    traffic.sent(T);
    traffic.refused(T);
    expect(traffic.accepted(T, T + 10)).toBe(0);
    traffic.sent(T + 10_000);
    traffic.refused(T);
    expect(traffic.accepted(T + 5_000, T + 10_010)).toBe(1);
  });
});

describe('causeOf', () => {
  it('what the provider names -> counts; else what held the call back, else both', () => {
    const call = (held: 'pace' | 'window' | null) => ({ sentAt: T, level: 1, held });
    expect(causeOf(call('pace'), 'concurrency')).toBe('window');
    expect(causeOf(call('window'), 'tokens')).toBe('pace');
    expect(causeOf(call('window'), null)).toBe('window');
    expect(causeOf(call(null), null)).toBe('both');
  });
});

describe('LearnedLimits', () => {
  it('a refusal of a call from before the last cut, or a storm with nothing to give back -> changes nothing', () => {
    const limits = new LearnedLimits({ pace: 50, window: 10, noise: 0 });
    limits.refused({ sentAt: -1, level: 1, held: null }, null, T);
    limits.storm();
    expect([limits.pace, limits.window]).toEqual([50, 10]);
  });

  it('a pace that others found -> half way to it, but not while refusals are looked into', () => {
    const limits = new LearnedLimits({ pace: 50, window: 10, noise: 0 });
    limits.nearer(100);
    expect(limits.pace).toBe(75);
    limits.refused({ sentAt: T, level: 1, held: null }, null, T);
    const { pace } = limits;
    limits.nearer(500);
    expect(limits.pace).toBe(pace);
    const unknown = new LearnedLimits({ pace: Number.POSITIVE_INFINITY, window: Number.POSITIVE_INFINITY, noise: 0 });
    unknown.nearer(80);
    expect(unknown.pace).toBe(80);
  });
});
