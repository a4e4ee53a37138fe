/**
 * Refusals that have nothing to do with load. Under a true limit a cut or two end them for a while; where several cuts in a row bring
 * no quiet time, they are noise: then only what exceeds it is a sign of a limit.
 */

/** Counts of calls sent over a time, and how many of them were refused. */
export interface Sample {
  sent: number;
  refused: number;
  ms: number;
}

/** A larger share is never taken for noise. */
const MOST = 0.6;
/** Fewer calls have no share. */
const FEWEST = 15;
/** So many cuts in a row prove it, or so many that several refusals called for; and so many refusals around them. */
const CUTS = 8;
const STRONG_CUTS = 3;
const PROOF = 8;
/** What they must have taken, in shares that were refused: by one share a true limit would end. */
const SHARES_LESS = 2;
/** Calls without a refusal that end the row. */
const QUIET_CALLS = 40;
/** Standard deviations that a proven floor is taken to be higher. */
const CAUTION = 1.5;
/** Weight of a new sample in a known floor. */
const MEMORY = 0.1;
const FORGET_BELOW = 0.002;

export class NoiseFloor {
  /** Share of calls that are refused whatever we send, 0..1. */
  share: number;
  /** As it was proven: later samples move the share below it, else it would follow a limit up. */
  #proven: number;
  /** Since the first of the cuts that followed each other; `quiet`: calls since the last refusal. */
  #row = newRow();

  constructor(share = 0) {
    this.share = share;
    this.#proven = share;
  }

  /** True when so many refusals are more than the noise explains: three standard deviations, and at least two. */
  exceededBy({ sent, refused }: Sample): boolean {
    const expected = this.share * sent;
    return refused >= 2 && refused - expected > 3 * Math.sqrt(expected);
  }

  /** A sample without excess moves the floor. Returns what `passes` does. */
  learn(sample: Sample): boolean {
    const share = sample.refused / Math.max(1, sample.sent);
    this.share = Math.min(this.#proven, this.share + MEMORY * (share - this.share));
    if (this.share < FORGET_BELOW) this.share = 0;
    return this.passes(sample);
  }

  /** No cut came of this sample. True when a row of cuts is over by it. */
  passes({ sent, refused }: Sample): boolean {
    const row = this.#row;
    row.sent += sent;
    row.refused += refused;
    row.quiet = refused === 0 ? row.quiet + sent : 0;
    return row.quiet >= QUIET_CALLS && this.#ends();
  }

  /**
   * A sample that calls for a cut. True when it proves that cuts are of no use: `share` is then the noise. `level`: what the cuts so far
   * left of what may be sent, in any unit that stays the same.
   */
  proves({ sent, refused }: Sample, level: number): boolean {
    // Before its last refusal all were quiet, or so many are refused that it must be a limit.
    if ((refused === 1 && sent > QUIET_CALLS) || (refused > MOST * sent && sent >= FEWEST)) this.#ends();
    if (worse(this.#row, { sent, refused })) this.#ends();
    const row = this.#row;
    if (row.cuts === 0) row.level = level;
    row.cuts += 1;
    if (refused > 1) row.strong += 1;
    row.sent += sent;
    row.refused += refused;
    row.quiet = 0;
    const enough = row.cuts >= CUTS || row.strong >= STRONG_CUTS;
    if (!enough || row.refused < PROOF || level > row.level * (1 - (SHARES_LESS * row.refused) / row.sent)) return false;
    // So few refusals may be fewer than they are in the long run; `learn` takes back what is too much.
    this.share = Math.min(MOST, (row.refused + CAUTION * Math.sqrt(row.refused)) / row.sent);
    this.#proven = this.share;
    return this.#ends();
  }

  #ends(): true {
    this.#row = newRow();
    return true;
  }
}

function newRow() {
  return { cuts: 0, strong: 0, level: 0, sent: 0, refused: 0, quiet: 0 };
}

/** True when far more is refused than in the row so far. */
function worse(row: Pick<Sample, 'sent' | 'refused'>, { sent, refused }: Pick<Sample, 'sent' | 'refused'>): boolean {
  if (row.sent === 0) return false;
  const expected = (row.refused / row.sent) * sent;
  return refused > expected + 3 * Math.sqrt(expected) + 1;
}
