/** Watchers of runs in this process, so that closing a run ends its own at once: Temporal tells an activity of a cancel within seconds. */
export class Watches {
  readonly #ends = new Map<string, Set<AbortController>>();

  /** Until `forget`; `end` aborts the signal. */
  watch(runId: string, epoch: number): { ended: AbortSignal; forget(): void } {
    const key = `${runId}/e${epoch}`;
    const end = new AbortController();
    const all = this.#ends.get(key) ?? new Set();
    this.#ends.set(key, all.add(end));
    return {
      ended: end.signal,
      forget: () => {
        all.delete(end);
        if (all.size === 0) this.#ends.delete(key);
      },
    };
  }

  end(runId: string, epoch: number): void {
    for (const end of this.#ends.get(`${runId}/e${epoch}`) ?? []) end.abort();
  }
}
