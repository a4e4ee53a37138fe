/** A disk that is full, and databases that are damaged: exit 7, nothing torn, and what was paid for is not paid for again. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { postgresMissing, startPostgres } from '../support/postgres.js';
import { killAndWait } from '../support/program.js';
import { type Provider, paidTwice } from '../support/provider.js';
import type { TaskFiles } from '../support/run-folder.js';
import { noSmallDisk, onSmallDisk } from '../support/small-disk.js';
import { CLI, endEvent, SwarmHome } from '../support/swarm-home.js';

const ROWS = 120;
const LIMIT_MS = 120_000;
const seeds = Array.from({ length: ROWS }, (_, index) => `Say something about number ${index}.`);
const why = noSmallDisk();
const noServer = postgresMissing();

let home: SwarmHome;
let provider: Provider;
const hosts: number[] = [];

beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '150']);
});
afterAll(async () => {
  for (const pid of hosts) await killAndWait(pid);
  await home.close();
});
beforeEach(() => provider.forget());

function task(name: string, keys: { output_dir?: string } = {}): TaskFiles {
  return home.task(name, { worker_model: 'm', worker_api_base: provider.url, workers: 8, batch_size: 25, ...keys }, seeds);
}

/** Runs `swarm run` on a disk that is filled after some calls, then once more with room. Returns what both said. */
async function fillInTheMiddle(name: string, env: NodeJS.ProcessEnv, files: TaskFiles): Promise<{ full: string; room: string }> {
  const disk = join(home.folder, `${name}-disk`);
  const said = join(home.folder, `${name}-said`);
  mkdirSync(disk, { recursive: true });
  mkdirSync(said);
  const script = `
    swarm() { ${JSON.stringify(process.execPath)} ${JSON.stringify(CLI)} "$@"; }
    trap 'swarm stop >/dev/null 2>&1' EXIT
    swarm run "$TASK" --json >"$SAID/1" 2>&1 & RUN=$!
    until [ "$(cat "$BOOK" 2>/dev/null | tail -c +$FROM | grep -c '"e":"call"')" -ge 20 ]; do kill -0 $RUN || break; sleep 0.05; done
    fill
    cp "$SWARM_HOME/host.json" "$SAID/host.json"
    wait $RUN; echo "first $?"
    empty
    swarm run "$TASK" --json >"$SAID/2" 2>&1; echo "second $?"
    cp -r "$OUT" "$SAID/out"
  `;
  const book = join(home.folder, 'provider-1.jsonl');
  const result = await onSmallDisk(disk, '32m', script, {
    cwd: home.folder,
    env: {
      ...home.env,
      ...env,
      TASK: files.path,
      SAID: said,
      BOOK: book,
      FROM: String((existsSync(book) ? readFileSync(book).length : 0) + 1),
      OUT: files.out.dir,
    },
    ms: LIMIT_MS,
  });
  if (existsSync(join(said, 'host.json')))
    hosts.push((JSON.parse(readFileSync(join(said, 'host.json'), 'utf8')) as { pid: number }).pid);
  const [full, room] = ['1', '2'].map((part) => readFileSync(join(said, part), 'utf8')) as [string, string];
  expect(result.text, `${full}\n${room}`).toMatch(/first 7\nsecond 0/);
  return { full, room };
}

function expectAllOnce(folder: string): void {
  const rows = readFileSync(join(folder, 'output.jsonl'), 'utf8').trimEnd().split('\n');
  expect(rows.map((line) => (JSON.parse(line) as { index: number }).index)).toEqual(seeds.map((_, index) => index));
  expect(provider.billed()).toHaveLength(ROWS);
  expect(paidTwice(provider.billed())).toEqual([]);
}

/** What a database of PostgreSQL says to writes from now on, also to those who are connected. */
async function takesWrites(database: string, allowed: boolean): Promise<void> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const { pathname } = new URL(database);
  await client.query('SET default_transaction_read_only = off');
  await client.query(`ALTER DATABASE ${pathname.slice(1)} SET default_transaction_read_only = ${allowed ? 'off' : 'on'}`);
  await client.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  await client.end();
}

it.skipIf(why !== null)(
  `full disk under the home -> exit 7 names folder and free space; with room again every row, none paid twice${why ? ` (skipped: ${why})` : ''}`,
  async () => {
    const files = task('full-home');
    const { full } = await fillInTheMiddle('full-home', { SWARM_HOME: join(home.folder, 'full-home-disk', 'home') }, files);
    expect(full).toMatch(/E_RUN_DISK|E_STORE_WRITE|E_DISK_FULL/);
    expect(full).toMatch(/bytes are free there/);
    expect(full).toContain('free space');
    expectAllOnce(join(home.folder, 'full-home-said', 'out'));
  },
  LIMIT_MS,
);

