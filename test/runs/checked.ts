/** `checkTask` as tests ask it: keys of the environment, no cap of the home. */
import { type CheckFacts, type CheckReport, checkTask as checkTaskBy } from '../../src/runs/check.js';
import type { StartOptions } from '../../src/runs/start-options.js';

export function checkTask(
  source: string | object,
  options: StartOptions = {},
  facts: Partial<CheckFacts> = {},
): Promise<CheckReport> {
  return checkTaskBy(source, options, { readKey: (name) => process.env[name], homeCapUsd: null, ...facts });
}
