/** What a resize may ask for. */
import { SwarmError } from '../core/errors.js';
import { type ResizeOptions, resizeFault } from '../core/resize.js';

/** Throws E_CLI_VALUE. The control row is obeyed at once, so nothing may get there unchecked. */
export function checkResize(options: ResizeOptions): void {
  const fault = resizeFault(options);
  if (fault) throw new SwarmError({ code: 'E_CLI_VALUE', found: `${fault.key} is ${fault.value}`, allowed: fault.allowed });
}
