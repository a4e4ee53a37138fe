import { describe, expect, it } from 'vitest';
import { admitMoney, type Charged } from '../../../src/core/money/reservation.js';
import { draw } from '../../support/gate-simulation/draw.js';
import { seededRandom } from '../../support/test-random.js';

const IN_FLIGHT = 500;
const ROWS = 2_000;
/** Nano-dollars of a token, in and out. */
const IN = 150;
const OUT = 600;
const MAX_TOKENS = 2_000;

interface Open {
  endsAt: number;
  worst: number;
  cost: number;
  doubtful: boolean;
}

/** A run with one cap, calls of unlike length and cost; some end in doubt, and are billed or not. */
function runUnderCap(seed: string, share: number): { cap: number; billed: number; charged: Charged; worst: number } {
  const random = seededRandom(seed);
  const calls = Array.from({ length: ROWS }, () => {
    const prompt = Math.ceil(draw({ median: 300, sigma: 0.5 }, random));
    const output = Math.min(MAX_TOKENS, Math.ceil(draw({ median: 250, sigma: 1 }, random)));
    return { worst: prompt * IN + MAX_TOKENS * OUT, cost: prompt * IN + output * OUT };
  });
  const cap = Math.floor(calls.reduce((sum, { cost }) => sum + cost, 0) * share);
  const charged: Charged = { settledNano: 0, reservedNano: 0, doubtfulNano: 0 };
  const nothing: Charged = { settledNano: 0, reservedNano: 0, doubtfulNano: 0 };
  const open: Open[] = [];
  let billed = 0;
  let now = 0;
  const endOne = () => {
    let first = 0;
    for (let at = 1; at < open.length; at += 1) if (open[at]!.endsAt < open[first]!.endsAt) first = at;
    const { endsAt, worst, cost, doubtful } = open[first]!;
    open[first] = open.at(-1)!;
    open.pop();
    now = endsAt;
    charged.reservedNano -= worst;
    if (doubtful) charged.doubtfulNano += worst;
    else charged.settledNano += cost;
    if (!doubtful || random.next() < 0.5) billed += cost;
  };
  let largest = 0;
  for (let next = 0; next < ROWS; ) {
    const { worst, cost } = calls[next]!;
    largest = Math.max(largest, worst);
    const verdict = admitMoney(worst, { run: cap }, { row: nothing, run: charged, day: nothing, home: nothing });
    if (verdict.kind === 'capped' && verdict.final) break;
    if (verdict.kind === 'go' && open.length < IN_FLIGHT) {
      charged.reservedNano += worst;
      open.push({ endsAt: now + draw({ median: 900, sigma: 0.6 }, random), worst, cost, doubtful: random.next() < 0.01 });
      next += 1;
    } else endOne();
    if (charged.settledNano + charged.reservedNano + charged.doubtfulNano > cap)
      throw new Error(`${seed}: charged above the cap`);
  }
  while (open.length > 0) endOne();
  return { cap, billed, charged, worst: largest };
}

describe('a cap at 10 to 90 % of the need, 500 calls in flight', () => {
  it('500 runs -> never billed above the cap; what is left is at most 2 % of it or one worst case', () => {
    let left = 0;
    for (let n = 0; n < 500; n += 1) {
      const { cap, billed, charged, worst } = runUnderCap(`caps/${n}`, 0.1 + 0.8 * (n / 499));
      expect([`caps/${n}`, billed <= cap]).toEqual([`caps/${n}`, true]);
      const rest = cap - charged.settledNano - charged.doubtfulNano;
      expect([`caps/${n}`, rest <= Math.max(0.02 * cap, worst)]).toEqual([`caps/${n}`, true]);
      left = Math.max(left, rest / cap);
    }
    process.stdout.write(`caps: of 500 runs none above its cap, at most ${(left * 100).toFixed(2)} % of it left\n`);
  });
});
