/** The embedded server's command line. Each setting is here for a measured or sourced reason. */
import { LOOPBACK, type Place } from '../ports.js';

export interface ServerPorts {
  /** gRPC frontend. */
  port: number;
  /** Where the server's own Web UI listens, behind ours; null: it has none. */
  ui: Place | null;
  /** Answers to its own Host alone (`frontend.httpAllowedHosts`). */
  httpPort: number;
  /** Answers anybody, and cannot be closed: one that no browser connects to. */
  metricsPort: number;
}

/** Search attributes of our workflows; all of them Keyword. */
export const SEARCH_ATTRIBUTES = ['SwarmRun', 'SwarmModel', 'SwarmPhase', 'SwarmState'] as const;

export const EMBEDDED_NAMESPACE = 'default';

/** Finished workflows stay this long: a run that ended on Friday can still be looked at on Monday. The store keeps everything anyway. */
export const RETENTION_HOURS = 72;

/**
 * Dynamic configuration by key that is right for every server, also in docker-compose.yml (test/host/compose.test.ts compares them).
 * Defaults named here are those of Server 1.31.
 */
export const DYNAMIC_CONFIG = {
  // Default 20 a second per shard: each task of a workflow would wait up to 50 ms (one activity on one shard: 150 ms, with this 32 ms).
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 2000,
  // Defaults 1,200 to 3,000 a second; slices at full speed come near them.
  'matching.rps': 20_000,
  'history.rps': 50_000,
  'frontend.rps': 20_000,
  'frontend.namespaceRPS': 20_000,
  // Long polls at a time, default 1,200: every queue of every worker process holds some.
  'frontend.namespaceCount': 10_000,
  // With one partition a queue's rate is exact; with the default 4 each gets a quarter of it.
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
} as const;

function embeddedConfig(ports: ServerPorts): Record<string, unknown> {
  return {
    ...DYNAMIC_CONFIG,
    // Added to the 10 s that a workflow's task waits for a worker that died with it, by default 5 s after the third death in a row, doubled
    // with each one up to 10 minutes. It is meant for workflows that fail; hosts that are killed must not make a run wait for minutes.
    'history.workflowTaskRetryMaxInterval': '1s',
    // Workflows stay in this cache for an hour after their end, by default 8,096 of them: memory would grow with the rows of a run. More
    // than are under way at a time are of no use.
    'history.hostLevelCacheMaxSize': 384,
    // What was written last is kept for other clusters, by default 8 MB that take three times as much: it grew for the first 300,000 rows of
    // a run. There is no other cluster; this is the least that the server takes.
    'history.xdcCacheMaxSizeBytes': 65_536,
    // Tasks of each kind under way at a time, by default 512: their goroutines' stacks grow one by one over the first minutes, to 15 MB in
    // all. The database has one connection, so more than a few dozen only wait for it.
    'history.transferProcessorSchedulerWorkerCount': 32,
    'history.timerProcessorSchedulerWorkerCount': 32,
    'history.visibilityProcessorSchedulerWorkerCount': 32,
    // 512 and 128 by default, for tasks of other clusters.
    'history.ReplicationProcessorSchedulerWorkerCount': 1,
    'history.ReplicationLowPriorityProcessorSchedulerWorkerCount': 1,
    // The HTTP API takes any Host header by default: a web page could reach it by DNS rebinding.
    'frontend.httpAllowedHosts': [`${LOOPBACK}:${ports.httpPort}`, `localhost:${ports.httpPort}`],
  };
}

/**
 * Go collects when the heap is a quarter larger than what lives in it, by default when it is twice as large: the server has reached its size
 * after a few thousand rows then, and is a fifth smaller, at the same CPU time a row.
 */
export const SERVER_ENVIRONMENT = { GOGC: '25' } as const;

/**
 * Arguments of `temporal` for a server on loopback over one database file. `databaseFile` is a name in its working folder: the server
 * reads it as a part of an URL, where the path of a home may have signs that mean something (`#`, `?`, `%`).
 */
export function serverArguments(ports: ServerPorts, databaseFile: string): string[] {
  return [
    ...['server', 'start-dev', '--namespace', EMBEDDED_NAMESPACE],
    ...['--ip', LOOPBACK, '--port', String(ports.port)],
    ...(ports.ui === null
      ? ['--headless']
      : ['--ui-ip', ports.ui.address, '--ui-port', String(ports.ui.port), '--ui-disable-news-fetch']),
    ...['--http-port', String(ports.httpPort), '--metrics-port', String(ports.metricsPort)],
    ...['--db-filename', databaseFile, '--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
    // Settings of the user's client must not reach this server.
    ...['--disable-config-env', '--disable-config-file', '--color', 'never', '--log-level', 'warn', '--log-format', 'json'],
    // Only heeded when the database is new; namespace.ts sees to the rest.
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...Object.entries(embeddedConfig(ports)).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];
}

/** Database file of a home. Its schema is made once and never migrated, so each server version has its own; the store survives all. */
export function databaseFileName(serverVersion: string): string {
  return `temporal-${serverVersion.replaceAll(/[^\w.-]/g, '_')}.db`;
}
