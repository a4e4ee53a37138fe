/** A throw-away PostgreSQL from an installed server: loopback, a free port, a temp folder, no fsync. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
const START_MS = 30_000;

/** Folder of the server's programs; null when none is installed. */
function findServer(): string | null {
  const { stdout, error } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  const named = error ? [] : [stdout.trim()];
  const packaged = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin')) : [];
  return (
    [...named, ...packaged].find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) ?? null
  );
}

/** PostgreSQL refuses to run as root; then it runs as one of these. */
function otherUser(): { uid: number; gid: number } | Record<string, never> {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const fields = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(fields?.[2]), gid: Number(fields?.[3]) };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilReady(url: string, server: ChildProcess, log: string[]): Promise<void> {
  for (const deadline = Date.now() + START_MS; ; await sleep(50)) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (cause) {
      if (server.exitCode !== null || Date.now() > deadline)
        throw new Error(`PostgreSQL did not start: ${log.join('')}`, { cause });
    }
  }
}

export interface TestPostgres {
  /** On the loopback address; the user is `swarm`, without a password. */
  port: number;
  /** Makes an empty database and returns its address. */
  database(): Promise<string>;
  /** kill -9 of the server, and after this long its start from what it left. */
  crash(downMs: number): Promise<void>;
  stop(): Promise<void>;
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const gone = new Promise((resolve) => server.once('exit', resolve));
  // SIGINT is PostgreSQL's fast shutdown.
  server.kill('SIGINT');
  await gone;
}

/** Why no server can be started here; null when one can. */
export function postgresMissing(): string | null {
  return findServer() === null ? 'no PostgreSQL server is installed (looked at pg_config and /usr/lib/postgresql)' : null;
}

/** Starts a server, with further settings such as `max_connections=300`; a text says why there is none to start. */
export async function startPostgres(more: readonly string[] = []): Promise<TestPostgres | string> {
  const programs = findServer();
  if (programs === null) return postgresMissing() as string;
  const folder = mkdtempSync(join(tmpdir(), 'swarm-postgres-'));
  const user = otherUser();
  if ('uid' in user) chownSync(folder, user.uid as number, user.gid as number);
  const data = join(folder, 'data');
  const options = { ...user, cwd: folder, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' } };
  await run(join(programs, 'initdb'), ['-D', data, '-U', 'swarm', '--auth=trust', '--no-sync', '-E', 'UTF8'], options);

  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'full_page_writes=off',
    ...more,
  ];
  const log: string[] = [];
  const start = (): ChildProcess => {
    const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
    const started = spawn(join(programs, 'postgres'), args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    started.stderr?.on('data', (chunk: Buffer) => log.push(chunk.toString()));
    return started;
  };
  let server = start();
  const stop = async () => {
    await stopServer(server);
    rmSync(folder, { recursive: true, force: true });
  };
  const address = (name: string) => `postgres://swarm@127.0.0.1:${port}/${name}`;
  try {
    await untilReady(address('postgres'), server, log);
  } catch (cause) {
    await stop();
    throw cause;
  }

  let made = 0;
  return {
    port,
    async database() {
      made += 1;
      const admin = new pg.Client({ connectionString: address('postgres') });
      await admin.connect();
      await admin.query(`CREATE DATABASE test_${made}`);
      await admin.end();
      return address(`test_${made}`);
    },
    async crash(downMs) {
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGKILL');
      await gone;
      await sleep(downMs);
      for (const until = Date.now() + START_MS; ; await sleep(100)) {
        server = start();
        try {
          return await untilReady(address('postgres'), server, log);
        } catch (cause) {
          // Its children hold the shared memory until they notice that it is gone.
          if (Date.now() > until) throw cause;
        }
      }
    },
    stop,
  };
}
