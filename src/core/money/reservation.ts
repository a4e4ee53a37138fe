/**
 * Admission against money caps, in whole nano-dollars: what is charged already (settled, reserved, doubtful) plus the worst case of
 * the next call must not pass any cap. The store admits in one atomic statement; here stands what it compares, and which cap is
 * named when it refuses.
 */
import type { NanoUsd } from '../model.js';
import { usdToNano } from './price.js';

/**
 * Caps from the narrowest to the widest. The last three are for all runs of a day: the run's own, that of the process that makes the call,
 * that of the command that let the run go on.
 */
export const CAPS = ['call', 'row', 'run', 'day', 'home', 'start'] as const;
export type CapName = (typeof CAPS)[number];

/** Null or absent = no cap. */
export type Caps = Partial<Record<CapName, NanoUsd | null>>;

/** What is charged to a row, a run, a day. */
export interface Charged {
  settledNano: NanoUsd;
  reservedNano: NanoUsd;
  doubtfulNano: NanoUsd;
}

export type MoneyVerdict =
  | { kind: 'go' }
  /**
   * `final`: even with nothing reserved the call would not fit; then `cap` is the narrowest of such, else that with the least room.
   * `shortNano` is what it lacks.
   */
  | { kind: 'capped'; cap: CapName; shortNano: NanoUsd; final: boolean }
  /** There is a cap, but nobody knows what the call may cost. */
  | { kind: 'unpriced'; cap: CapName };

/**
 * Calls of a model whose answers have cost more than they may go together only while each could cost this many times what is reserved;
 * nearer to the cap they go one by one. So what passes the cap is one such call.
 */
export const WARY_TIMES = 10;

/** What stands against a cap when the call is made. `SQL.reserve` compares the same. */
function charge({ settledNano, reservedNano, doubtfulNano }: Charged, worstNano: NanoUsd, times: number): NanoUsd {
  const open = reservedNano > 0 ? times * (reservedNano + worstNano) : worstNano;
  return settledNano + doubtfulNano + open;
}

/** A cap in USD as nano-dollars; null when it is no amount: text, NaN, infinite, negative. Zero is a cap that admits only free calls. */
export function capNano(usd: unknown): NanoUsd | null {
  return typeof usd === 'number' && Number.isFinite(usd) && usd >= 0 ? usdToNano(usd) : null;
}

const NOTHING: Charged = { settledNano: 0, reservedNano: 0, doubtfulNano: 0 };

/** `worstNano`: the most that the call may cost; null = its price is unknown. `times`: 1, or WARY_TIMES. */
export function admitMoney(
  worstNano: NanoUsd | null,
  caps: Caps,
  charged: Partial<Record<Exclude<CapName, 'call'>, Charged>>,
  times = 1,
): MoneyVerdict {
  let tightest: { cap: CapName; room: NanoUsd } | null = null;
  for (const cap of CAPS) {
    const most = caps[cap] ?? null;
    if (most === null) continue;
    if (worstNano === null) return { kind: 'unpriced', cap };
    const spent = cap === 'call' ? NOTHING : (charged[cap] ?? NOTHING);
    const kept = spent.settledNano + spent.doubtfulNano;
    const room = most - charge(spent, worstNano, cap === 'row' ? 1 : times);
    if (most - kept - worstNano < 0)
      return { kind: 'capped', cap, shortNano: kept + spent.reservedNano + worstNano - most, final: true };
    if (room < (tightest?.room ?? 0)) tightest = { cap, room };
  }
  if (tightest === null) return { kind: 'go' };
  return { kind: 'capped', cap: tightest.cap, shortNano: -tightest.room, final: false };
}
