/** Seed indexes of a stretch of a later epoch's list of missing rows. */
import type { ActivityDeps } from './deps.js';

export interface ListItemsInput {
  run: string;
  epoch: number;
  from: number;
  to: number;
}

export function createListItems(deps: ActivityDeps) {
  return async function listItems(input: ListItemsInput): Promise<number[]> {
    return await deps.store.items(input.run, input.epoch, input.from, input.to);
  };
}
