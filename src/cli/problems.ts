/** How an error is told: problems on stderr and an exit code. No stack unless asked for. */
import { EXIT, formatProblem, isSystemFault, problemsOf, SwarmError } from '../core/errors.js';
import type { Session } from './session.js';

/** A problem with the command line itself. */
export function usageError(code: string, found: string, help: { allowed?: string; fix?: string } = {}): SwarmError {
  return new SwarmError({ code, found, ...help }, EXIT.badInput);
}

/** Tells of an error on stderr; returns the exit code. Anything but a SwarmError is our own mistake. */
export function reportError(session: Session, error: unknown, debug: boolean): number {
  if (SwarmError.is(error) || isSystemFault(error)) {
    for (const problem of problemsOf(error)) session.say(formatProblem(problem), 'bad');
  } else {
    session.say(`E_BUG: ${inOneLine(error) || 'an error without a message'}; this is a defect, rerun with --debug`, 'bad');
  }
  if (debug) {
    for (let at: unknown = error; at instanceof Error; at = at.cause) session.say(at.stack ?? at.message, 'dim');
  }
  if (SwarmError.is(error)) return error.exitCode;
  return isSystemFault(error) ? EXIT.diskWrite : EXIT.bug;
}

/** The message and those of its causes: a defect may not show again with --debug. */
function inOneLine(error: unknown): string {
  if (!(error instanceof Error)) return firstLine(String(error));
  const messages: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) messages.push(firstLine(at.message));
  return [...new Set(messages)].filter((message) => message !== '').join(': ');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
