/**
 * A real Temporal cluster: PostgreSQL, the schema, the server, namespace and search attributes, by the scripts and settings of
 * docker-compose.yml. What differs from there is in `here` and `SHARDS`; all of it is on loopback and gone afterwards.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureClusterPrograms, ensureTemporalBinary } from '../../scripts/temporal.mjs';
import { plainEnvironment } from '../../src/config.js';
import { isListening, isPortFree, LOOPBACK } from '../../src/host/ports.js';
import { type Certificate, TestAuthority } from './certificates.js';
import { dynamicConfigFile, serviceCommand, serviceEnvironment } from './compose.js';
import { postgresMissing, startPostgres, type TestPostgres } from './postgres.js';

/** 512 of the compose file would take the two cores of a test machine for their own upkeep. */
const SHARDS = '4';
const READY_MS = 60_000;
const NAMESPACE_TRIES = 20;

/** Variables that let `swarm` and `temporal` reach the cluster. */
type ClientVariables = Record<string, string>;

interface Tls {
  client: Certificate;
  /** Signed by an authority that the server does not know. */
  stranger: Certificate;
  server: Certificate;
  ca: string;
}

async function makeTls(folder: string): Promise<Tls> {
  const [ours, theirs] = await Promise.all([TestAuthority.create(folder, 'ours'), TestAuthority.create(folder, 'theirs')]);
  const [client, server, stranger] = await Promise.all([ours.issue('client'), ours.issue('server'), theirs.issue('client')]);
  return { client, server, stranger, ca: ours.ca.cert };
}

export interface ClusterOptions {
  /** The frontend demands client certificates. Default false. */
  tls?: boolean;
}

export class TestCluster {
  readonly address: string;
  readonly tls: Tls | null;
  readonly #folder: string;
  readonly #postgres: TestPostgres;
  readonly #serverEnv: Record<string, string>;
  readonly #programs: { server: string };
  readonly #path: string;
  #server: ReturnType<typeof spawn> | null = null;

  private constructor(parts: {
    folder: string;
    postgres: TestPostgres;
    tls: Tls | null;
    ports: number[];
    server: string;
    path: string;
  }) {
    const { folder, postgres, tls, ports } = parts;
    this.#folder = folder;
    this.#postgres = postgres;
    this.tls = tls;
    this.#programs = { server: parts.server };
    this.#path = parts.path;
    const port = (at: number) => String(ports[at]);
    this.address = `${LOOPBACK}:${port(0)}`;
    const here = {
      DB_PORT: String(postgres.port),
      POSTGRES_SEEDS: LOOPBACK,
      NUM_HISTORY_SHARDS: SHARDS,
      BIND_ON_IP: LOOPBACK,
      DYNAMIC_CONFIG_FILE_PATH: join(folder, 'dynamic-config.yaml'),
      LOG_LEVEL: 'warn',
      ...{ FRONTEND_GRPC_PORT: port(0), FRONTEND_HTTP_PORT: port(1), FRONTEND_MEMBERSHIP_PORT: port(2) },
      ...{ MATCHING_GRPC_PORT: port(3), MATCHING_MEMBERSHIP_PORT: port(4) },
      ...{ HISTORY_GRPC_PORT: port(5), HISTORY_MEMBERSHIP_PORT: port(6) },
      ...{ WORKER_GRPC_PORT: port(7), WORKER_MEMBERSHIP_PORT: port(8) },
    };
    this.#serverEnv = { ...plainEnvironment(), ...serviceEnvironment('temporal'), ...here, ...tlsOfServer(tls) };
  }

  /** Null when a cluster can be made here, else what it lacks. */
  static missing(): string | null {
    const go = spawnSync('go', ['version'], { stdio: 'ignore' });
    if (go.error) return 'no go on PATH, which builds the Temporal server';
    return postgresMissing();
  }

