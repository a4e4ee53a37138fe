/**
 * Refusals that have nothing to do with load. A true limit shows hardly any once less is sent; where we send less and the share of
 * refusals stays, it is noise: then only what exceeds it is a sign of a limit.
 */

/** Counts of calls sent over a time, and how many of them were refused. */
export interface Sample {
  sent: number;
  refused: number;
  ms: number;
}

/** A larger share is never taken for noise. */
const MOST = 0.5;
/** Refusals at the lower rate that make it certain enough. */
const PROOF = 8;
/** Shares this far apart have different causes. */
const UNLIKE = 2;
/** Weight of a new sample in a known floor. */
const MEMORY = 0.2;
/** What must be missing of the rate, in shares that were refused. */
const LESS = 0.8;
const FORGET_BELOW = 0.002;

export class NoiseFloor {
  /** Share of calls that are refused whatever we send, 0..1. */
  share: number;
  #base: { perMs: number; share: number } | null = null;
  #sent = 0;
  #refused = 0;

  constructor(share = 0) {
    this.share = share;
  }

  /** True when so many refusals are more than the noise explains: three standard deviations, and at least two. */
  exceededBy({ sent, refused }: Sample): boolean {
    const expected = this.share * sent;
    return refused >= 2 && refused - expected > 3 * Math.sqrt(expected);
  }

  /** A sample without excess: the floor sinks towards it. Only proof raises it, else it would follow a limit up. */
  learn({ sent, refused }: Sample): void {
    this.share += MEMORY * Math.min(0, refused / Math.max(1, sent) - this.share);
    if (this.share < FORGET_BELOW) this.share = 0;
  }

  /** Starts over: more is sent again, so what follows is not to be compared with what was. */
  reset(): void {
    this.#base = null;
  }

  /** A sample that seems to call for a cut. True when it proves that cuts are of no use: `share` is then the noise. */
  proves(sample: Sample): boolean {
    const share = sample.refused / sample.sent;
    const perMs = sample.sent / sample.ms;
    const base = this.#base;
    if (base === null || share > base.share * UNLIKE || share < base.share / UNLIKE) {
      this.#base = { perMs, share };
      this.#sent = 0;
      this.#refused = 0;
      return false;
    }
    // The part that was refused is not sent any more: under a true limit the rest would pass.
    if (perMs > base.perMs * (1 - LESS * base.share)) return false;
    this.#sent += sample.sent;
    this.#refused += sample.refused;
    if (this.#refused < PROOF || this.#refused > MOST * this.#sent) return false;
    this.share = this.#refused / this.#sent;
    this.#base = null;
    return true;
  }
}
