/** A task as a starter gives it becomes one that may run, or tells its problems. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SwarmError } from '../../src/core/errors.js';
import { prepareTask } from '../../src/runs/prepare.js';
import { seeds, smallTask } from './small-task.js';

const small = smallTask();
const { task } = small;

describe('prepareTask', () => {
  const prepare = (source: object | string, options = {}, keys: Record<string, string> = {}) =>
    prepareTask(source, { seeds, ...options }, { readKey: (name) => keys[name], homeCapUsd: null });
  const refused = async (...args: Parameters<typeof prepare>) =>
    (await prepare(...args).catch((error: unknown) => error)) as SwarmError;

  it('overrides -> win over the file; nothing is written', async () => {
    const options = {
      maxCost: 2,
      concurrency: 9,
      sliceSize: 3,
      outputDir: join(small.root, 'elsewhere'),
      seedsFile: join(small.root, 'rows.txt'),
    };
    const { task: prepared } = await prepare(task({ workers: 2, max_cost: 1 }), options);
    expect(prepared).toMatchObject(options);
  });

  it.each([
    [{ maxCost: 0 }, 'E_CAP', 'maxCost is 0'],
    [{ maxCost: Number.NaN }, 'E_CAP', 'maxCost is NaN'],
    [{ concurrency: 1.5 }, 'E_TASK_RANGE', 'concurrency is 1.5'],
    [{ sliceSize: -3 }, 'E_TASK_RANGE', 'sliceSize is -3'],
  ])('override %o -> %s', async (options, code, found) => {
    const error = await refused(task(), options);
    expect([error.code, error.problems[0]?.found]).toEqual([code, found]);
  });

  it('several bad overrides -> all of them', async () => {
    expect((await refused(task(), { maxCost: -1, concurrency: 0 })).problems).toHaveLength(2);
  });

  it('a key that is not set -> a problem that names the variable and never a value; set -> the value', async () => {
    const keyed = task({ worker_model: 'openai/gpt-4o-mini', worker_api_key_env: 'MY_TEST_KEY' });
    const { problems, key } = await prepare(keyed);
    expect([problems.map(({ code }) => code), key]).toEqual([['E_KEY_MISSING'], null]);
    expect(problems[0]?.found).toContain('MY_TEST_KEY');
    expect((await prepare(keyed, {}, { MY_TEST_KEY: 'sk-test-0123456789abcdef' })).key).toBe('sk-test-0123456789abcdef');
  });

  it('a bad folder, an answer over the window and no key -> all of them', async () => {
    const bad = task({ worker_model: 'openai/gpt-4o-mini', worker_max_tokens: 900_000, output_dir: '/' });
    expect((await prepare(bad)).problems.map(({ code }) => code)).toEqual(['E_OUT_DIR', 'E_TASK_RANGE', 'E_KEY_MISSING']);
  });

  it('a task file -> its seeds file, read anew each time', async () => {
    const file = join(small.root, 'task.yaml');
    writeFileSync(join(small.root, 'words.txt'), 'a\nb\n');
    writeFileSync(file, 'prompt_template: "Say {{seed}}"\nworker_model: sim/quick\nseeds_file: words.txt\noutput_dir: ./o\n');
    const prepared = await prepareTask(file, {}, { readKey: () => undefined, homeCapUsd: null });
    expect(prepared.key).toBeNull();
    for (let time = 0; time < 2; time += 1) {
      const read: unknown[] = [];
      for await (const seed of prepared.rows()) read.push(seed.content);
      expect(read).toEqual(['a', 'b']);
    }
  });

  it('a constant template over many rows -> refused, unless it is meant', async () => {
    const constant = task({ prompt_template: 'Say something' });
    const drain = async (options: object) => {
      for await (const _ of (await prepare(constant, options)).rows());
    };
    await expect(drain({})).rejects.toThrow('no placeholder');
    await drain({ allowConstantPrompt: true });
  });
});
