/** Finds a `temporal` binary: named, on PATH, cached, downloaded, built; the first that works. */
import { accessSync, constants, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Config, plainEnvironment } from '../../config.js';
import { EXIT, SwarmError } from '../../core/errors.js';
import { proxyNames } from '../../core/proxy.js';
import { packageRoot } from '../../package-info.js';
import { buildTemporal } from './build.js';
import { cachedProgram, executable, lockCache } from './cache.js';
import { matchesKeptChecksum } from './checksum.js';
import { downloadTemporal } from './download.js';
import { downloadFetch } from './download-fetch.js';
import { CLI_VERSION, probeBinary } from './version.js';

export interface TemporalBinary {
  path: string;
  /** Such as `1.31.2`. */
  serverVersion: string;
}

export interface ResolveOptions {
  /** Told what each step found, a line each. */
  onProgress?: (line: string) => void;
  /** Its PATH is searched for `temporal` and `go`. Default the own environment without keys. */
  env?: Record<string, string>;
  /** Default one over the network, through the proxies of the configuration. */
  fetchUrl?: typeof fetch;
  /** Folder of the Go module. Default tools/temporal of this package. */
  moduleFolder?: string;
  /** Pause between lines of a long step, in ms. Default 5,000. */
  progressMs?: number;
  /** Ends a download or build that is under way. */
  signal?: AbortSignal;
}

/** Of the module in tools/temporal. */
const CLI_PACKAGE = 'github.com/temporalio/cli/cmd/temporal';

function onPath(path: string | undefined): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, executable('temporal')))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * The first binary that works. Throws E_TEMPORAL_BINARY (exit 4), which names every step and what it said.
 * A download or build is done by one process at a time; the others wait and use it.
 */
export async function resolveTemporalBinary(
  config: Pick<Config, 'temporalBin' | 'cacheDir' | 'proxies'>,
  options: ResolveOptions = {},
): Promise<TemporalBinary> {
  const tell = options.onProgress ?? (() => undefined);
  const held: string[] = [];
  let quiet = true;
  /** A search that succeeds has nothing to tell: what it met is told once more is needed. */
  const say = (line: string) => (quiet ? void held.push(line) : tell(line));
  const env = options.env ?? plainEnvironment();
  const said: string[] = [];
  const failed = (step: string, why: string): null => {
    const line = `${step}: ${why}`;
    said.push(line);
    say(`temporal binary, ${line}`);
    return null;
  };
  const probe = async (step: string, path: string): Promise<TemporalBinary | null> => {
    const found = await probeBinary(path);
    if ('refused' in found) return failed(step, `${path} ${found.refused}`);
    if (!quiet) say(`temporal binary: ${path} (Server ${found.serverVersion})`);
    return { path, serverVersion: found.serverVersion };
  };
  const cached = cachedProgram(config);
  const probeCached = async (): Promise<TemporalBinary | null> => {
    if (await matchesKeptChecksum(cached)) return await probe('cache', cached);
    return failed('cache', `${cached} does not have its checksum any more`);
  };
  /** Fills the cache. */
  const obtain = async (step: string, work: () => Promise<void>): Promise<TemporalBinary | null> => {
    try {
      await work();
    } catch (error) {
      return failed(step, (error as Error).message);
    }
    const found = await probe(step, cached);
    if (found === null) rmSync(cached, { force: true });
    return found;
  };

  const named = config.temporalBin;
  if (named === null) failed('SWARM_TEMPORAL_BIN', 'not set');
  const searched = onPath(env['PATH']);
  const present =
    (named === null ? null : await probe('SWARM_TEMPORAL_BIN', named)) ??
    (searched === undefined ? failed('PATH', 'no temporal in it') : await probe('PATH', searched)) ??
    (await probeCached());
  if (present !== null) {
    // Somebody named a program, and another one is used.
    if (named !== null && present.path !== named) for (const line of held.filter((one) => one.includes(named))) tell(line);
    return present;
  }
  quiet = false;
  for (const line of held) tell(line);

  const lock = await lockCache(config, say, options);
  try {
    const made =
      // Another process may have made it while this one waited.
      (lock.waited ? await probeCached() : null) ??
      (await obtain('download', () =>
        downloadTemporal(cached, say, downloadFetch(config.proxies, options.signal, options.fetchUrl)),
      )) ??
      (await obtain('go build', () =>
        buildTemporal([{ goPackage: CLI_PACKAGE, path: cached }], {
          moduleFolder: options.moduleFolder ?? join(packageRoot, 'tools', 'temporal'),
          onProgress: say,
          env,
          ...(options.progressMs === undefined ? {} : { progressMs: options.progressMs }),
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        }),
      ));
    if (made !== null) return made;
  } finally {
    lock.release();
  }
  const proxies = proxyNames(config.proxies);
  if (proxies !== null) said.push(`downloads go through the proxy of ${proxies}`);
  throw new SwarmError(
    {
      code: 'E_TEMPORAL_BINARY',
      found: `no temporal binary works here; tried in this order:${said.map((line) => `\n    ${line}`).join('')}`,
      allowed: 'the Temporal CLI with Server 1.31 or newer',
      fix: `install the Temporal CLI ${CLI_VERSION} on PATH, set SWARM_TEMPORAL_BIN to it, or install Go 1.26 so that it can be built; or set TEMPORAL_ADDRESS to an existing cluster`,
    },
    EXIT.unreachable,
  );
}
