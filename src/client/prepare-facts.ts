/** What this program and its home check a task against. */
import { type Config, readKey } from '../config.js';
import type { PrepareFacts } from '../runs/prepare.js';

export function prepareFacts({ maxDailyCost }: Pick<Config, 'maxDailyCost'>): PrepareFacts {
  return { readKey: (name) => readKey(name), homeCapUsd: maxDailyCost?.usd ?? null };
}
