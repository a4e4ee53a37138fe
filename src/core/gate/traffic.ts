/** Calls sent and calls refused over the last seconds, by the time they were sent. */
import type { EpochMs } from '../model.js';

const BUCKET_MS = 10;
const BUCKETS = 512;

export class Traffic {
  readonly #sent = new Float64Array(BUCKETS);
  readonly #refused = new Float64Array(BUCKETS);
  #newest = 0;

  sent(at: EpochMs): void {
    this.#advance(at);
    this.#sent[this.#newest % BUCKETS] = (this.#sent[this.#newest % BUCKETS] as number) + 1;
  }

  refused(sentAt: EpochMs): void {
    const bucket = Math.floor(sentAt / BUCKET_MS);
    if (bucket <= this.#newest - BUCKETS) return;
    this.#refused[bucket % BUCKETS] = (this.#refused[bucket % BUCKETS] as number) + 1;
  }

  /** Sent from `from` on and before `to`, in whole buckets from there on, and not refused; at most the last 5 s. */
  accepted(from: EpochMs, to: EpochMs): number {
    let accepted = 0;
    const last = Math.min(this.#newest, Math.ceil(to / BUCKET_MS) - 1);
    for (let bucket = Math.max(0, Math.ceil(from / BUCKET_MS), this.#newest - BUCKETS + 1); bucket <= last; bucket += 1) {
      accepted += (this.#sent[bucket % BUCKETS] as number) - (this.#refused[bucket % BUCKETS] as number);
    }
    return accepted;
  }

  #advance(at: EpochMs): void {
    const bucket = Math.floor(at / BUCKET_MS);
    if (bucket <= this.#newest) return;
    for (let next = Math.max(this.#newest + 1, bucket - BUCKETS + 1); next <= bucket; next += 1) {
      this.#sent[next % BUCKETS] = 0;
      this.#refused[next % BUCKETS] = 0;
    }
    this.#newest = bucket;
  }
}
