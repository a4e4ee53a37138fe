/** Finds the host of a home, starts it as a process when there is none, and stops it. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, hostEnvironment, hostSettings } from '../../config.js';
import { EXIT, SwarmError } from '../../core/errors.js';
import { toldDifferences } from '../../core/host-settings.js';
import { ensureHome, homePaths } from '../../home.js';
import type { HostInfo, HostRecord, HostStatus } from '../../host-protocol.js';
import { packageRoot } from '../../package-info.js';
import { diskFull, isDiskFull } from '../../store/free-space.js';
import { HostConnection } from './connection.js';
import { endOfHostLog, logSize } from './log.js';

export interface FindOrStartOptions {
  /** Told what the start does, a line each. */
  onProgress?: (line: string) => void;
  /** API keys by the name of their variable, handed over in memory. Default none. */
  keys?: Readonly<Record<string, string>>;
  /** No idle exit (`swarm start`). Default false. */
  keep?: boolean;
  /** Arguments of Node that run the host. Default the built programs/host.js of this package. */
  command?: readonly string[];
}

/** A host that is ready. */
export interface FoundHost {
  connection: HostConnection;
  info: HostInfo;
}

/** How long a holder of the lock may stay without answering on its socket, in ms. */
const SILENT_HOST_MS = 15_000;
/** A stopping host drains for 30 s, then its server stops. */
const STOPPING_HOST_MS = 60_000;
/** Between the end of its socket and that of the process a host only removes its file. */
const LEAVING_HOST_MS = 2_000;
/** Hosts that are killed one after the other while they start: then something kills them all. */
const MOST_KILLED = 6;
/** Pause between two looks at the socket, in ms. */
const LOOK_MS = 25;

/**
 * Left alone, V8 lets the heap of a busy host grow to hundreds of MB before it collects, because the machine has memory to spare.
 * A bound keeps it at half of that, at the same CPU time (`npm run bench`: memory host).
 */
const HEAP_MB = 512;
/**
 * Young generation of each of its threads. With V8's 16 MB each one takes longer to reach its size than a short run lasts, so a large run
 * looked as if it leaked: 311 MB after 24,000 rows against 258 MB, at the same CPU time a row.
 */
export const SEMI_SPACE_MB = 4;

/**
 * glibc gives each of the host's twenty threads a heap of its own to allocate from, and what one frees no other gets: they grow as a run goes
 * on. Two for all take 20 MB less of 260, at the same CPU time a row. Blocks above 128 kB get pages of their own, which are given back with
 * them; left alone glibc puts ever larger ones into its heaps (mallopt(3)), which then have holes: 15 to 20 MB less, at the same CPU time.
 * Other C libraries do not know the variables. The command has them from its first line (src/cli/main.ts).
 */
export const MEMORY_ENVIRONMENT = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' } as const;

const HOST_COMMAND: readonly string[] = [
  `--max-old-space-size=${HEAP_MB}`,
  `--max-semi-space-size=${SEMI_SPACE_MB}`,
  join(packageRoot, 'dist', 'programs', 'host.js'),
];

interface Starter {
  exit: { code: number | null; signal: string | null } | null;
  failure: Error | null;
}

function startProcess(config: Config, command: readonly string[], log: string): Starter {
  const output = openSync(log, 'a', 0o600);
  const starter: Starter = { exit: null, failure: null };
  try {
    // Its own process group: Ctrl-C in the starter's terminal must not reach it.
    const child = spawn(process.execPath, [...command], {
      detached: true,
      stdio: ['ignore', output, output],
      windowsHide: true,
      env: { ...MEMORY_ENVIRONMENT, ...hostEnvironment(config) },
    });
    child.once('exit', (code, signal) => {
      starter.exit = { code, signal };
    });
    child.once('error', (error) => {
      starter.failure = error;
    });
    child.unref();
  } finally {
    closeSync(output);
  }
  return starter;
}

/** `host.json` as its last host left it; null when there is none. The host may be dead: only the socket tells. */
export function readHostRecord(config: Pick<Config, 'home'>): HostRecord | null {
  try {
    return JSON.parse(readFileSync(homePaths(config.home).info, 'utf8')) as HostRecord;
  } catch {
    return null;
  }
}

function startError(config: Config, starter: Starter, log: string, from: number): SwarmError {
  if (isDiskFull(config.home)) return diskFull(config.home, 'the host ended while it was starting');
  const how = starter.failure?.message ?? starter.exit?.signal ?? `exit code ${starter.exit?.code}`;
  const lines = endOfHostLog(log, 8, from).map((line) => `\n    ${line}`);
  const said = lines.length === 0 ? 'it wrote no line' : `its last lines:${lines.join('')}`;
  return new SwarmError(
    {
      code: 'E_HOST_START',
      place: { file: log },
      found: `the host of ${config.home} ended while it was starting (${how}); ${said}`,
      fix: 'mend what the lines name and run the command again',
    },
    starter.exit?.code === EXIT.diskWrite ? EXIT.diskWrite : EXIT.unreachable,
    starter.failure === null ? undefined : { cause: starter.failure },
  );
}

function stoppedAmidStart(config: Config): SwarmError {
  return new SwarmError(
    {
      code: 'E_HOST_STOPPED',
      found: `the host of ${config.home} was stopped (swarm stop, or a signal) while it was starting`,
      fix: 'run the command again',
    },
    EXIT.unreachable,
  );
}