  /** Builds the server's programs where they are not in the cache yet. */
  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const postgres = await startPostgres(maxConnections());
    if (typeof postgres === 'string') throw new Error(postgres);
    const folder = mkdtempSync(join(tmpdir(), 'swarm-cluster-'));
    let cluster: TestCluster | null = null;
    try {
      const [{ server, sqlTool }, cli] = [await ensureClusterPrograms(), await ensureTemporalBinary()];
      // Under the names that they have in the images.
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      symlinkSync(sqlTool, join(bin, 'temporal-sql-tool'));
      symlinkSync(cli, join(bin, 'temporal'));
      writeFileSync(join(folder, 'dynamic-config.yaml'), dynamicConfigFile());
      const tls = options.tls ? await makeTls(folder) : null;
      const path = [bin, process.env['PATH']].join(delimiter);
      cluster = new TestCluster({ folder, postgres, tls, ports: await lowPorts(9), server, path });
      await cluster.prepareDatabase();
      await cluster.startServer();
      await cluster.prepareNamespace();
      return cluster;
    } catch (error) {
      await (cluster?.stop() ?? postgres.stop());
      throw error;
    }
  }

  /** For the environment of `swarm` and `temporal`. */
  get env(): ClientVariables {
    return { TEMPORAL_ADDRESS: this.address, TEMPORAL_NAMESPACE: 'default', ...tlsOfClient(this.tls, this.tls?.client) };
  }

  /** With a certificate that the server refuses. */
  get strangerEnv(): ClientVariables {
    return { ...this.env, ...tlsOfClient(this.tls, this.tls?.stranger) };
  }

  /** An empty database for a store. */
  async storeUrl(): Promise<string> {
    return await this.#postgres.database();
  }

  /** The schema step of the compose file; may be done again at any time. */
  async prepareDatabase(): Promise<void> {
    await this.#step('temporal-schema', { SQL_HOST: LOOPBACK, SQL_PORT: String(this.#postgres.port) });
  }

  /** The namespace step of the compose file, again and again as its restart policy does. */
  async prepareNamespace(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#step('temporal-namespace', this.env);
        return;
      } catch (error) {
        if (tries === NAMESPACE_TRIES || this.#server?.exitCode !== null)
          throw new Error(`${(error as Error).message}\nserver:\n${this.#lastOfLog()}`);
        await sleep(500);
      }
    }
  }

  /** Runs `temporal ARGS` against the cluster; returns what it printed. Throws when it fails. */
  async temporal(args: readonly string[]): Promise<string> {
    return await runProgram('temporal', args, this.#clientEnv(this.env));
  }

  async startServer(): Promise<void> {
    const log = createWriteStream(this.serverLog, { flags: 'a' });
    const server = spawn(this.#programs.server, ['--allow-no-auth', 'start'], {
      env: this.#serverEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const output of [server.stdout, server.stderr]) output?.pipe(log, { end: false });
    this.#server = server;
    const port = Number(this.address.split(':')[1]);
    for (const until = Date.now() + READY_MS; !(await isListening(port)); await sleep(50)) {
      if (server.exitCode !== null || Date.now() > until) throw new Error(`the server did not start:\n${this.#lastOfLog()}`);
    }
  }

  /** SIGKILL, as a dying machine would do it. */
  async killServer(): Promise<void> {
    await this.#endServer('SIGKILL');
  }

  get serverLog(): string {
    return join(this.#folder, 'server.log');
  }

  async stop(): Promise<void> {
    await this.#endServer('SIGKILL');
    await this.#postgres.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #endServer(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await gone;
  }

  async #step(name: string, here: Record<string, string>): Promise<void> {
    const [program = '', ...args] = serviceCommand(name);
    await runProgram(program, args, this.#clientEnv({ ...serviceEnvironment(name), ...here }));
  }

  /** Nothing of the user's own Temporal settings. */
  #clientEnv(more: Record<string, string>): Record<string, string> {
    return { ...plainEnvironment(), PATH: this.#path, XDG_CONFIG_HOME: this.#folder, ...more };
  }

  #lastOfLog(): string {
    return readFileSync(this.serverLog, 'utf8').slice(-3_000);
  }
}

/** Free ports of two bytes with a sign: the server's table of its members holds no larger ones. */
async function lowPorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let port = 19_000 + Math.floor(Math.random() * 12_000); ports.length < count; port += 1) {
    if (port > 32_767) throw new Error('no free ports below 32768');
    if (await isPortFree(port)) ports.push(port);
  }
  return ports;
}

/** Settings of PostgreSQL that the compose file asks for. */
function maxConnections(): string[] {
  return serviceCommand('postgres').filter((part) => part.includes('='));
}

async function runProgram(program: string, args: readonly string[], env: Record<string, string>): Promise<string> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`${program} ${args.join(' ').slice(0, 200)}: exit ${code}\n${said.slice(-3_000)}`);
  return stdout;
}

/** As docs/operations.md has it: one certificate for the frontend and for the parts of the server among themselves. */
function tlsOfServer(tls: Tls | null): Record<string, string> {
  if (tls === null) return {};
  const { server, ca } = tls;
  return {
    TEMPORAL_TLS_REQUIRE_CLIENT_AUTH: 'true',
    ...{
      TEMPORAL_TLS_FRONTEND_CERT: server.cert,
      TEMPORAL_TLS_FRONTEND_KEY: server.key,
      TEMPORAL_TLS_FRONTEND_SERVER_NAME: 'localhost',
    },
    ...{ TEMPORAL_TLS_CLIENT1_CA_CERT: ca, TEMPORAL_TLS_CLIENT2_CA_CERT: ca },
    ...{ TEMPORAL_TLS_SERVER_CERT: server.cert, TEMPORAL_TLS_SERVER_KEY: server.key, TEMPORAL_TLS_SERVER_CA_CERT: ca },
    TEMPORAL_TLS_INTERNODE_SERVER_NAME: 'localhost',
  };
}

function tlsOfClient(tls: Tls | null, certificate: Certificate | undefined): Record<string, string> {
  if (tls === null || certificate === undefined) return {};
  return {
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: tls.ca,
    TEMPORAL_TLS_CLIENT_CERT_PATH: certificate.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: certificate.key,
  };
}
