/** A task that cannot be started, as one error. */
import { EXIT, type Problem, SwarmError } from '../core/errors.js';

const KEY_CODES: readonly string[] = ['E_KEY_MISSING', 'E_KEY_FORMAT'];

/** True when nothing but a key is wrong: all else is known then. */
export function onlyKeys(problems: readonly Problem[]): boolean {
  return problems.every(({ code }) => KEY_CODES.includes(code));
}

/** All problems of a task as one error: exit 5 when only keys are wrong, else 2. */
export function badTask(problems: readonly Problem[]): SwarmError {
  return new SwarmError(problems, onlyKeys(problems) ? EXIT.refused : EXIT.badInput);
}
