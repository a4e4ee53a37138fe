/** Ids of the rows at some positions of a phase, for the summaries of its children. */
import type { RowIdsInput } from '../../workflows/activity-messages.js';
import type { ActivityDeps } from '../deps.js';

export function createRowIds({ store }: Pick<ActivityDeps, 'store'>) {
  async function indexesOf({ run, epoch, source, positions }: RowIdsInput): Promise<number[]> {
    if (source === 'range') return positions;
    const stretches = await Promise.all(positions.map((at) => store.items(run, epoch, at, at + 1)));
    return stretches.flat();
  }

  /** In the order of the positions. */
  return async function rowIds(input: RowIdsInput): Promise<string[]> {
    const indexes = await indexesOf(input);
    const seeds = await store.seeds(input.run, { list: indexes });
    const ids = new Map(seeds.map(({ index, id }) => [index, id]));
    return indexes.map((index) => ids.get(index) ?? String(index));
  };
}
