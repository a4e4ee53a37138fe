/** Seed indexes of a stretch of a later epoch's list of missing rows. */
import type { ListItemsInput } from '../../workflows/activity-messages.js';
import type { ActivityDeps } from '../deps.js';

export function createListItems(deps: ActivityDeps) {
  return async function listItems(input: ListItemsInput): Promise<number[]> {
    return await deps.store.items(input.run, input.epoch, input.from, input.to);
  };
}
