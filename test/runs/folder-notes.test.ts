import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { notesOfFolder } from '../../src/client/check.js';
import type { SwarmError } from '../../src/core/errors.js';
import { ensureHome, homeId, storeLocation } from '../../src/home.js';
import { prepareTask } from '../../src/runs/prepare.js';
import { stagePrepared } from '../../src/runs/stage.js';
import { openStore } from '../../src/store/open-store.js';
import type { Store } from '../../src/store/port/store.js';
import { CONFIG } from '../cli/support/terminal.js';
import { checkTask } from './checked.js';

let folder: string;
let store: Store;
const task = () => join(folder, 'task.yaml');
const config = () => ({ ...CONFIG, home: join(folder, 'home') });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'swarm-says-'));
  ensureHome(config().home);
  store = await openStore(storeLocation(config()));
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function write(rows: string, prompt = 'Say {{seed}}'): void {
  writeFileSync(join(folder, 'rows.txt'), rows);
  writeFileSync(task(), `prompt_template: "${prompt}"\nworker_model: sim/quick\nseeds_file: rows.txt\noutput_dir: out\n`);
}

/** As `check` asks: the notes, or the code of what a run will throw. */
async function says(options = {}): Promise<string[] | string> {
  const report = await checkTask(task(), options);
  return await notesOfFolder(config(), task(), options, report).catch((error: SwarmError) => error.code);
}

it('check: no run yet, the same, changed rows, a changed prompt, a finished run -> what run will say, and nothing changes', async () => {
  write('a\nb\n');
  expect(await says()).toEqual([]);
  const prepared = await prepareTask(task(), {}, { readKey: () => undefined, homeCapUsd: null });
  const home = { store, home: config().home, homeId: homeId(config().home) };
  const { run } = await stagePrepared(prepared, { origin: 'cli' }, home);
  expect(await says()).toEqual([`run ${run.id} is resumed`]);
  expect(await says({ maxCost: 3 })).toContain(`run ${run.id} takes over the changed max_cost`);
  write('a\nX\n');
  expect(await says()).toBe('E_SEEDS_CHANGED');
  expect(await says({ ifChanged: 'fork' })).toEqual([]);
  expect(await says({ ifChanged: 'fresh' })).toEqual([]);
  write('a\nb\nc\n');
  expect(await says()).toBe('E_SEEDS_CHANGED');
  write('a\nb\n', 'Tell {{seed}}');
  expect(await says()).toBe('E_OUT_MISMATCH');
  expect(await says({ ifChanged: 'keep' })).toEqual([
    `run ${run.id} takes over the changed prompt_template: 0 rows are done and stay, 2 rows go on with it`,
    `run ${run.id} is resumed`,
  ]);
  write('a\nX\n', 'Tell {{seed}}');
  expect(await says({ ifChanged: 'keep' })).toBe('E_SEEDS_CHANGED');
  expect(await says({ ifChanged: 'redo' })).toEqual([
    `run ${run.id} takes over the changed prompt_template and 1 changed row: 0 rows that were done are done anew, 0 stay, 2 are left`,
    `run ${run.id} is resumed`,
  ]);
  expect((await store.seeds(run.id, { from: 0, to: 2 })).map(({ content }) => content)).toEqual(['a', 'b']);
  write('a\nb\n', 'Tell {{seed}}');
  await store.updateRun(run.id, { state: 'running' });
  expect(await says({ ifChanged: 'keep' })).toBe('E_LOCKED');
  await store.updateRun(run.id, { state: 'staged' });
  write('a\nb\n');
  const before = await store.run(run.id);
  await store.updateRun(run.id, { state: 'completed', endedAt: 1, publishedAt: 1 });
  expect(await says()).toEqual([expect.stringMatching(/^output\.jsonl.* written again, no call is made$/)]);
  for (const name of ['output.jsonl', 'failed.jsonl', 'receipt.json']) writeFileSync(join(run.outputDir, name), '{}');
  expect(await says()).toEqual([`run ${run.id} has done these rows: it is answered without a call`]);
  expect(await store.runs()).toHaveLength(1);
  expect((await store.run(run.id))?.task).toEqual(before?.task);
});
