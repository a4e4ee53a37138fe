/** Events in the order of their times; those of one time in the order they were put in. */

interface Event {
  at: number;
  order: number;
  act(): void;
}

export class Timeline {
  /** The epoch of every simulation. */
  now = 1_700_000_000_000;
  readonly #heap: Event[] = [];
  #order = 0;

  after(ms: number, act: () => void): void {
    this.at(this.now + Math.max(0, ms), act);
  }

  at(time: number, act: () => void): void {
    const heap = this.#heap;
    const event: Event = { at: Math.max(time, this.now), order: this.#order, act };
    this.#order += 1;
    let hole = heap.length;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = event;
  }

  /** Runs until nothing is left, `done` is true, or the time is over. */
  run(until: number, done: () => boolean): void {
    for (let event = this.#pop(); event !== null && !done(); event = this.#pop()) {
      if (event.at > until) return;
      this.now = event.at;
      event.act();
    }
  }

  #pop(): Event | null {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) return null;
    if (heap.length === 0) return top;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[hole] = heap[child]!;
      hole = child;
    }
    heap[hole] = last;
    return top;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
