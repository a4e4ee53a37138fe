/** Homes, hosts and ports for the tests of the host; everything that was started is ended by its pid. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../../src/config.js';
import { homePaths } from '../../src/home.js';
import { freePorts } from '../../src/host/ports.js';
import { isProcessAlive as isAlive } from '../../src/store/process-alive.js';
import { until } from '../support/until.js';

export { isAlive, until };

/** Runs host-fixture.ts, compiled on the fly. */
export const FIXTURE: readonly string[] = ['--import', 'tsx', fileURLToPath(new URL('./host-fixture.ts', import.meta.url))];

const homes: string[] = [];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-host-'));
  homes.push(folder);
  return folder;
}

/** A configuration with its own home and ports that are free just now; the cache is the user's. */
export async function newConfig(changes: Partial<Config> = {}): Promise<Config> {
  const [port] = (await freePorts(1)) as [number];
  const folder = newFolder();
  // The UI's port is 1000 above, so keep clear of the end of the range.
  return {
    ...loadConfig({ ...process.env }, folder),
    home: join(folder, 'home'),
    temporalPort: port > 60_000 ? port - 5_000 : port,
    temporalBin: null,
    externalTemporal: false,
    ...changes,
  };
}

function pidIn(path: string): number | null {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { pid: number | null }).pid;
  } catch {
    return null;
  }
}

/** Ends what lives in the homes made by newConfig and removes them; all of them each time: a test past its limit may start a host yet. */
export async function endHomes(): Promise<void> {
  for (const folder of homes) {
    const paths = homePaths(join(folder, 'home'));
    for (const file of [paths.info, paths.temporalState]) {
      const pid = pidIn(file);
      if (pid === null || !isAlive(pid)) continue;
      process.kill(pid, 'SIGTERM');
      await until(`pid ${pid} ends`, () => !isAlive(pid));
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
