import { describe, expect, it } from 'vitest';
import { Breaker } from '../../../src/core/gate/breaker.js';
import { startFrom } from '../../../src/core/gate/learned-start.js';
import { paceOf, SlotBank, takeSlots } from '../../../src/core/gate/pace.js';
import { TokenBudget } from '../../../src/core/gate/token-budget.js';
import { ToldBudget } from '../../../src/core/gate/told-limits.js';

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
      for (let n = 0; n < 5; n += 1) breaker.refused(T, T + 9_000, () => accepted, T + n * 600);
      expect(breaker.until).toBe(accepted === 0 ? T + 9_000 : null);
    }
    const breaker = new Breaker();
    for (let n = 0; n < 5; n += 1) breaker.refused(T, T + 5_000, () => 0, T + n * 600);
    expect(breaker.refused(T, T + 7_000, () => 0, T + 3_000)).toBe(false);
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
    expect(budget.fits(call, T)).toEqual({ at: T + 500, unit: 'input-tokens' });
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
