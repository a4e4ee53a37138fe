/** What ended the host, as a problem that its starter is told. */
import { EXIT, isSystemFault, SwarmError, systemFaultFix } from '../core/errors.js';
import { freeSpaceText } from '../store/free-space.js';

/** A SwarmError stays as it is; a fault of a file or disk becomes E_HOME (exit 7), anything else E_BUG. */
export function asProblem(error: unknown, home: string, log: string): SwarmError {
  if (SwarmError.is(error)) return error;
  return isSystemFault(error) ? homeFault(error, home) : asBug(error, log);
}

function homeFault(error: Error & { code: string }, home: string): SwarmError {
  const found = `the host cannot use its home: ${error.message}; ${freeSpaceText(home)}`;
  return new SwarmError({ code: 'E_HOME', place: { file: home }, found, fix: systemFaultFix(error) }, EXIT.diskWrite, {
    cause: error,
  });
}

function asBug(error: unknown, log: string): SwarmError {
  return new SwarmError(
    {
      code: 'E_BUG',
      place: { file: log },
      found: `the host failed: ${(error as Error)?.message ?? String(error)}`,
      fix: 'report it with that log',
    },
    EXIT.bug,
    { cause: error },
  );
}
