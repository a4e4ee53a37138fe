/** The options that decide which rows are done, where, and how: shared by `run` and `check`. */
import { resolve } from 'node:path';
import type { StartOptions } from '../runs/start-options.js';

export interface StartFlags {
  limit?: number;
  total?: number;
  seeds?: string;
  out?: string;
  maxCost?: number;
  concurrency?: number;
  batchSize?: number;
  allowConstantPrompt?: boolean;
  /** What becomes of the run of a task that was changed. */
  changed?: 'keep' | 'redo';
  fresh?: boolean;
  fork?: boolean;
  detach?: boolean;
}

/** Paths are relative to the working directory. */
export function startOptions(flags: StartFlags, cwd: string): StartOptions {
  const { limit, total, seeds, out, maxCost, concurrency, batchSize, allowConstantPrompt } = flags;
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(total === undefined ? {} : { total }),
    ...(seeds === undefined ? {} : { seedsFile: resolve(cwd, seeds) }),
    ...(out === undefined ? {} : { outputDir: resolve(cwd, out) }),
    ...(maxCost === undefined ? {} : { maxCost }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(batchSize === undefined ? {} : { sliceSize: batchSize }),
    ...(allowConstantPrompt === undefined ? {} : { allowConstantPrompt }),
    ifChanged: flags.fork ? 'fork' : flags.fresh ? 'fresh' : (flags.changed ?? 'refuse'),
    detached: flags.detach === true,
    origin: 'cli',
  };
}
