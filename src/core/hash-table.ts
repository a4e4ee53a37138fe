/**
 * 64-bit hashes to small numbers in flat arrays: 13 to 15 bytes an entry, where a Map of texts would take 100 and more. The table is in
 * parts that grow one at a time and by an eighth, so it never holds an old copy of itself beside the new one.
 */

/** The first bits of a hash name its part. With more parts the arrays of a million hashes were too small to be given back to the system. */
const PART_BITS = 4;
const SMALLEST = 16;
/** Above this share of used slots a part grows: searches stay at some fifty slots. */
const FULL = 0.9;
const GROWTH = 1.125;

class Part {
  #high = new Uint32Array(SMALLEST);
  #low = new Uint32Array(SMALLEST);
  /** 0: the slot is free. */
  #values = new Uint32Array(SMALLEST);
  #size = 0;

  get(high: number, low: number): number {
    return this.#values[this.#slot(high, low)] ?? 0;
  }

  /** True when the hash is new. */
  set(high: number, low: number, value: number): boolean {
    let slot = this.#slot(high, low);
    const isNew = this.#values[slot] === 0;
    if (isNew) {
      if (this.#size >= this.#values.length * FULL) {
        this.#grow();
        slot = this.#slot(high, low);
      }
      this.#size += 1;
    }
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#values[slot] = value;
    return isNew;
  }

  #slot(high: number, low: number): number {
    const slots = this.#values.length;
    let slot = Math.floor((low / 2 ** 32) * slots);
    while (this.#values[slot] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high))
      slot = slot + 1 === slots ? 0 : slot + 1;
    return slot;
  }

  #grow(): void {
    const [high, low, values] = [this.#high, this.#low, this.#values];
    const slots = Math.ceil(values.length * GROWTH);
    this.#high = new Uint32Array(slots);
    this.#low = new Uint32Array(slots);
    this.#values = new Uint32Array(slots);
    for (let from = 0; from < values.length; from += 1) {
      if (values[from] === 0) continue;
      const slot = this.#slot(high[from] ?? 0, low[from] ?? 0);
      this.#high[slot] = high[from] ?? 0;
      this.#low[slot] = low[from] ?? 0;
      this.#values[slot] = values[from] ?? 0;
    }
  }
}

export class HashTable {
  readonly #parts = new Map<number, Part>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The value of a hash, 0 when it has none. */
  get(high: number, low: number): number {
    return this.#parts.get(high >>> (32 - PART_BITS))?.get(high, low) ?? 0;
  }

  /** Sets the value of a hash: a whole number from 1 to 2^32 - 1. */
  set(high: number, low: number, value: number): void {
    const name = high >>> (32 - PART_BITS);
    let part = this.#parts.get(name);
    if (!part) {
      part = new Part();
      this.#parts.set(name, part);
    }
    if (part.set(high, low, value)) this.#size += 1;
  }
}

/** The halves of a hash that is written as 16 hex digits. */
export function halves(hex: string): [high: number, low: number] {
  return [Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8), 16)];
}
