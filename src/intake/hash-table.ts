/** 64-bit hashes to small numbers, in flat arrays: 12 bytes a slot, where a Map of texts would take 100 and more. */

export class HashTable {
  #high = new Uint32Array(1024);
  #low = new Uint32Array(1024);
  /** 0: the slot is free. */
  #values = new Uint32Array(1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The value of a hash, 0 when it has none. */
  get(high: number, low: number): number {
    return this.#values[this.#slot(high, low)] ?? 0;
  }

  /** Sets the value of a hash: a whole number from 1 to 2^32 - 1. */
  set(high: number, low: number, value: number): void {
    let slot = this.#slot(high, low);
    if (this.#values[slot] === 0) {
      if (this.#size >= this.#values.length * 0.6) {
        this.#grow();
        slot = this.#slot(high, low);
      }
      this.#size += 1;
    }
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#values[slot] = value;
  }

  #slot(high: number, low: number): number {
    const mask = this.#values.length - 1;
    let slot = low & mask;
    while (this.#values[slot] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high)) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [high, low, values] = [this.#high, this.#low, this.#values];
    this.#high = new Uint32Array(values.length * 2);
    this.#low = new Uint32Array(values.length * 2);
    this.#values = new Uint32Array(values.length * 2);
    for (let from = 0; from < values.length; from += 1) {
      if (values[from] === 0) continue;
      const slot = this.#slot(high[from] ?? 0, low[from] ?? 0);
      this.#high[slot] = high[from] ?? 0;
      this.#low[slot] = low[from] ?? 0;
      this.#values[slot] = values[from] ?? 0;
    }
  }
}
