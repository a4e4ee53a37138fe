/** Which Temporal CLI this package is made for, and whether a binary will do. */
import { execFile } from 'node:child_process';
import { plainEnvironment } from '../../config.js';

/** Release of the Temporal CLI that is downloaded or built; tools/temporal/go.mod names the same. */
export const CLI_VERSION = '1.8.2';

/** Older servers lack task priority and have another database schema. */
const OLDEST_SERVER = [1, 31] as const;

/** Cold, the binary takes a second or two; a program that answers later is not it. */
const ANSWER_MS = 20_000;

/**
 * Server version in the line of `temporal --version`, such as `temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)`.
 * Undefined when there is none.
 */
export function serverVersionIn(line: string): string | undefined {
  return /\bServer (\d+\.\d+\.\d+[^\s,)]*)/.exec(line)?.[1];
}

export function isServerNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor >= OLDEST_SERVER[1]);
}

/** The server version of a binary, or why it will not do. */
export async function probeBinary(path: string): Promise<{ serverVersion: string } | { refused: string }> {
  return await new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: ANSWER_MS, env: plainEnvironment(), windowsHide: true }, (error, stdout, stderr) => {
      const line = (stdout || stderr).trim().split('\n')[0] ?? '';
      if (error) {
        const code = (error as NodeJS.ErrnoException).code;
        return resolve({ refused: code === 'ENOENT' ? 'not there' : `does not run (${code ?? error.message})` });
      }
      const serverVersion = serverVersionIn(line);
      if (serverVersion === undefined) return resolve({ refused: `names no server version ("${line.slice(0, 80)}")` });
      if (!isServerNewEnough(serverVersion)) {
        return resolve({ refused: `is Server ${serverVersion}, at least ${OLDEST_SERVER.join('.')} is needed` });
      }
      resolve({ serverVersion });
    });
  });
}
