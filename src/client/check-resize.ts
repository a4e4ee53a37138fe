/** What a resize may ask for. */
import { SwarmError } from '../core/errors.js';
import { RESIZE_LIMITS } from '../core/resize.js';
import type { ResizeOptions } from './api.js';

/** Throws E_CLI_VALUE. The control row is obeyed at once, so nothing may get there unchecked. */
export function checkResize(options: ResizeOptions): void {
  const { concurrency } = options;
  const bad = (name: string, value: number, allowed: string) =>
    new SwarmError({ code: 'E_CLI_VALUE', found: `${name} is ${value}`, allowed });
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0)) {
    throw bad('concurrency', concurrency, 'a whole number above 0');
  }
  for (const name of RESIZE_LIMITS) {
    const value = options[name];
    if (value !== undefined && value !== null && !(Number.isFinite(value) && value > 0)) {
      throw bad(name, value, 'a number above 0, or null for no limit');
    }
  }
}