it.skipIf(why !== null)(
  `full disk under the output folder alone -> paused, exit 7, E_OUT_WRITE; with room again published, none paid twice${why ? ` (skipped: ${why})` : ''}`,
  async () => {
    const out = join(home.folder, 'full-out-disk', 'out');
    const files = task('full-out', { output_dir: out });
    const own = { SWARM_HOME: join(home.folder, 'full-out-home') };
    const { full } = await fillInTheMiddle(
      'full-out',
      { ...own, OUT: out },
      { ...files, out: Object.assign(files.out, { dir: out }) },
    );
    expect(endEvent({ stdout: full, stderr: '' })).toMatchObject({ state: 'paused', reason: 'disk', exit_code: 7 });
    expect(full).toMatch(/E_OUT_WRITE .*ENOSPC/);
    expectAllOnce(join(home.folder, 'full-out-said', 'out'));
  },
  LIMIT_MS,
);

it.skipIf(noServer !== null)(
  `PostgreSQL takes no writes in mid run -> paused, exit 7, E_STORE_WRITE; once it does, every row, none paid twice${noServer ? ` (skipped: ${noServer})` : ''}`,
  async () => {
    const server = await startPostgres();
    if (typeof server === 'string') throw new Error(server);
    const database = await server.database();
    const own = await SwarmHome.create({ SWARM_DATABASE_URL: database });
    try {
      const files = own.task('readonly', { worker_model: 'm', worker_api_base: provider.url, workers: 8, batch_size: 25 }, seeds);
      const run = own.swarm(['run', files.path, '--json']);
      await provider.untilBilled(30);
      await takesWrites(database, false);
      const stopped = await run.ended;
      expect(stopped.code, stopped.stderr).toBe(7);
      expect(stopped.stderr + stopped.stdout).toMatch(
        /E_STORE_WRITE .*PostgreSQL cannot store now: .*read-only transaction \(25006\)/,
      );
      await takesWrites(database, true);
      expect(endEvent(await own.run(['run', files.path, '--json']))).toMatchObject({ state: 'completed', ok: ROWS });
      expectAllOnce(files.out.dir);
    } finally {
      await own.close();
      await server.stop();
    }
  },
  LIMIT_MS,
);

it(
  "Temporal's database is garbage after a kill -> kept aside, a new one, the run goes on as its next epoch, none paid twice but those in flight",
  async () => {
    const files = task('garbage');
    const run = home.swarm(['run', files.path]);
    await provider.untilBilled(30);
    run.kill('SIGKILL');
    await home.killHost();
    const [database = ''] = readdirSync(home.home).filter((name) => /^temporal-.*\.db$/.test(name));
    for (const name of readdirSync(home.home))
      if (name.startsWith(database)) writeFileSync(join(home.home, name), 'garbage '.repeat(9_000));
    const ended = await home.run(['run', files.path, '--json']);
    expect(endEvent(ended)).toMatchObject({ state: 'completed', ok: ROWS });
    expect(ended.stderr).toMatch(/Temporal's database is damaged: kept as .*\.damaged-/);
    expect(readdirSync(home.home).some((name) => name.startsWith(`${database}.damaged-`))).toBe(true);
    const { epochs, doubtful_calls } = files.out.receipt();
    expect(epochs).toBe(2);
    expect(paidTwice(provider.billed()).length).toBeLessThanOrEqual(doubtful_calls.length);
  },
  LIMIT_MS,
);

it(
  'the store is garbage -> exit 7, E_STATE_LOST says what to do, nothing is written over',
  async () => {
    const files = task('lost');
    await home.run(['run', files.path]);
    await home.run(['stop']);
    const output = files.out.bytes();
    const store = join(home.home, 'store.db');
    const garbage = Buffer.from('no database '.repeat(9_000));
    for (const name of ['store.db', 'store.db-wal', 'store.db-shm'])
      if (existsSync(join(home.home, name))) writeFileSync(join(home.home, name), garbage);
    provider.forget();
    const refused = await home.run(['run', files.path], 7);
    expect(refused.stderr).toContain('E_STATE_LOST');
    expect(refused.stderr).toContain(store);
    expect(readFileSync(store).equals(garbage)).toBe(true);
    expect(files.out.bytes().equals(output)).toBe(true);
    expect(provider.calls()).toEqual([]);
  },
  LIMIT_MS,
);
