/** The only reader of the environment. Everything else gets a Config. */
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Config {
  /** Folder of this home: store, Temporal database, logs, socket. `SWARM_HOME`, default `$XDG_STATE_HOME/durable-swarm`. */
  home: string;
  /** Downloads and builds, shared by all homes. `$XDG_CACHE_HOME/durable-swarm`. */
  cacheDir: string;
  /** PostgreSQL address; null = the libsql file in the home. `SWARM_DATABASE_URL`. */
  databaseUrl: string | null;
  /** Path of a `temporal` binary to use before all others. `SWARM_TEMPORAL_BIN`. */
  temporalBin: string | null;
  /** First choice for the embedded server's port; the UI is 1000 above. `SWARM_TEMPORAL_PORT`, default 7233. */
  temporalPort: number;
  /** True when the user points at an existing cluster (TEMPORAL_ADDRESS, TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE): no server is spawned. */
  externalTemporal: boolean;
  /** Folders that a task named over Temporal or HTTP may lie under. `SWARM_TASK_ROOTS` (path list), default: the working directory. */
  taskRoots: string[];
  /** How long an idle host stays, in ms. `SWARM_IDLE_MS`, default 60,000. */
  idleMs: number;
  /** `SWARM_LOG_LEVEL`, default info. */
  logLevel: string;
  /** True under CI: no live view, no questions. */
  ci: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

function positiveInteger(text: string | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : fallback;
}

export function loadConfig(env: Env = process.env, cwd: string = process.cwd()): Config {
  const user = homedir() || tmpdir();
  const state = env['XDG_STATE_HOME'] || join(user, '.local', 'state');
  const cache = env['XDG_CACHE_HOME'] || join(user, '.cache');
  return {
    home: resolve(env['SWARM_HOME'] || join(state, 'durable-swarm')),
    cacheDir: resolve(join(cache, 'durable-swarm')),
    databaseUrl: env['SWARM_DATABASE_URL'] || null,
    temporalBin: env['SWARM_TEMPORAL_BIN'] || null,
    temporalPort: positiveInteger(env['SWARM_TEMPORAL_PORT'], 7233),
    externalTemporal: Boolean(env['TEMPORAL_ADDRESS'] || env['TEMPORAL_PROFILE'] || env['TEMPORAL_CONFIG_FILE']),
    taskRoots: (env['SWARM_TASK_ROOTS'] ?? cwd)
      .split(process.platform === 'win32' ? ';' : ':')
      .filter((path) => path !== '')
      .map((path) => resolve(cwd, path)),
    idleMs: positiveInteger(env['SWARM_IDLE_MS'], 60_000),
    logLevel: env['SWARM_LOG_LEVEL'] || 'info',
    ci: Boolean(env['CI']),
  };
}

/** Value of an API key by the name of its environment variable; undefined when unset or empty. */
export function readKey(name: string, env: Env = process.env): string | undefined {
  return env[name] || undefined;
}
