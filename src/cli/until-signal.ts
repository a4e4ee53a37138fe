/** For commands that serve until they are told to stop. */
import type { ExitCode } from '../core/errors.js';
import type { Session } from './session.js';

/** Resolves at the first signal, with the exit code of that signal. A second one ends the command at once. */
export async function untilSignal({ interrupts }: Session): Promise<ExitCode | null> {
  await new Promise<void>((resolve) => {
    interrupts.hold(resolve);
  });
  return interrupts.exitCode;
}
