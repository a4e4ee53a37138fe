/**
 * How many tokens a call will take: prompt plus the answer to be expected. `max_tokens` is often far above real answers, so a
 * budget by it would leave most of the limit unused; what a call really took corrects the budget when it ends.
 */

/** Before anything was learned an answer is taken to be this long, or `max_tokens` when that is less. */
const FIRST_GUESS = 500;
/** Weight of a new answer in the mean, once there are as many. */
const MEMORY = 200;

export class TokenBudget {
  #answers = 0;
  #mean = 0;
  /** Mean of the distance from the mean. */
  #spread = 0;

  constructor(learned: number | null = null) {
    if (learned !== null) {
      this.#answers = 1;
      this.#mean = learned;
    }
  }

  /** Tokens of an answer to be expected; null before the first. */
  get expected(): number | null {
    return this.#answers === 0 ? null : Math.ceil(this.#mean);
  }

  /** Tokens that a call is charged with until it ends. The first answers count with a margin for how much they differ. */
  estimate(promptTokens: number, maxTokens: number): number {
    const margin = this.#spread / Math.sqrt(Math.max(1, this.#answers));
    const answer = this.#answers === 0 ? FIRST_GUESS : this.#mean + margin;
    return promptTokens + Math.min(maxTokens, Math.ceil(answer));
  }

  answered(outputTokens: number): void {
    this.#answers += 1;
    const weight = 1 / Math.min(this.#answers, MEMORY);
    const distance = Math.abs(outputTokens - this.#mean);
    this.#mean += weight * (outputTokens - this.#mean);
    this.#spread += weight * (distance - this.#spread);
  }
}
