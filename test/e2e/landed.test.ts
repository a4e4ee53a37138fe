/** A home that version 0.1.0 left, with a run of every kind, goes on with the code of today. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { taskFingerprint } from '../../src/intake/fingerprint.js';
import { exportRun } from '../../src/outputs/export.js';
import { buildReceipt } from '../../src/outputs/receipt.js';
import { verifyRun } from '../../src/outputs/verify.js';
import { openStore } from '../../src/store/open-store.js';
import { LANDED_NAMES, LANDED_RUNS, LandedHome, type LandedName, saidThen, storedTasks } from '../support/landed-home.js';
import { type Provider, type ProviderCall, paidTwice } from '../support/provider.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

let home: SwarmHome;
let provider: Provider;
let landed: LandedHome;
beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '20', '--answer-tokens', '12']);
  landed = new LandedHome(home, provider.url);
});
afterAll(() => home.close());

/** Billed calls of a run's rows, whose prompts are `before` and their text. */
function billedOf(name: LandedName, before: string): ProviderCall[] {
  const rows = landed.rows(name, before);
  return provider.billed().filter(({ row }) => rows.has(row));
}

/** Names and bytes of a run folder, without its marker, which says who works in it. */
function filesOf(name: LandedName): [string, string][] {
  const { dir } = landed.out(name);
  const names = existsSync(dir) ? readdirSync(dir).filter((file) => file !== '.durable-swarm.json') : [];
  return names.map((file) => [file, landed.out(name).bytes(file).toString()]);
}

async function addsUp(name: LandedName): Promise<void> {
  const { stdout } = await home.run(['receipt', LANDED_RUNS[name], '--verify']);
  expect(stdout).toMatch(/everything adds up/);
}

it('tasks of 0.1.0: fingerprint of today -> the stored one', () => {
  for (const { id, task, fingerprint } of storedTasks()) expect([id, taskFingerprint(task)]).toEqual([id, fingerprint]);
});

it('swarm runs: a store of 0.1.0 -> the same runs in the same states, counts and amounts', async () => {
  const told = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const now = told((await home.run(['runs', '--json'])).stdout);
  const then = told(saidThen('runs.json'));
  // The folder is another one, hints name the command of today, and the run that was cut was looked at while its lease held.
  const kept = ({ output_dir: _dir, message: _message, worked_ms: _worked, ...rest }: Record<string, unknown>) => rest;
  expect(now).toHaveLength(LANDED_NAMES.length);
  for (const [at, run] of then.entries()) expect(now[at]).toMatchObject(kept(run));
});

