/** Inputs of plain Temporal become runs in a store, or errors that whoever sent them can follow. */
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { ensureHome, homeId } from '../../src/home.js';
import { stageInput } from '../../src/runs/temporal-input.js';
import { openStore } from '../../src/store/open-store.js';
import type { Store } from '../../src/store/port/store.js';

let folder: string;
let store: Store;

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'swarm-stage-input-')));
  ensureHome(join(folder, 'home'));
  store = await openStore({ file: join(folder, 'store.db') });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function stage(input: unknown, workflowId = 'by-hand', env: Record<string, string> = {}) {
  const home = join(folder, 'home');
  const config = loadConfig({ SWARM_HOME: home, SWARM_TASK_ROOTS: folder, ...env });
  const { taskRoots, temporalInputs: inputs } = config;
  const ports = { store, home, homeId: homeId(home), homeCapUsd: null, readKey: (name: string) => env[name], taskRoots, inputs };
  return stageInput(ports, input as never, workflowId);
}

const prompts = ['one'];
const OPENAI = { SWARM_TEMPORAL_MODELS: 'openai/*', OPENAI_API_KEY: 'sk-long-enough-to-be-one' };

it('prompts for the simulated provider -> a run of their own folder, without a cap', async () => {
  const { run } = await stage({ prompts });
  expect(run).toMatchObject({ id: 'by-hand', origin: 'temporal', outputDir: join(folder, 'home', 'runs', 'by-hand') });
  expect((await store.control('by-hand')).capNano).toBeNull();
});

it.each(['..', '.', '../../x', '-rf'])('workflow id %j -> a folder inside of runs/', async (workflowId) => {
  const { run } = await stage({ prompts }, workflowId);
  expect(run.outputDir.startsWith(`${join(folder, 'home', 'runs')}/`)).toBe(true);
  expect(run.id).toMatch(/^[A-Za-z0-9_]/);
});

it('a model that costs -> under the cap of such runs; none set, or too low -> the variable is named', async () => {
  const input = { prompts, model: 'openai/gpt-4o-mini' };
  await expect(stage(input, 'a', OPENAI)).rejects.toThrow(/E_INPUT_REFUSED[\s\S]*export SWARM_TEMPORAL_MAX_COST=/);
  await expect(stage(input, 'b', { ...OPENAI, SWARM_TEMPORAL_MAX_COST: '0.0000001' })).rejects.toThrow(
    /E_CAP_TOO_SMALL[\s\S]*SWARM_TEMPORAL_MAX_COST is[\s\S]*raise SWARM_TEMPORAL_MAX_COST/,
  );
  const { run } = await stage(input, 'c', { ...OPENAI, SWARM_TEMPORAL_MAX_COST: '0.5' });
  expect((await store.control(run.id)).capNano).toBe(500_000_000);
});

it('the key is missing -> where it belongs', async () => {
  const env = { ...OPENAI, SWARM_TEMPORAL_MAX_COST: '1', OPENAI_API_KEY: '' };
  await expect(stage({ prompts, model: 'openai/gpt-4o-mini' }, 'a', env)).rejects.toThrow(
    /E_KEY_MISSING[\s\S]*where the host starts \(then swarm stop; swarm start\)/,
  );
});

it('off -> nothing is staged, whatever the input is', async () => {
  for (const input of [{ prompts }, { task: join(folder, 'task.yaml') }, null]) {
    await expect(stage(input, 'a', { SWARM_TEMPORAL_STARTS: 'off' })).rejects.toThrow(
      /E_INPUT_REFUSED[\s\S]*SWARM_TEMPORAL_STARTS/,
    );
  }
  expect(await store.runs({})).toEqual([]);
  expect(existsSync(join(folder, 'home', 'runs'))).toBe(false);
});

it('the same workflow id with other prompts, or a run of that name elsewhere -> another id is advised, not an option of the command', async () => {
  await stage({ prompts });
  await expect(stage({ prompts: ['two'] })).rejects.toThrow(/E_SEEDS_CHANGED[\s\S]*another --workflow-id/);
  writeFileSync(join(folder, 'rows.txt'), 'a\n');
  writeFileSync(
    join(folder, 'task.yaml'),
    'prompt_template: "{{seed}}"\nworker_model: sim/quick\nseeds_file: rows.txt\noutput_dir: out\n',
    {
      mode: 0o644,
    },
  );
  const error = await stage({ task: join(folder, 'task.yaml') }).catch((caught: unknown) => caught);
  expect(String(error)).toMatch(/E_RUN_EXISTS[\s\S]*another --workflow-id/);
  expect(String(error)).not.toMatch(/--fork|--fresh/);
});

it('total over a task that costs and has no cap -> refused; with a cap, or free -> taken', async () => {
  const file = join(folder, 'task.yaml');
  writeFileSync(join(folder, 'rows.txt'), 'a\n');
  const task = (name: string, more: string) =>
    writeFileSync(file, `prompt_template: "{{seed}}"\nseeds_file: rows.txt\noutput_dir: ${name}\n${more}`, { mode: 0o644 });
  const env = { OPENAI_API_KEY: 'sk-long-enough-to-be-one' };
  task('a', 'worker_model: openai/gpt-4o-mini\n');
  await expect(stage({ task: file, total: 1_000 }, 'a', env)).rejects.toThrow(/E_INPUT_REFUSED[\s\S]*add max_cost to the task/);
  expect((await stage({ task: file, limit: 1 }, 'b', env)).run.total).toBe(1);
  task('c', 'worker_model: openai/gpt-4o-mini\nmax_cost: 0.1\n');
  expect((await stage({ task: file, total: 3 }, 'c', env)).run.total).toBe(3);
  task('d', 'worker_model: sim/quick\n');
  expect((await stage({ task: file, total: 3 }, 'd')).run.total).toBe(3);
});

it('keys of a task -> told in the words of the input', async () => {
  const error = await stage({ prompts, model: 'gpt-4o-mini' }).catch((caught: unknown) => caught);
  expect(String(error)).toMatch(/E_TASK_MISSING: model "gpt-4o-mini" names no provider and apiBase is not given/);
});
