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
/** Fewer calls than that are nothing to compare with. */
const BASE_CALLS = 12;
/** A share that fell by this much did not stay the same. */
const UNLIKE = 2.5;
/** Weight of a new sample in a known floor. */
const MEMORY = 0.2;
/** What must be missing of the rate, in shares that were refused. */
const LESS = 0.8;
/** Standard deviations that a proven floor is taken to be higher. */
const CAUTION = 1.5;
/** How much less must pass in the end, in shares that were refused. */
const FALL = 1.5;
/** Standard deviations by which the newest sample may be better. */
const HELPED = 1.5;
const FORGET_BELOW = 0.002;

export class NoiseFloor {
  /** Share of calls that are refused whatever we send, 0..1. */
  share: number;
  /** The first sample, and what came after it at a lower rate. */
  #base: Sample | null = null;
  #firstLower: Sample | null = null;
  #lower: Pick<Sample, 'sent' | 'refused'> = { sent: 0, refused: 0 };

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
    const base = this.#base;
    if (base === null || base.sent < BASE_CALLS || unlike(base, sample) || unlike(this.#lower, sample)) {
      this.#base = sample;
      this.#lower = { sent: 0, refused: 0 };
      this.#firstLower = null;
      return false;
    }
    // The part that was refused is not sent any more: under a true limit the rest would pass.
    const baseShare = base.refused / base.sent;
    if (sample.sent / sample.ms > (base.sent / base.ms) * (1 - LESS * baseShare)) return false;
    const lower = { sent: this.#lower.sent + sample.sent, refused: this.#lower.refused + sample.refused };
    this.#lower = lower;
    this.#firstLower ??= sample;
    const share = lower.refused / lower.sent;
    if (lower.refused < PROOF || share > MOST) return false;
    // A limit lets as much pass as before; noise takes its share of whatever is sent.
    const passed = acceptedPerMs(sample);
    if (passed > acceptedPerMs(base) * (1 - FALL * share) || passed > acceptedPerMs(this.#firstLower) * (1 - share)) return false;
    // It did help: the newest sample, or all of them, show far fewer refusals.
    const expected = baseShare * sample.sent;
    if (share * UNLIKE < baseShare || sample.refused < expected - HELPED * Math.sqrt(expected)) return false;
    this.#base = null;
    // So few refusals may be fewer than they are in the long run; `learn` takes back what is too much.
    this.share = (lower.refused + CAUTION * Math.sqrt(lower.refused)) / lower.sent;
    return true;
  }
}

/** True when the two shares differ by more than chance: three standard deviations of what the first makes one expect. */
function unlike(known: Pick<Sample, 'sent' | 'refused'>, sample: Sample): boolean {
  if (known.sent === 0) return false;
  const expected = (known.refused / known.sent) * sample.sent;
  return Math.abs(sample.refused - expected) > 3 * Math.sqrt(Math.max(1, expected));
}

function acceptedPerMs({ sent, refused, ms }: Sample): number {
  return (sent - refused) / ms;
}
