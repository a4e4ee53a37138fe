/** Every code that an error of durable-swarm may have: what it means and what to do. docs/errors.md is made from it. */
import { DOUBTS, ROW_FAILURES, STOPS, WAITS } from './calls.js';
import { COMMAND_LINE } from './command-line.js';
import type { CodeGroup } from './group.js';
import { ROWS } from './rows.js';
import { RUNS } from './runs.js';
import { STORE_AND_HOST } from './store-and-host.js';
import { TASK_FILE } from './task-file.js';

export const ERROR_GROUPS: readonly CodeGroup[] = [
  TASK_FILE,
  ROWS,
  STOPS,
  ROW_FAILURES,
  WAITS,
  DOUBTS,
  RUNS,
  STORE_AND_HOST,
  COMMAND_LINE,
];
