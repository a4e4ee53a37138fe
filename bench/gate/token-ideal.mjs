// @ts-check
/**
 * The shortest time for calls under a limit of tokens per minute, by simulation with full knowledge: the provider takes a call's longest
 * possible answer from its bucket and gives back what was not used, so that its rate, what calls under way hold, their number and the
 * last ones' time all bind. Calls go in their order, each in the moment in which the provider can take it.
 */

/** @typedef {{longest: number, used: number, ms: number}} Call tokens taken at its start and used in the end, and how long it takes */

/** @param {readonly Call[]} calls @param {{perMinute: number, atOnce: number}} limits @returns {number} ms */
export function tokenIdeal(calls, { perMinute, atOnce }) {
  const perMs = perMinute / 60_000;
  let level = perMinute;
  let now = 0;
  let last = 0;
  /** Calls under way, the first to end in front. @type {{end: number, back: number}[]} */
  const under = [];
  const passUntil = (/** @type {number} */ until) => {
    for (let [next] = under; next !== undefined && next.end <= until; [next] = under) {
      level = Math.min(perMinute, level + (next.end - now) * perMs) + next.back;
      now = next.end;
      under.shift();
    }
    level = Math.min(perMinute, level + (until - now) * perMs);
    now = until;
  };
  for (const { longest, used, ms } of calls) {
    for (;;) {
      const [next] = under;
      const fits = under.length >= atOnce ? Number.POSITIVE_INFINITY : now + Math.max(0, longest - level) / perMs;
      if (next === undefined || fits <= next.end) {
        passUntil(fits);
        break;
      }
      passUntil(next.end);
    }
    level -= longest;
    const end = now + ms;
    last = Math.max(last, end);
    const after = under.findIndex((call) => call.end > end);
    under.splice(after === -1 ? under.length : after, 0, { end, back: longest - used });
  }
  return last;
}
