import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openStore, type StoreLocation } from '../../src/store/open-store.js';
import { PATIENCE } from '../support/patience.js';
import { answer, intentOf, NOW, newRun, outcomeOf, settlementOf, stagedRun, testDatabases, USAGE } from './databases.js';

vi.setConfig(PATIENCE);

const databases = await testDatabases();
afterAll(() => Promise.all(databases.map((database) => database.stop())));

interface Writing {
  acknowledged: Set<string>;
  /** Resolves after so many lines. */
  wrote(lines: number): Promise<void>;
  kill(): Promise<void>;
}

function startWriting(
  input: { location: StoreLocation; runId: string; from: number; step: number; callers: number },
  fileBlocks: number | null = null,
): Writing {
  const script = new URL('./writing-process.ts', import.meta.url).pathname;
  const node = [process.execPath, '--import', 'tsx', script, JSON.stringify(input)];
  // A limit on the size of files is the full disk that needs no rights.
  const limited = fileBlocks === null ? node : ['sh', '-c', `ulimit -f ${fileBlocks}; exec "$@"`, 'sh', ...node];
  const child: ChildProcess = spawn(limited[0]!, limited.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged = new Set<string>();
  const waiting: { lines: number; resolve: () => void }[] = [];
  const lines = createInterface({ input: child.stdout! });
  lines.on('line', (line) => {
    acknowledged.add(line);
    for (const each of waiting) if (acknowledged.size >= each.lines) each.resolve();
  });
  const gone = new Promise<void>((resolve) => lines.once('close', resolve));
  return {
    acknowledged,
    wrote: (count) => Promise.race([new Promise<void>((resolve) => waiting.push({ lines: count, resolve })), gone]),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

describe.each(databases)('durability on $name', ({ name, missing, place }) => {
  const test = it.skipIf(missing !== null);

  test('one bad write among many -> it alone fails', async () => {
    const store = await openStore(await place());
    await stagedRun(store, 'r', 20);
    const writes = Array.from({ length: 20 }, (_, index) => store.intend(intentOf(index === 7 ? 'nowhere' : 'r', index)));
    // A total that is no number is refused by the column, whatever the statement.
    const bad = store.finish('r', { ...outcomeOf(8), turns: null as never });
    const results = await Promise.allSettled([...writes, bad]);
    expect(results.map((result) => result.status === 'rejected')).toEqual(
      Array.from({ length: 21 }, (_, n) => n === 7 || n === 20),
    );
    expect(await store.totals('r')).toMatchObject({ open: 19, reservedNano: 1_900, seq: 0, ok: 0 });
    await store.close();
  });

  test('close: waits for queued writes; later ones are refused', async () => {
    const location = await place();
    const store = await openStore(location);
    await stagedRun(store, 'r', 100);
    const writes = Array.from({ length: 100 }, (_, index) => store.finish('r', outcomeOf(index)));
    await store.close();
    await Promise.all(writes);
    await expect(store.finish('r', outcomeOf(1))).rejects.toMatchObject({ code: 'E_STORE_CLOSED' });
    const again = await openStore(location);
    expect(await again.totals('r')).toMatchObject({ ok: 100, seq: 100 });
    await again.close();
  });

  test('two stores on one database write one run at once -> totals add up, the cap holds', async () => {
    const location = await place();
    const [one, two] = await Promise.all([openStore(location), openStore(location)]);
    await stagedRun(one, 'r', 60, 3_000);
    const staging = async () => {
      await two.createRun(newRun('other'));
      const seeds = Array.from({ length: 3_000 }, (_, index) => ({ index, id: `s${index}`, content: 'x'.repeat(200) }));
      await two.appendSeeds('other', seeds);
    };
    const writes = Array.from({ length: 60 }, async (_, index) => {
      const store = index % 2 ? one : two;
      const result = await store.intend(intentOf('r', index, { owner: index % 2 ? 'one' : 'two' }));
      if (result.kind === 'go') await store.settle(settlementOf('r', index, { costNano: 100, outcome: outcomeOf(index) }));
      return result.kind;
    });
    const [kinds] = await Promise.all([Promise.all(writes), staging()]);
    expect(kinds.filter((kind) => kind === 'go')).toHaveLength(30);
    expect(await two.totals('r')).toMatchObject({ ok: 30, seq: 30, calls: 30, settledNano: 3_000, reservedNano: 0, open: 0 });
    expect((await one.outcomesAfter('r', 0, 100)).map(({ seq }) => seq)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
    expect(await one.seeds('other', { from: 0, to: 3_000 })).toHaveLength(3_000);
    await Promise.all([one.close(), two.close()]);
  });

  test('two rivals for the same turns -> each turn goes once', async () => {
    const location = await place();
    const [one, two] = await Promise.all([openStore(location), openStore(location)]);
    await stagedRun(one, 'r', 20);
    for (const id of ['one', 'two']) await one.beat({ id, home: `/${id}`, pid: 1 }, NOW + 1_000);
    const both = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        Promise.all([one.intend(intentOf('r', index, { owner: 'one' })), two.intend(intentOf('r', index, { owner: 'two' }))]),
      ),
    );
    for (const pair of both) expect(pair.map((result) => result.kind).sort()).toEqual(['elsewhere', 'go']);
    expect(await one.totals('r')).toMatchObject({ open: 20, reservedNano: 2_000 });
    await Promise.all([one.close(), two.close()]);
  });

  test('another process ends calls amid bursts of its maker -> each write sees the real state', async () => {
    const location = await place();
    const [maker, other] = await Promise.all([openStore(location), openStore(location)]);
    await stagedRun(maker, 'r', 30);
    for (const id of ['me', 'other']) await maker.beat({ id, home: `/${id}`, pid: 1 }, NOW + 1_000);
    const rows = Array.from({ length: 10 }, (_, index) => index);
    const intended = await Promise.all(rows.map((index) => maker.intend(intentOf('r', index))));
    expect(intended).toEqual(rows.map(() => ({ kind: 'go', attempt: 1 })));
    // Row 3 is refused and called again there, row 5 answered there.
    await other.refuse({ runId: 'r', index: 3, turn: 1, attempt: 1, kind: 'limited', code: 'E_CALL_RATE', at: NOW });
    expect(await other.intend(intentOf('r', 3, { owner: 'other' }))).toEqual({ kind: 'go', attempt: 2 });
    await other.settle(settlementOf('r', 5, { outcome: outcomeOf(5) }));
    const settled = rows.map((index) => maker.settle(settlementOf('r', index, { outcome: outcomeOf(index) })));
    const more = rows.map((index) => maker.intend(intentOf('r', 10 + index)));
    const twice = [3, 5, 12].map((index) => maker.intend(intentOf('r', index)));
    expect(await Promise.all(settled)).toEqual(rows.map((index) => (index === 3 ? 'late' : 'used')));
    expect(await Promise.all(more)).toEqual(rows.map(() => ({ kind: 'go', attempt: 1 })));
    const [third, fifth, twelfth] = await Promise.all(twice);
    expect([third, fifth, twelfth]).toEqual([
      { kind: 'elsewhere', owner: 'other' },
      { kind: 'answered' },
      { kind: 'elsewhere', owner: 'me' },
    ]);
    const totals = { ok: 9, seq: 9, calls: 9, limited: 1, open: 11, settledNano: 630, reservedNano: 1_100 };
    expect(await other.totals('r')).toMatchObject(totals);
    await Promise.all([maker.close(), other.close()]);
  });

  test('kill -9 of two processes in mid-writing -> nothing acknowledged is lost, totals add up', async () => {
    const location = await place();
    const store = await openStore(location);
    await stagedRun(store, 'r', 0);
    const processes = [0, 1].map((from) => startWriting({ location, runId: 'r', from, step: 2, callers: 16 }));
    await Promise.all(processes.map((each) => each.wrote(300)));
    await Promise.all(processes.map((each) => each.kill()));

    const calls = new Map((await store.calls('r', { from: 0, to: 1_000_000 })).map((call) => [call.index, call]));
    const answered = [...calls.values()].filter((call) => call.state === 'answered');
    const done = await store.done('r', { from: 0, to: 1_000_000 });
    const acknowledged = processes.flatMap((each) => [...each.acknowledged]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(600);
    for (const line of acknowledged) {
      const [what, index] = line.split(' ');
      expect(calls.has(Number(index)), line).toBe(true);
      if (what === 'settled') expect(calls.get(Number(index))?.answer, line).toBe(`answer ${index}`);
    }
    expect(done).toEqual(new Set(answered.map((call) => call.index)));
    const open = calls.size - answered.length;
    const settled = { ok: done.size, seq: done.size, calls: done.size, settledNano: 70 * done.size };
    expect(await store.totals('r')).toMatchObject({ ...settled, open, reservedNano: 100 * open });

    for (const from of [0, 1]) await store.endOwners(`/home/${from}`, 'next', NOW);
    expect(await store.totals('r')).toMatchObject({
      ...settled,
      open: 0,
      reservedNano: 0,
      doubtful: open,
      doubtfulNano: 100 * open,
    });
    await store.close();
  });

  it.skipIf(missing !== null || name !== 'libsql')(
    'disk full in mid-writing -> E_STORE_WRITE, nothing acknowledged is lost, the file is sound',
    async () => {
      const location = await place();
      const store = await openStore(location);
      await stagedRun(store, 'r', 0);
      const writing = startWriting({ location, runId: 'r', from: 0, step: 1, callers: 8 }, 1_000);
      await writing.wrote(Number.POSITIVE_INFINITY);
      const failures = [...writing.acknowledged].filter((line) => line.startsWith('failed'));
      expect(failures).toEqual(['failed E_STORE_WRITE 7']);
      const done = await store.done('r', { from: 0, to: 1_000_000 });
      for (const line of writing.acknowledged)
        if (line.startsWith('settled')) expect(done.has(Number(line.split(' ')[1])), line).toBe(true);
      expect(done.size).toBeGreaterThan(0);
      expect(await store.totals('r')).toMatchObject({ ok: done.size, seq: done.size });
      await store.finish('r', outcomeOf(2_000_000));
      await store.close();
    },
  );

  test('a database of a newer version -> E_STORE_VERSION', async () => {
    const location = await place();
    await (await openStore(location)).close();
    const insert = `INSERT INTO swarm_migrations (name, timestamp) VALUES ('9999-future', '2100')`;
    if ('file' in location) {
      const { default: Database } = await import('libsql');
      const database = new Database(location.file);
      database.exec(insert);
      database.close();
    } else {
      const { default: pg } = await import('pg');
      const client = new pg.Client({ connectionString: location.url });
      await client.connect();
      await client.query(insert);
      await client.end();
    }
    await expect(openStore(location)).rejects.toMatchObject({ code: 'E_STORE_VERSION', exitCode: 2 });
  });

  it.skipIf(missing !== null || name !== 'PostgreSQL')('connections cut by the server -> writes go on, each once', async () => {
    const location = (await place()) as { url: string };
    const store = await openStore(location);
    await stagedRun(store, 'r', 60);
    const { default: pg } = await import('pg');
    const admin = new pg.Client({ connectionString: location.url.replace(/\/[^/]*$/, '/postgres') });
    await admin.connect();
    const database = new URL(location.url).pathname.slice(1);
    for (let round = 0; round < 3; round++) {
      const rows = Array.from({ length: 20 }, (_, n) => round * 20 + n);
      const writes = Promise.all(rows.map((index) => answer(store, 'r', index, { outcome: outcomeOf(index) })));
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database]);
      await writes;
    }
    await admin.end();
    const usage = {
      input: USAGE.input * 60,
      cached: USAGE.cached * 60,
      output: USAGE.output * 60,
      reasoning: USAGE.reasoning * 60,
    };
    expect(await store.totals('r')).toMatchObject({ ok: 60, seq: 60, calls: 60, open: 0, reservedNano: 0, usage });
    await store.close();
  });
});

describe('store faults', () => {
  it('no server at the address -> E_STORE_UNREACHABLE, without the password', async () => {
    const opening = openStore({ url: 'postgres://user:hidden@127.0.0.1:9/none' });
    await expect(opening).rejects.toMatchObject({ code: 'E_STORE_UNREACHABLE', exitCode: 4 });
    await expect(opening).rejects.not.toThrow(/hidden/);
  });

  it('an address of something else -> E_STORE_URL, without its text', async () => {
    for (const url of ['mysql://user:hidden@host/db', 'hidden']) {
      const opening = openStore({ url });
      await expect(opening).rejects.toMatchObject({ code: 'E_STORE_URL', exitCode: 2 });
      await expect(opening).rejects.not.toThrow(/hidden/);
    }
  });

  it('a file that is no database -> E_STATE_LOST', async () => {
    await expect(openStore({ file: new URL(import.meta.url).pathname })).rejects.toMatchObject({
      code: 'E_STATE_LOST',
      exitCode: 7,
    });
  });
});
