import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitMoney, type Caps, type Charged, capNano, WARY_TIMES } from '../../../src/core/money/reservation.js';

const charged = (settledNano = 0, reservedNano = 0, doubtfulNano = 0): Charged => ({ settledNano, reservedNano, doubtfulNano });
const none = { row: charged(), run: charged(), day: charged(), home: charged() };

describe('capNano', () => {
  it.each([
    [5, 5_000_000_000],
    [0, 0],
    [0.000000001, 1],
    [1e300, Number.MAX_SAFE_INTEGER],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    [-1, null],
    ['5', null],
    [null, null],
    [undefined, null],
  ])('%j -> %j', (usd, nano) => {
    expect(capNano(usd)).toBe(nano);
  });
});

describe('admitMoney', () => {
  it('no caps -> goes, at any price and at none', () => {
    expect(admitMoney(10 ** 15, {}, none)).toEqual({ kind: 'go' });
    expect(admitMoney(null, { run: null }, none)).toEqual({ kind: 'go' });
  });

  it('a cap and no price -> refused, the cap named', () => {
    expect(admitMoney(null, { day: 5 }, none)).toEqual({ kind: 'unpriced', cap: 'day' });
  });

  it('exactly at the cap -> goes; one nano-dollar more -> capped', () => {
    const spent = { ...none, run: charged(50, 20, 10) };
    expect(admitMoney(20, { run: 100 }, spent)).toEqual({ kind: 'go' });
    expect(admitMoney(21, { run: 100 }, spent)).toEqual({ kind: 'capped', cap: 'run', shortNano: 1, final: false });
  });

  it('several caps passed for good -> the narrowest is named; for now -> the one with the least room', () => {
    const spent = { ...none, row: charged(9), run: charged(60, 30), day: charged(500) };
    const caps = { call: 100, row: 10, run: 100, day: 400 };
    expect(admitMoney(15, caps, spent)).toEqual({ kind: 'capped', cap: 'row', shortNano: 14, final: true });
    expect(admitMoney(15, { ...caps, row: null }, spent)).toEqual({ kind: 'capped', cap: 'day', shortNano: 115, final: true });
    const held = { ...none, run: charged(0, 95), day: charged(0, 150), home: charged(0, 99) };
    expect(admitMoney(15, { run: 100, day: 100, home: 100 }, held)).toMatchObject({ cap: 'day', shortNano: 65, final: false });
    expect(admitMoney(15, { call: 14 }, spent)).toEqual({ kind: 'capped', cap: 'call', shortNano: 1, final: true });
  });

  it('only reservations stand in the way -> not final: they may come back', () => {
    expect(admitMoney(10, { run: 100 }, { ...none, run: charged(50, 45) })).toMatchObject({ final: false });
    expect(admitMoney(10, { run: 100 }, { ...none, run: charged(50, 0, 45) })).toMatchObject({ final: true });
  });

  it('a model whose answers cost more than they may -> alone it goes as ever; beside others only where each could cost ten times as much', () => {
    const alone = { ...none, run: charged(50, 0, 10) };
    expect(admitMoney(40, { run: 100 }, alone, WARY_TIMES)).toEqual({ kind: 'go' });
    expect(admitMoney(41, { run: 100 }, alone, WARY_TIMES)).toMatchObject({ kind: 'capped', final: true, shortNano: 1 });
    const beside = { ...none, run: charged(50, 5, 10) };
    expect(admitMoney(5, { run: 160 }, beside, WARY_TIMES)).toEqual({ kind: 'go' });
    expect(admitMoney(5, { run: 159 }, beside, WARY_TIMES)).toMatchObject({ kind: 'capped', final: false });
    expect(admitMoney(5, { run: 159 }, beside)).toEqual({ kind: 'go' });
  });

  it('any order of reservations and settlements below the worst case -> no cap is ever passed', () => {
    const nano = fc.integer({ min: 0, max: 1_000 });
    fc.assert(
      fc.property(
        nano,
        nano,
        nano,
        fc.array(fc.tuple(nano, fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 60 }),
        (row, run, day, calls) => {
          const caps: Caps = { row, run, day };
          const spent = charged();
          const open: [number, number][] = [];
          for (const [worst, used] of calls) {
            if (admitMoney(worst, caps, { row: spent, run: spent, day: spent, home: spent }).kind === 'go') {
              spent.reservedNano += worst;
              open.push([worst, Math.floor(worst * used)]);
            } else {
              const [reserved, cost] = open.shift() ?? [0, 0];
              spent.reservedNano -= reserved;
              spent.settledNano += cost;
            }
            expect(spent.settledNano + spent.reservedNano).toBeLessThanOrEqual(Math.min(row, run, day));
          }
        },
      ),
    );
  });
});
