/** The host's log: JSON lines in a file of limited size, without the values of API keys. */
import { type Logger, pino } from 'pino';
import type { Keyring } from './keyring.js';
import { RotatingFile } from './rotating-file.js';

export type HostLog = Logger;

/** `level`: of pino (trace, debug, info, warn, error, silent); an unknown one counts as info. */
export function openHostLog(path: string, level: string, keyring: Keyring): HostLog {
  const file = new RotatingFile(path);
  const known = level === 'silent' || level in pino.levels.values;
  return pino(
    { level: known ? level : 'info', base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => file.write(keyring.redact(line)) },
  );
}
