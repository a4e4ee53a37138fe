/** A prepared task and its rows become a run, or one error with all that is wrong. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SwarmError } from '../../src/core/errors.js';
import { prepareTask } from '../../src/runs/prepare.js';
import { stagePrepared } from '../../src/runs/stage.js';
import type { StartOptions } from '../../src/runs/start-options.js';
import { openStore } from '../../src/store/open-store.js';
import type { Store } from '../../src/store/port/store.js';
import { checkTask } from './checked.js';

let root: string;
let store: Store;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'swarm-stage-'));
  store = await openStore({ file: join(root, 'store.db') });
});
afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

const task = (more: object = {}) => ({
  prompt_template: 'Say {{seed}}',
  worker_model: 'sim/quick',
  worker_max_tokens: 10,
  output_dir: join(root, 'out'),
  ...more,
});

async function stage(source: object, options: StartOptions) {
  const prepared = await prepareTask(source, options, { readKey: () => undefined, homeCapUsd: null });
  return await stagePrepared(prepared, options, { store, home: root, homeId: 'a-home' });
}

async function refusal(source: object, options: StartOptions): Promise<SwarmError> {
  return (await stage(source, options).catch((error: unknown) => error)) as SwarmError;
}

const codes = ({ problems }: Pick<SwarmError, 'problems'>) => problems.map(({ code }) => code);
const long = 'long '.repeat(500);
/** USD 1 for a million tokens: a call of a long row costs $0.0026 and more, one of a short row $0.0003. */
const priced = { price: { input: 1, output: 1 } };

describe('stagePrepared', () => {
  it('a sound task -> a new run; again -> it goes on', async () => {
    const { kind, run } = await stage(task(), { seeds: ['a', 'b'] });
    expect([kind, run.total, run.origin, run.detached]).toEqual(['new', 2, 'library', true]);
    expect(await stage(task(), { seeds: ['a', 'b'], detached: false })).toMatchObject({
      kind: 'resumed',
      run: { id: run.id, detached: false },
    });
  });

  it('bad folder, bad rows and no key -> all of it in one error, as a check tells it; nothing is stored', async () => {
    const bad = task({ worker_model: 'openai/gpt-4o-mini', worker_api_key_env: 'NOBODY_SETS_THIS', output_dir: '/' });
    const options = { seeds: ['a', 7, null] as string[] };
    const error = await refusal(bad, options);
    expect([error.exitCode, codes(error)]).toEqual([2, ['E_OUT_DIR', 'E_KEY_MISSING', 'E_SEED_TYPE', 'E_SEED_TYPE']]);
    expect((await checkTask(bad, options)).problems).toEqual(error.problems);
    expect(await store.runs({})).toEqual([]);
  });

  it('nothing but a key is wrong -> exit 5', async () => {
    const keyed = task({ worker_model: 'openai/gpt-4o-mini', worker_api_key_env: 'NOBODY_SETS_THIS' });
    const error = await refusal(keyed, { seeds: ['a'] });
    expect([error.exitCode, codes(error)]).toEqual([5, ['E_KEY_MISSING']]);
  });

  it('rows that come only once -> are not read for a task that has a problem already', async () => {
    let read = 0;
    const rows = (async function* () {
      for (; ; read += 1) yield `row ${read}`;
    })();
    const unpriced = task({ worker_model: 'm', worker_api_base: 'http://127.0.0.1:9/v1', max_cost: 1 });
    expect(codes(await refusal(unpriced, { seeds: rows }))).toEqual(['E_PRICE_UNKNOWN']);
    expect(read).toBe(0);
  });

  it('a cap under the call of every row -> refused at the amount of the shortest, as a check does; no run is left', async () => {
    const capped = task({ max_cost: 0.001, ...priced });
    const error = await refusal(capped, { seeds: [`${long}${long}`, long] });
    expect([error.exitCode, codes(error)]).toEqual([2, ['E_CAP_TOO_SMALL']]);
    expect((await checkTask(capped, { seeds: [`${long}${long}`, long] })).problems).toEqual(error.problems);
    expect(await store.runs({})).toEqual([]);
    expect(existsSync(join(root, 'out', '.durable-swarm.json'))).toBe(false);
  });

  it('a cap that the call of one row keeps -> starts', async () => {
    expect((await stage(task({ max_cost: 0.001, ...priced }), { seeds: [long, 'short', long] })).run.total).toBe(3);
  });

  it('a run that ended without an answer, whoever starts the corrected rows -> they take its folder', async () => {
    const { run } = await stage(task(), { seeds: ['a', 'b'] });
    await store.updateRun(run.id, { state: 'cancelled', reason: 'cancelled', endedAt: 1 });
    expect(await stage(task(), { seeds: ['a', 'c'] })).toMatchObject({ kind: 'new' });
  });
});