/** The apostrophe is only put with csv_guard since, for `'-5` is another value than `-5`; a lone CR stands in quotes as any line end does. */
function csvOfToday(then: string): string {
  return then.replace(/,'(?=[-+=@])/g, ',').replace(/,(a\rb),/, ',"$1",');
}

it('export: every run of 0.1.0 as jsonl, csv and json -> the same bytes, but for apostrophes and lone CRs in csv', async () => {
  const store = await openStore({ file: join(home.home, 'store.db') });
  try {
    for (const name of LANDED_NAMES) {
      for (const format of ['jsonl', 'csv', 'json'] as const) {
        const chunks: string[] = [];
        const write = (chunk: Buffer, _encoding: string, done: () => void) => {
          chunks.push(chunk.toString());
          done();
        };
        await exportRun(store, LANDED_RUNS[name], format, new Writable({ write }));
        const then = saidThen(`${name}.${format}`);
        const expected = format === 'csv' ? csvOfToday(then) : then;
        expect(chunks.join(''), `${name}.${format}`).toBe(expected);
        expect(expected === then, `${name}.${format}`).toBe(name !== 'odd' || format !== 'csv');
      }
    }
  } finally {
    await store.close();
  }
});

it('receipt: every run of 0.1.0 -> all that it said, and --verify finds no difference', async () => {
  const store = await openStore({ file: join(home.home, 'store.db') });
  try {
    for (const name of LANDED_NAMES) {
      const { at, versions, task_fingerprint: _task, ...then } = JSON.parse(saidThen(`${name}.receipt.json`));
      const now = await buildReceipt(store, LANDED_RUNS[name], { at, versions, files: then.files });
      expect(now, name).toMatchObject(then);
      expect((await verifyRun(store, LANDED_RUNS[name], versions)).differences, name).toEqual([]);
    }
  } finally {
    await store.close();
  }
});

it.each([
  ['story', 0],
  ['odd', 0],
  ['unpriced', 0],
  ['letters', 1],
] as const)('swarm run again: %s of 0.1.0 has ended -> answered without a call, its files as they are', async (name, code) => {
  const before = filesOf(name);
  const ended = await home.run(['run', landed.task(name), '--json'], code);
  expect(JSON.parse(ended.stdout.split('\n')[0] as string)).toMatchObject({ kind: 'finished', run: LANDED_RUNS[name] });
  expect(filesOf(name)).toEqual(before);
  expect([...billedOf('letters', 'Answer'), ...billedOf('unpriced', 'Say')]).toEqual([]);
});

it('swarm retry: failed rows of 0.1.0 -> done by one call each, the good ones as they were, sent as the first ones were', async () => {
  const out = landed.out('letters');
  const [rows, then, failed] = [out.ok(), out.bytes('transcripts.jsonl').toString().split('\n'), out.failed()];
  await home.run(['retry', LANDED_RUNS.letters, '--json']);
  const billed = billedOf('letters', 'Answer');
  expect([billed.length, paidTwice(billed)]).toEqual([failed.length, []]);
  expect(out.failed()).toEqual([]);
  expect(out.ok().map(({ index }) => index)).toEqual(Array.from({ length: 12 }, (_, index) => index));
  for (const row of rows) expect(out.ok()).toContainEqual(row);
  const now = out.bytes('transcripts.jsonl').toString().split('\n');
  for (const [index, line] of then.entries()) if (!failed.some((row) => row.index === index)) expect(now[index]).toBe(line);
  // 0.1.0 filled in the prompt alone.
  expect(now.filter((line) => line.includes('"Short answers about {{text}}."'))).toHaveLength(12);
  await addsUp('letters');
});

it('swarm resize: capped by 0.1.0 -> the rows that were left are done, each paid for once', async () => {
  const rows = landed.out('capped').ok();
  await home.run(['resize', LANDED_RUNS.capped, '--max-cost', '0.5']);
  await home.run(['watch', LANDED_RUNS.capped, '--json']);
  const out = landed.out('capped').ok();
  expect(out.map(({ index }) => index)).toEqual(Array.from({ length: 16 }, (_, index) => index));
  for (const row of rows) expect(out).toContainEqual(row);
  const billed = billedOf('capped', 'Name');
  expect([billed.length, paidTwice(billed)]).toEqual([16 - rows.length, []]);
  await addsUp('capped');
});

it('swarm resume: paused by 0.1.0 amid its conversations -> no turn is paid for twice, follow-ups are sent as they were', async () => {
  await home.run(['resume', LANDED_RUNS.paused]);
  await home.run(['watch', LANDED_RUNS.paused, '--json']);
  const out = landed.out('paused');
  expect(out.ok().map(({ index, turns }) => [index, turns])).toEqual(Array.from({ length: 6 }, (_, index) => [index, 3]));
  const { calls } = JSON.parse(saidThen('paused.status.json')) as { calls: number };
  const billed = billedOf('paused', 'Talk about');
  expect([billed.length, paidTwice(billed)]).toEqual([18 - calls, []]);
  expect(
    out
      .bytes('transcripts.jsonl')
      .toString()
      .match(/"Go on about \{\{text\}\}\."/g),
  ).toHaveLength(12);
  await addsUp('paused');
});

it('a detached run whose host was killed under 0.1.0 -> goes on by itself; the calls in flight are sent again and listed', async () => {
  const ended = await home.run(['watch', LANDED_RUNS.cut, '--json']);
  expect(endEvent(ended)).toMatchObject({ state: 'completed', ok: 8, failed: 0 });
  const { ok, in_flight: cut } = JSON.parse(saidThen('cut.status.json')) as { ok: number; in_flight: number };
  const billed = billedOf('cut', 'Tell');
  expect([billed.length, paidTwice(billed)]).toEqual([8 - ok, []]);
  expect(landed.out('cut').receipt().calls).toMatchObject({ answered: 8, doubtful: cut, open: 0 });
  await addsUp('cut');
});
