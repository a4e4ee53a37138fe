/**
 * How a limit is divided over the processes that share it. Pure: the store keeps what each has booked and calls this in one transaction.
 * A process books places before it uses them and gives them back after, so the sum of the bookings never passes the limit,
 * whatever the order in which the processes ask.
 */

/** What another live process has of a limit. */
export interface ShareHolder {
  owner: string;
  /** Places that it could use now. */
  wanted: number;
  /** Places that nobody else may use. */
  booked: number;
}

export interface ShareAsk {
  owner: string;
  limit: number;
  wanted: number;
  /** Calls under way now, or places that are in use until the answer: never taken away. */
  held: number;
  /** What this process was granted last; 0 when it has nothing. */
  granted: number;
}

export interface Share {
  /** Calls that the process may have under way; fewer than it has when it must let some end. */
  granted: number;
  /** Granted, or held when that is more. */
  booked: number;
}

/**
 * Shares of a limit by what each wants: nobody gets more than it wants while another one lacks something, and two that lack something
 * differ by at most one place. What nobody wants is spread evenly, so that a burst finds places at hand. Whole numbers; they add up
 * to the limit. `turn` moves on who goes without when there are fewer places than processes.
 */
export function fairShares(limit: number, wants: readonly number[], turn: number): number[] {
  const count = wants.length;
  if (count === 0) return [];
  const wanted = wants.map((want) => Math.min(limit, Math.max(0, want)));
  const sumAt = (level: number) => wanted.reduce((sum, want) => sum + Math.min(want, level), 0);
  const sum = sumAt(limit);
  if (sum <= limit) {
    const spare = limit - sum;
    return wanted.map((want, at) => want + Math.floor(spare / count) + (at < spare % count ? 1 : 0));
  }
  // The highest level to which everybody can be filled.
  let level = 0;
  for (let above = limit; above - level > 1; ) {
    const middle = Math.floor((level + above) / 2);
    if (sumAt(middle) <= limit) level = middle;
    else above = middle;
  }
  let left = limit - sumAt(level);
  const shares = wanted.map((want) => Math.min(want, level));
  const first = level === 0 ? turn % count : 0;
  for (let step = 0; step < count && left > 0; step += 1) {
    const at = (first + step) % count;
    if ((wanted[at] as number) <= level) continue;
    shares[at] = level + 1;
    left -= 1;
  }
  return shares;
}

/** What a process gets that asks now. It keeps what it was granted up to its fair share, and grows only into free places. */
export function shareOf(ask: ShareAsk, others: readonly ShareHolder[], turn: number): Share {
  const all = [...others, ask].sort((a, b) => (a.owner < b.owner ? -1 : 1));
  const fair = fairShares(
    ask.limit,
    all.map(({ wanted }) => wanted),
    turn,
  )[all.indexOf(ask)] as number;
  const free = ask.limit - others.reduce((sum, { booked }) => sum + booked, 0);
  const granted = Math.max(0, Math.min(fair, Math.max(free, ask.granted)));
  return { granted, booked: Math.max(granted, ask.held) };
}

/** How long the same process goes without, when there are fewer places than processes. */
const TURN_MS = 5_000;

/** `turn` of `fairShares` at a time in ms. */
export function shareTurn(now: number): number {
  return Math.floor(now / TURN_MS);
}
