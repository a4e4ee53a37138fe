/** Rows that were edited in their places. Outcomes go by place: one that stands in another place now is refused. */
import type { Seed } from '../schema/seed.js';
import type { RunRow } from '../store/port/store.js';
import { canonicalJson } from './fingerprint.js';
import { rowMoved } from './stage-refusals.js';

export function sameRow(a: Seed, b: Seed): boolean {
  return a.id === b.id && sameContent(a, b);
}

function sameContent(a: Seed, b: Seed): boolean {
  return canonicalJson(a.content) === canonicalJson(b.content);
}

export class RowEdits {
  /** As they are now, in their order. All are at hand before the first is stored: a refusal leaves the run as it was. */
  readonly seeds: Seed[] = [];
  readonly #run: RunRow;
  /** Ids that another row has the place of, and ids that came into a place, with their index. */
  readonly #gone = new Map<string, number>();
  readonly #come = new Map<string, number>();

  constructor(run: RunRow) {
    this.#run = run;
  }

  /** `was` and `now` have the same index. Throws E_SEEDS_CHANGED for rows that have moved. */
  edited(was: Seed, now: Seed): void {
    this.seeds.push(now);
    // The id alone: made from the content, it counts equal rows, and one of these was edited.
    if (was.id === now.id || sameContent(was, now)) return;
    this.#gone.set(was.id, was.index);
    this.#come.set(now.id, now.index);
    const from = this.#gone.get(now.id);
    if (from !== undefined) throw rowMoved(this.#run, now.id, { from, to: now.index });
    const to = this.#come.get(was.id);
    if (to !== undefined) throw rowMoved(this.#run, was.id, { from: was.index, to });
  }

  /** A row behind those of the run. Throws E_SEEDS_CHANGED for one that had another place. */
  added({ id, index }: Seed): void {
    const from = this.#gone.get(id);
    if (from !== undefined) throw rowMoved(this.#run, id, { from, to: index });
  }
}
