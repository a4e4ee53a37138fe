/** The same command again: a finished run costs nothing, a changed task or seeds file is refused, naming what changed. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Provider, paidTwice } from '../support/provider.js';
import { RunFolder, type TaskFiles } from '../support/run-folder.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const seeds = Array.from({ length: 12 }, (_, index) => `Colour number ${index}`);

let home: SwarmHome;
let provider: Provider;

beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '20']);
});
afterAll(() => home.close());
beforeEach(() => provider.forget());

function task(
  name: string,
  keys: { prompt_template?: string; workers?: number } = {},
  rows: readonly string[] = seeds,
): TaskFiles {
  return home.task(name, { worker_model: 'm', worker_api_base: provider.url, ...keys }, rows);
}

it('a finished run, typed again -> the same bytes, exit 0, no call', async () => {
  const files = task('again');
  await home.run(['run', files.path]);
  const first = files.out.bytes();
  provider.forget();
  const ended = await home.run(['run', files.path, '--json']);
  expect(endEvent(ended)).toMatchObject({ state: 'completed', ok: seeds.length });
  expect(ended.stdout).toContain('"kind":"finished"');
  expect(provider.calls()).toEqual([]);
  expect(files.out.bytes().equals(first)).toBe(true);
});

it('a changed key -> exit 2, E_OUT_MISMATCH names it; an operational key may change', async () => {
  const files = task('key');
  await home.run(['run', files.path]);
  const first = files.out.bytes();
  provider.forget();
  task('key', { prompt_template: 'Again: {{seed}}' });
  const refused = await home.run(['run', files.path], 2);
  expect(refused.stderr).toContain('E_OUT_MISMATCH');
  expect(refused.stderr).toContain('prompt_template');
  task('key', { workers: 3 });
  await home.run(['run', files.path]);
  expect(provider.calls()).toEqual([]);
  expect(files.out.bytes().equals(first)).toBe(true);
});

it('a changed row -> exit 2, E_SEEDS_CHANGED names it; rows added or taken away are named too', async () => {
  const files = task('row');
  await home.run(['run', files.path]);
  provider.forget();
  const changed = [...seeds];
  changed[4] = 'Another colour';
  task('row', {}, changed);
  const refused = await home.run(['run', files.path], 2);
  expect(refused.stderr).toContain('E_SEEDS_CHANGED');
  expect(refused.stderr).toMatch(/row 5\b/);
  for (const rows of [[...seeds, 'One more'], seeds.slice(0, -1)]) {
    task('row', {}, rows);
    expect((await home.run(['run', files.path], 2)).stderr).toContain('E_SEEDS_CHANGED');
  }
  expect(provider.calls()).toEqual([]);
});

it('--fork -> a new folder, the old one untouched; --fresh -> the same folder anew', async () => {
  const files = task('fork');
  await home.run(['run', files.path]);
  const first = files.out.bytes();
  provider.forget();
  task('fork', { prompt_template: 'Tell me: {{seed}}' });
  const forked = endEvent(await home.run(['run', files.path, '--fork', '--json']));
  expect(forked.output_dir).not.toBe(files.out.dir);
  expect(new RunFolder(forked.output_dir).ok()).toHaveLength(seeds.length);
  expect(files.out.bytes().equals(first)).toBe(true);
  expect(provider.billed()).toHaveLength(seeds.length);

  provider.forget();
  const fresh = endEvent(await home.run(['run', files.path, '--fresh', '--json']));
  expect(fresh.output_dir).toBe(files.out.dir);
  expect(files.out.bytes().equals(new RunFolder(forked.output_dir).bytes())).toBe(true);
  expect(provider.billed()).toHaveLength(seeds.length);
});

it('--limit 5, then all rows -> the same run, only the rest is paid for', async () => {
  const files = task('limit');
  const limited = endEvent(await home.run(['run', files.path, '--limit', '5', '--json']));
  expect(limited).toMatchObject({ total: 5, ok: 5 });
  const all = endEvent(await home.run(['run', files.path, '--json']));
  expect(all).toMatchObject({ run: limited.run, total: seeds.length, ok: seeds.length });
  expect(provider.billed()).toHaveLength(seeds.length);
  expect(paidTwice(provider.billed())).toEqual([]);
  expect(files.out.ok().map(({ seed }) => seed)).toEqual(seeds);
});

it('a folder with files of somebody else -> refused, nothing is written over', async () => {
  const files = task('foreign');
  await home.run(['run', files.path]);
  const other = task('other-task', { prompt_template: 'Say {{seed}}' });
  expect((await home.run(['run', other.path, '--out', files.out.dir], 2)).stderr).toContain('E_OUT_MISMATCH');
  const own = task('own-files');
  await home.run(['run', own.path, '--out', `${home.folder}/mine`]);
  writeFileSync(`${home.folder}/own-files/output.jsonl`, 'precious\n');
  const refused = await home.run(['run', task('precious').path, '--out', `${home.folder}/own-files`], 2);
  expect(refused.stderr).toContain('E_OUT_DIR');
});

it('edited between a kill and the next start -> exit 2 names the change, no call; put back -> only the rest is paid for', async () => {
  const rows = Array.from({ length: 60 }, (_, index) => `Shade number ${index}`);
  const keys = { workers: 4 };
  const files = task('edited', keys, rows);
  const run = home.swarm(['run', files.path]);
  await provider.untilBilled(12);
  run.kill('SIGKILL');
  await home.killHost();
  const billed = await provider.billedInAll();
  task('edited', keys, [...rows.slice(0, 7), 'Another shade', ...rows.slice(8)]);
  expect((await home.run(['run', files.path], 2)).stderr).toMatch(/E_SEEDS_CHANGED[\s\S]*row 8\b/);
  task('edited', { ...keys, prompt_template: 'Again: {{seed}}' }, rows);
  expect((await home.run(['run', files.path], 2)).stderr).toMatch(/E_OUT_MISMATCH[\s\S]*prompt_template/);
  expect(provider.billed()).toHaveLength(billed);
  task('edited', keys, rows);
  expect(endEvent(await home.run(['run', files.path, '--json']))).toMatchObject({ state: 'completed', ok: rows.length });
  expect(paidTwice(provider.billed()).length).toBeLessThanOrEqual(files.out.receipt().doubtful_calls.length);
});

it('two homes start runs in one folder -> one goes on, the other ends with exit 6 and names the holder', async () => {
  const other = await SwarmHome.create();
  try {
    await Promise.all([home.run(['start']), other.run(['start'])]);
    const out = join(home.folder, 'shared-out');
    const rows = Array.from({ length: 60 }, (_, index) => `Tint number ${index}`);
    const keys = { worker_model: 'm', worker_api_base: provider.url, workers: 2, output_dir: out };
    const programs = [home, other].map((one) => one.swarm(['run', one.task('shared', keys, rows).path, '--json']));
    const ended = await Promise.all(programs.map((program) => program.ended));
    expect(ended.map(({ code }) => code).sort()).toEqual([0, 6]);
    const refused = ended.find(({ code }) => code === 6);
    expect(refused?.stderr).toMatch(/E_LOCKED[\s\S]*held by process \d+ since/);
    expect(new RunFolder(out).ok()).toHaveLength(rows.length);
    expect(provider.billed()).toHaveLength(rows.length);
  } finally {
    await other.close();
  }
});

it('five at once -> one makes the run, the others go on with it, each row is paid for once', async () => {
  const files = task('five');
  const all = await Promise.all(Array.from({ length: 5 }, () => home.run(['run', files.path, '--json'])));
  expect(new Set(all.map((ended) => endEvent(ended).run)).size).toBe(1);
  expect(all.filter(({ stdout }) => stdout.includes('"kind":"new"'))).toHaveLength(1);
  expect(provider.billed()).toHaveLength(seeds.length);
});

it('the output was deleted, then the folder was moved -> written again, and answered in its new place, without a call', async () => {
  const files = task('lost-output');
  await home.run(['run', files.path]);
  const first = files.out.bytes();
  provider.forget();
  rmSync(files.out.path('output.jsonl'));
  const again = await home.run(['run', files.path]);
  expect(again.stderr).toContain('output.jsonl of run');
  expect(files.out.bytes().equals(first)).toBe(true);
  const place = join(home.folder, 'moved-output');
  renameSync(join(home.folder, 'lost-output'), place);
  const moved = await home.run(['run', join(place, 'task.yaml'), '--json']);
  expect(endEvent(moved)).toMatchObject({ state: 'completed', output_dir: join(place, 'out') });
  expect(moved.stderr).toContain('was moved here');
  expect(provider.calls()).toEqual([]);
});
