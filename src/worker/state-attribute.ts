/** Whether the namespace knows the search attribute SwarmState: a cluster may be older than it, or leave it to its operators. */

/** A cluster without it is asked again after this long, in ms: somebody may have registered it. */
const AGAIN_MS = 60_000;

export class StateAttribute {
  readonly #ask: () => Promise<boolean>;
  readonly #now: () => number;
  #answer: Promise<boolean> | null = null;
  #known = false;
  #askedAt = 0;

  /** `ask`: the namespace; a failure counts as no. */
  constructor(ask: () => Promise<boolean>, now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  has(): Promise<boolean> {
    const stale = !this.#known && this.#now() - this.#askedAt >= AGAIN_MS;
    if (this.#answer === null || stale) {
      this.#askedAt = this.#now();
      this.#answer = this.#ask()
        .catch(() => false)
        .then((known) => {
          this.#known = known;
          return known;
        });
    }
    return this.#answer;
  }
}
