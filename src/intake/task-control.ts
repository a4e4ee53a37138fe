/** The control row that a task asks for. Pure. */
import { capToNano } from '../core/money/price.js';
import { MOST_AUTO_CONCURRENCY } from '../core/slice-size.js';
import type { Task } from '../schema/task-types.js';
import type { Control } from '../store/port/store.js';

/** Keys of the file that a control row holds, and as what. */
export const CONTROL_KEYS: readonly (readonly [
  key: string,
  fields: readonly (keyof Omit<Control, 'startCap' | 'stop' | 'version'>)[],
])[] = [
  ['workers', ['concurrency', 'auto']],
  ['requests_per_minute', ['requestsPerMinute']],
  ['tokens_per_minute', ['tokensPerMinute']],
  ['max_cost', ['capNano']],
  ['max_cost_per_call', ['callCapNano']],
  ['max_cost_per_row', ['rowCapNano']],
  ['max_daily_cost', ['dayCapNano']],
];

export function controlOf(task: Task): Omit<Control, 'startCap' | 'stop' | 'version'> {
  return {
    paused: false,
    cancelled: false,
    concurrency: task.concurrency === 'auto' ? MOST_AUTO_CONCURRENCY : task.concurrency,
    auto: task.concurrency === 'auto',
    requestsPerMinute: task.requestsPerMinute,
    tokensPerMinute: task.tokensPerMinute,
    capNano: capToNano(task.maxCost),
    callCapNano: capToNano(task.maxCostPerCall),
    rowCapNano: capToNano(task.maxCostPerRow),
    dayCapNano: capToNano(task.maxDailyCost),
  };
}
