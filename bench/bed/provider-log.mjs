// @ts-check
/** The provider's own log of one scenario, which is over: the truth about what was sent, taken and refused. */
import { readFileSync } from 'node:fs';

/**
 * @typedef {{n: number, t: number, row: string, status: number, billed: boolean, fault: string | null,
 *   prompt_tokens: number, completion_tokens: number}} LoggedCall
 */

export class ProviderLog {
  /** In the order of their arrival. @type {LoggedCall[]} */
  calls = [];
  /** Times of requests that an outage cut off. @type {number[]} */
  resets = [];
  /** When each answer went out, by number of its call. @type {Map<number, number>} */
  ends = new Map();

  /** @param {string} path */
  constructor(path) {
    for (const text of readFileSync(path, 'latin1').split('\n')) {
      if (text === '') continue;
      const line = JSON.parse(text);
      if (line.e === 'call') this.calls.push(line);
      else if (line.e === 'end') this.ends.set(line.n, line.t);
      else this.resets.push(line.t);
    }
  }

  /** Arrival of the first call, ms since the Unix epoch. */
  get begin() {
    return this.calls[0]?.t ?? Number.NaN;
  }

  /** Share of the calls in a time that were refused with a 429. @param {number} [from] @param {number} [to] */
  refusedShare(from = 0, to = Number.POSITIVE_INFINITY) {
    const calls = this.calls.filter(({ t }) => t >= from && t < to);
    return calls.filter(({ status }) => status === 429).length / Math.max(1, calls.length);
  }

  /** Calls taken in a time. @param {number} from @param {number} to */
  taken(from, to) {
    return this.calls.filter(({ t, billed }) => billed && t >= from && t < to);
  }

  /** Answers that went out in a time. @param {number} from @param {number} to */
  answered(from, to) {
    let answers = 0;
    for (const { n, billed } of this.calls) {
      const at = this.ends.get(n);
      if (billed && at !== undefined && at >= from && at < to) answers += 1;
    }
    return answers;
  }

  /** The most calls under way at once in each second from `from` on. @param {number} from */
  inFlightBySecond(from) {
    const steps = this.calls.flatMap(({ n, t }) => {
      const end = this.ends.get(n);
      return end === undefined
        ? []
        : [
            { t, by: 1 },
            { t: end, by: -1 },
          ];
    });
    steps.sort((a, b) => a.t - b.t || a.by - b.by);
    /** @type {number[]} */
    const most = [];
    let inFlight = 0;
    for (const { t, by } of steps) {
      inFlight += by;
      const second = Math.max(0, Math.floor((t - from) / 1_000));
      most[second] = Math.max(most[second] ?? 0, inFlight);
    }
    return most;
  }
}
