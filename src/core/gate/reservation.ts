/**
 * Admission against money caps, in whole nano-dollars: what is charged already (settled, reserved, doubtful) plus the worst case of
 * the next call must not pass any cap. The store admits in one atomic statement; here stands what it compares, and which cap is
 * named when it refuses.
 */
import type { NanoUsd } from '../model.js';
import { usdToNano } from '../price.js';

/** Caps from the narrowest to the widest; `home` is that of a process for all runs of a day. */
export const CAPS = ['call', 'row', 'run', 'day', 'home'] as const;
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

/** A cap in USD as nano-dollars; null when it is no amount: text, NaN, infinite, negative. Zero is a cap that admits only free calls. */
export function capNano(usd: unknown): NanoUsd | null {
  return typeof usd === 'number' && Number.isFinite(usd) && usd >= 0 ? usdToNano(usd) : null;
}

/** `worstNano`: the most that the call may cost; null = its price is unknown. */
export function admitMoney(
  worstNano: NanoUsd | null,
  caps: Caps,
  charged: Record<Exclude<CapName, 'call'>, Charged>,
): MoneyVerdict {
  let tightest: { cap: CapName; room: NanoUsd } | null = null;
  for (const cap of CAPS) {
    const most = caps[cap] ?? null;
    if (most === null) continue;
    if (worstNano === null) return { kind: 'unpriced', cap };
    const spent = cap === 'call' ? { settledNano: 0, reservedNano: 0, doubtfulNano: 0 } : charged[cap];
    const kept = spent.settledNano + spent.doubtfulNano;
    const room = most - kept - spent.reservedNano - worstNano;
    if (most - kept - worstNano < 0) return { kind: 'capped', cap, shortNano: -room, final: true };
    if (room < (tightest?.room ?? 0)) tightest = { cap, room };
  }
  if (tightest === null) return { kind: 'go' };
  return { kind: 'capped', cap: tightest.cap, shortNano: -tightest.room, final: false };
}
