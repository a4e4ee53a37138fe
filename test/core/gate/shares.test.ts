import { describe, expect, it } from 'vitest';
import { fairShares, type ShareHolder, shareOf } from '../../../src/core/gate/shares.js';
import { seededRandom } from '../../support/test-random.js';

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe('fairShares', () => {
  it.each([
    ['alone -> everything', 10, [0], [10]],
    ['alone and greedy -> the limit', 10, [99], [10]],
    ['two that lack -> half each', 10, [99, 99], [5, 5]],
    ['an odd place -> one more for one', 11, [99, 99], [6, 5]],
    ['one wants little -> the other has the rest', 10, [2, 99], [2, 8]],
    ['nobody lacks -> what is spare is spread', 10, [2, 3], [5, 5]],
    ['nobody wants -> spread', 9, [0, 0], [5, 4]],
    ['a limit of zero -> nothing', 0, [3, 3], [0, 0]],
    ['nobody -> nobody', 5, [], []],
  ])('%s', (_, limit, wants, shares) => {
    expect(fairShares(limit, wants, 0)).toEqual(shares);
  });

  it('fewer places than processes -> each has its turn', () => {
    const got = [0, 1, 2].map((turn) => fairShares(1, [9, 9, 9], turn));
    expect(got.map((shares) => shares.indexOf(1)).sort()).toEqual([0, 1, 2]);
    expect(got.every((shares) => sum(shares) === 1)).toBe(true);
  });

  it('seeded random limits and wants -> adds up, nobody is above its want while another lacks, lacking ones differ by one', () => {
    const random = seededRandom('limits and wants').next;
    for (let round = 0; round < 5_000; round += 1) {
      const limit = Math.floor(random() * 40);
      const wants = Array.from({ length: 1 + Math.floor(random() * 8) }, () => Math.floor(random() * random() * 60));
      const shares = fairShares(limit, wants, Math.floor(random() * 100));
      const where = `limit ${limit}, wants ${wants}, shares ${shares}`;
      expect(sum(shares), where).toBe(limit);
      const lacking = shares.filter((share, at) => share < (wants[at] as number));
      const above = shares.some((share, at) => share > Math.max(wants[at] as number, 0));
      if (lacking.length > 0) {
        expect(above, where).toBe(false);
        expect(Math.max(...shares) - Math.min(...lacking), where).toBeLessThanOrEqual(1);
      }
    }
  });
});

/** A process of the simulation: it sends as long as it may, and asks when its turn comes. */
interface Simulated extends ShareHolder {
  granted: number;
  underWay: number;
}

function renew(process: Simulated, all: readonly Simulated[], limit: number): void {
  const others = all.filter((other) => other !== process);
  Object.assign(process, shareOf({ ...process, limit, held: process.underWay }, others, 0));
}

function simulate(seed: number): void {
  const random = seededRandom(`shares ${seed}`).next;
  let limit = 1 + Math.floor(random() * 30);
  let allowed = limit;
  const all = new Map<string, Simulated>();
  let made = 0;
  for (let step = 0; step < 400; step += 1) {
    const live = [...all.values()];
    const one = live[Math.floor(random() * live.length)];
    const dice = random();
    if (dice < 0.03 || !one) {
      const owner = `p${made++}`;
      all.set(owner, { owner, wanted: Math.floor(random() * 40), booked: 0, granted: 0, underWay: 0 });
    } else if (dice < 0.04) {
      all.delete(one.owner);
    } else if (dice < 0.06) {
      limit = 1 + Math.floor(random() * 30);
      // Calls under way are never taken away, so a smaller limit holds for new ones.
      allowed = Math.max(limit, sum(live.map(({ booked }) => booked)));
    } else if (dice < 0.4) {
      renew(one, live, limit);
    } else if (dice < 0.7) {
      if (one.underWay < Math.min(one.granted, one.booked)) one.underWay += 1;
    } else if (dice < 0.95) {
      one.underWay = Math.max(0, one.underWay - 1);
    } else {
      one.wanted = Math.floor(random() * 40);
    }
    const now = [...all.values()];
    const booked = sum(now.map((process) => process.booked));
    allowed = Math.max(limit, Math.min(allowed, booked));
    // A plain check: 200,000 of them.
    if (booked > allowed || now.some((process) => process.underWay > process.booked))
      throw new Error(`seed ${seed}, step ${step}: ${allowed} allowed, ${JSON.stringify(now)}`);
  }
  // Calm: calls end, wants stand still. Two rounds of renewals later all have their fair share.
  const calm = [...all.values()].sort((a, b) => (a.owner < b.owner ? -1 : 1));
  for (let round = 0; round < 3; round += 1) {
    for (const process of calm) {
      process.underWay = Math.min(process.underWay, process.granted);
      renew(process, calm, limit);
    }
  }
  const fair = fairShares(
    limit,
    calm.map(({ wanted }) => wanted),
    0,
  );
  expect(
    calm.map(({ granted }) => granted),
    `seed ${seed}`,
  ).toEqual(fair);
}

describe('shareOf, many processes in any order', () => {
  it('500 seeded interleavings of renewals, sends, ends, births, deaths and resizes -> bookings never pass the limit, then fair shares', () => {
    for (let seed = 1; seed <= 500; seed += 1) simulate(seed);
  });

  it('two processes that both have work -> equal within one after each has renewed twice', () => {
    for (let limit = 1; limit <= 60; limit += 1) {
      const first: Simulated = { owner: 'a', wanted: 99, booked: 0, granted: 0, underWay: 0 };
      const second: Simulated = { owner: 'b', wanted: 99, booked: 0, granted: 0, underWay: 0 };
      renew(first, [first], limit);
      expect(first.granted).toBe(limit);
      first.underWay = limit;
      renew(second, [first, second], limit);
      expect(second.granted).toBe(0);
      renew(first, [first, second], limit);
      // Its calls above the share end, and it starts no others.
      first.underWay = Math.min(first.underWay, first.granted);
      renew(first, [first, second], limit);
      renew(second, [first, second], limit);
      expect(Math.abs(first.granted - second.granted)).toBeLessThanOrEqual(1);
      expect(first.granted + second.granted).toBe(limit);
    }
  });

  it('a smaller limit -> each keeps what it has up to its fair share, with no gap', () => {
    const first: Simulated = { owner: 'a', wanted: 99, booked: 5, granted: 5, underWay: 5 };
    const second: Simulated = { owner: 'b', wanted: 99, booked: 5, granted: 5, underWay: 5 };
    renew(first, [first, second], 4);
    expect(first).toMatchObject({ granted: 2, booked: 5 });
  });
});