function isGone(error: unknown): boolean {
  return SwarmError.is(error) && error.code === 'E_HOST_GONE';
}

function silentError(config: Config): SwarmError {
  const pid = readHostRecord(config)?.pid;
  return new SwarmError(
    {
      code: 'E_HOST_SILENT',
      place: { file: homePaths(config.home).info },
      found: `a host${pid === undefined ? '' : ` (pid ${pid})`} holds ${config.home} but does not answer`,
      fix: pid === undefined ? 'end that process, then run the command again' : `end process ${pid}, then run the command again`,
    },
    EXIT.unreachable,
  );
}

/**
 * Returns the ready host of the home; starts one when none lives. Two starters at once get the same host. A start is
 * waited for as long as the host lives and says what it does (building the server takes minutes).
 *
 * What it took from another environment than this one's is told to `onProgress`, once, a line each.
 *
 * Throws E_HOME, E_HOST_VERSION, E_HOST_SETTINGS, E_HOST_START (with the end of its log), E_HOST_SILENT, and what the host itself failed
 * with (E_TEMPORAL_BINARY, E_TEMPORAL_UNREACHABLE and others).
 */
export async function findOrStartHost(config: Config, options: FindOrStartOptions = {}): Promise<HostInfo> {
  const { connection, info } = await connectToHost(config, options);
  connection.close();
  return info;
}

/** As findOrStartHost, and keeps the connection open for attach, keys and the like. The caller closes it. */
export async function connectToHost(config: Config, options: FindOrStartOptions = {}): Promise<FoundHost> {
  const { log, socket } = ensureHome(config.home);
  const onProgress = options.onProgress ?? (() => undefined);
  const settings = hostSettings(config);
  let starter: Starter | null = null;
  let logFrom = 0;
  let quietSince = performance.now();
  let stoppingSince: number | null = null;
  let killed = 0;
  for (;;) {
    const connection = await HostConnection.open(socket);
    if (connection !== null) {
      let keep = false;
      try {
        let starting = false;
        const onLine = (line: string) => {
          starting = true;
          onProgress(line);
        };
        const result = await connection.hello(settings, onLine, SILENT_HOST_MS);
        if (result.kind === 'ready') {
          if (options.keys !== undefined && Object.keys(options.keys).length > 0) await connection.keys(options.keys);
          if (options.keep === true) await connection.keep();
          keep = true;
          for (const line of toldDifferences(result.settings, settings, result.info.pid)) onProgress(line);
          return { connection, info: result.info };
        }
        if (result.kind === 'silent') throw silentError(config);
        // Somebody ends the very start that is waited for.
        if (result.kind === 'stopping' && starting && connection.toldToStop) throw stoppedAmidStart(config);
        if (result.kind === 'stopping') {
          if (stoppingSince === null) onProgress('waiting for the earlier host to stop');
          stoppingSince ??= performance.now();
          if (performance.now() - stoppingSince > STOPPING_HOST_MS) throw silentError(config);
          quietSince = performance.now();
        }
      } catch (error) {
        // It left (idle, stopped) between two answers: look again.
        if (!isGone(error)) throw error;
      } finally {
        if (!keep) connection.close();
      }
    }
    if (starter?.failure) throw startError(config, starter, log, logFrom);
    if (starter?.exit?.signal === 'SIGKILL' && killed < MOST_KILLED) {
      killed += 1;
      onProgress('the host was killed while it was starting: starting another one');
      quietSince = performance.now();
      starter = null;
      continue;
    }
    // Another one holds the lock: a host that is coming up, or one that is going down.
    const locked = starter?.exit?.code === EXIT.locked;
    if (starter?.exit && !locked) throw startError(config, starter, log, logFrom);
    if (connection === null && (starter === null || locked)) {
      if (performance.now() - quietSince > SILENT_HOST_MS) throw silentError(config);
      if (starter === null && killed === 0) onProgress(`starting the host of ${config.home}`);
      logFrom = logSize(log);
      starter = startProcess(config, options.command ?? HOST_COMMAND, log);
    }
    await sleep(LOOK_MS);
  }
}

/** What a running host says about itself; null when none lives. Starts nothing. */
export async function hostStatus(config: Pick<Config, 'home'>): Promise<HostStatus | null> {
  const connection = await HostConnection.open(homePaths(config.home).socket);
  if (connection === null) return null;
  try {
    return await connection.status();
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  } finally {
    connection.close();
  }
}

/** Ends the host of any version and waits until it is gone. False when none lives. Throws E_HOST_SILENT. */
export async function stopHost(config: Config): Promise<boolean> {
  const { socket } = homePaths(config.home);
  const connection = await HostConnection.open(socket);
  if (connection === null) return false;
  const pid = readHostRecord(config)?.pid;
  await connection.stop().catch((error: unknown) => {
    // It was leaving anyway.
    if (!isGone(error)) throw error;
  });
  const late = new AbortController();
  const inTime = await Promise.race([
    connection.closed.then(() => true),
    sleep(STOPPING_HOST_MS, false, { signal: late.signal }).catch(() => false),
  ]);
  late.abort();
  connection.close();
  if (!inTime) throw silentError(config);
  const end = performance.now() + LEAVING_HOST_MS;
  while (pid !== undefined && readHostRecord(config)?.pid === pid && performance.now() < end) await sleep(LOOK_MS);
  return true;
}
