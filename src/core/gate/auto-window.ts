/** How many calls in flight are worth it for runs with `workers: auto`: doubled as long as that brings more answers. */
import type { EpochMs } from '../model.js';

const FIRST = 16;
const MOST = 10_000;
const SHORTEST_MS = 250;
/** Time for answers after a growth, in answers' mean time. */
const ANSWER_TIMES = 1.25;
/** Doubling must bring at least this much more, else the provider is only slower. */
const WORTH = 1.15;
/** After that it stays for so long before it is tried again, so that it never freezes. */
const REST_MS = 15_000;
/** After the first limit signal it grows by this share. */
const STEP = 0.1;

export class AutoWindow {
  readonly #learned: number | null;
  size: number;
  #from: EpochMs | null = null;
  /** Answers to calls that were sent since. */
  #answers = 0;
  #totalMs = 0;
  #held = false;
  /** Size and answers per ms before the last growth. */
  #before: { size: number; perMs: number } | null = null;
  #restUntil: EpochMs = 0;
  #grown = false;

  constructor(learned: number | null) {
    this.#learned = learned;
    this.size = learned ?? FIRST;
  }

  /** What is worth remembering: null while it is as it began without any knowledge. */
  get found(): number | null {
    return this.#grown ? this.size : this.#learned;
  }

  answered(sentAt: EpochMs, now: EpochMs): void {
    if (this.#from === null || sentAt < this.#from) return;
    this.#answers += 1;
    this.#totalMs += now - sentAt;
  }

  /** A ticket waits because of it. */
  holds(): void {
    this.#held = true;
  }

  /** `answerMs`: mean time of an answer; `limited`: a limit signal came before, so there is little room left. */
  tick(now: EpochMs, answerMs: number, limited: boolean): void {
    // The first interval begins with the first calls: those that answer first are the quickest of them.
    this.#from ??= now;
    const due = now - this.#from >= Math.max(SHORTEST_MS, ANSWER_TIMES * answerMs);
    if (!due || this.#answers < this.size / 4) return;
    if (this.#held && now >= this.#restUntil) {
      this.#grown = true;
      this.#grow(limited, now);
    }
    this.#from = now;
    this.#answers = 0;
    this.#totalMs = 0;
    this.#held = false;
  }

  #grow(limited: boolean, now: EpochMs): void {
    // What is in flight over the time that one takes.
    const perMs = (this.size * this.#answers) / Math.max(1, this.#totalMs);
    const before = this.#before;
    if (before !== null && perMs < before.perMs * (limited ? 1 : WORTH)) {
      this.size = before.size;
      this.#before = null;
      this.#restUntil = now + REST_MS;
      return;
    }
    this.#before = { size: this.size, perMs };
    this.size = Math.min(MOST, limited ? Math.ceil(this.size * (1 + STEP)) : this.size * 2);
  }
}
