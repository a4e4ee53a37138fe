/** Whether the namespace knows the search attribute SwarmState: a cluster may be older than it, or leave it to its operators. */

/** A cluster without it is asked again after this long, in ms: somebody may have registered it. */
const AGAIN_MS = 60_000;
/** One that did not answer, as a busy one may not, in ms. */
const AGAIN_UNHEARD_MS = 5_000;

export class StateAttribute {
  readonly #ask: () => Promise<boolean>;
  readonly #now: () => number;
  #answer: Promise<boolean> | null = null;
  #known = false;
  #againMs = AGAIN_MS;
  #askedAt = 0;

  /** `ask`: the namespace; a failure counts as no. */
  constructor(ask: () => Promise<boolean>, now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  has(): Promise<boolean> {
    const stale = !this.#known && this.#now() - this.#askedAt >= this.#againMs;
    if (this.#answer === null || stale) {
      this.#askedAt = this.#now();
      this.#answer = this.#ask()
        .then(
          (known) => ({ known, againMs: AGAIN_MS }),
          () => ({ known: false, againMs: AGAIN_UNHEARD_MS }),
        )
        .then(({ known, againMs }) => {
          this.#known = known;
          this.#againMs = againMs;
          return known;
        });
    }
    return this.#answer;
  }
}
