import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { ModelList } from '../../src/core/model-list.js';
import { checkTask } from './checked.js';
import { seeds, smallTask } from './small-task.js';

const small = smallTask();
const { task } = small;

describe('checkTask', () => {
  it('three rows of one turn -> three calls, the longest answers, the worst cost', async () => {
    const report = await checkTask(task(), { seeds });
    expect(report).toMatchObject({ problems: [], rows: 3, calls: 3, outputTokens: 300 });
    expect(report.inputTokens).toBeGreaterThan(20);
    // $0.40 per 1M tokens of output alone.
    expect(report.worstCostUsd).toBeGreaterThan((300 * 0.4) / 1e6);
    expect(report.worstCostUsd).toBeLessThan(0.001);
  });

  it('four turns -> each sends the earlier ones again', async () => {
    const one = await checkTask(task(), { seeds });
    const four = await checkTask(task({ multi_turn: true, max_turns: 4 }), { seeds });
    expect(four).toMatchObject({ calls: 12, outputTokens: 1_200 });
    // 0 + 1 + 2 + 3 answers of 100 tokens for each of three rows.
    expect(four.inputTokens).toBeGreaterThan(4 * one.inputTokens + 3 * 600);
    expect(four.worstCostUsd).toBeGreaterThan(4 * (one.worstCostUsd ?? 0));
  });

  it('on_truncate: continue -> an answer may come in eight pieces', async () => {
    expect(await checkTask(task({ on_truncate: 'continue' }), { seeds })).toMatchObject({ calls: 24, outputTokens: 2_400 });
  });

  it('answers of a form -> a row may take its repairs as well; a schema counts as part of the prompt', async () => {
    const labels = { task_type: 'classification' as const, labels: ['a', 'b'] };
    expect(await checkTask(task(labels), { seeds })).toMatchObject({ problems: [], calls: 6 });
    expect(await checkTask(task({ ...labels, max_repairs: 0 }), { seeds })).toMatchObject({ calls: 3 });
    const plain = await checkTask(task(), { seeds });
    const output_schema = { type: 'object', description: 'x'.repeat(4_000) };
    const told = await checkTask(task({ output_schema, max_repairs: 0 }), { seeds });
    // In the system prompt and beside the messages.
    expect(told.worstCostUsd).toBeGreaterThan((plain.worstCostUsd ?? 0) + (3 * 8_000 * 0.1) / 1e6);
  });

  it('rows of a file -> what a start is spared; rows from code, rows with a problem -> nothing', async () => {
    // The files of this test were written long ago.
    vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ['Date'] });
    try {
      const [good, bad] = [join(small.root, 'good.jsonl'), join(small.root, 'bad.jsonl')];
      writeFileSync(good, '"one"\n"two"\n');
      writeFileSync(bad, '"one"\n5\n');
      const { seen } = await checkTask(task(), { seedsFile: good, limit: 2 });
      expect(seen).toMatchObject({ file: good, limit: 2, total: null, count: 2 });
      expect((await checkTask(task(), { seedsFile: bad })).seen).toBeNull();
      expect((await checkTask(task(), { seeds })).seen).toBeNull();
    } finally {
      vi.useRealTimers();
    }
  });

  it('limit and total -> the rows that would run', async () => {
    expect((await checkTask(task(), { seeds, limit: 2 })).rows).toBe(2);
    expect((await checkTask(task(), { seeds, total: 7 })).rows).toBe(7);
  });

  it('a model without a known price -> no cost, and said; with a cap -> a problem', async () => {
    const unknown = { worker_model: 'local-model', worker_api_base: 'http://127.0.0.1:9/v1' };
    const report = await checkTask(task(unknown), { seeds });
    expect(report.worstCostUsd).toBeNull();
    expect(report.notes.join('\n')).toContain('is not known');
    const capped = await checkTask(task({ ...unknown, max_cost: 1 }), { seeds });
    expect(capped.problems.map(({ code }) => code)).toEqual(['E_PRICE_UNKNOWN']);
    // Told once.
    expect(capped.notes.join('\n')).not.toContain('price');
    const home = await checkTask(task(unknown), { seeds }, { homeCapUsd: 1 });
    expect(home.problems.map(({ code }) => code)).toEqual(['E_PRICE_UNKNOWN']);
    const priced = await checkTask(task({ ...unknown, max_cost: 1, price: { input: 1, output: 2 } }), { seeds });
    expect(priced.problems).toEqual([]);
    expect(priced.worstCostUsd).toBeGreaterThan((300 * 2) / 1e6);
  });

  it('bad keys and bad rows -> all problems of their stage, nothing thrown', async () => {
    const bad = await checkTask(task({ worker_max_tokens: -1, wrokers: 4 }), { seeds });
    expect(bad.problems.map(({ code }) => code).sort()).toEqual(['E_TASK_RANGE', 'E_TASK_UNKNOWN_KEY']);
    const rows = await checkTask(task({ prompt_template: 'Say {{word}}' }), { seeds: [{ word: 'a' }, { text: 'b' }] });
    expect(rows.problems.length).toBeGreaterThan(0);
  });

  it('auto over many rows -> says what is assumed until calls were measured', async () => {
    const { notes } = await checkTask(task({ workers: 'auto', batch_size: 'auto' }), { seeds, total: 501 });
    expect(notes.join('\n')).toContain('starts with 16 calls in flight');
    expect(notes.join('\n')).toContain('goes by the time of the first calls');
  });

  it('auto over a few rows -> no note: any value would give the same', async () => {
    const { notes } = await checkTask(task({ workers: 'auto', batch_size: 'auto' }), { seeds });
    expect(notes).toEqual([]);
  });

  it('a key that is not set, for who only looks -> told, and all else is known', async () => {
    const keyed = task({ worker_model: 'openai/gpt-4o-mini', worker_api_key_env: 'A_KEY_THAT_NOBODY_HAS' });
    const report = await checkTask(keyed, { seeds });
    expect(report.problems.map(({ code }) => code)).toEqual(['E_KEY_MISSING']);
    expect(report.rows).toBe(seeds.length);
    expect(report.worstCostUsd).toBeGreaterThan(0);
    expect(report.estimate).not.toBeNull();
  });

  describe('the list of models of the endpoint', () => {
    const asks = (list: ModelList) => {
      const models = vi.fn(async () => list);
      return { models, facts: { models, readKey: () => 'k-0123456789' } };
    };
    const openai = (more: object = {}) => task({ worker_model: 'openai/gpt-5.1', price: { input: 1, output: 2 }, ...more });

    it('the model is there -> nothing is said', async () => {
      const { facts, models } = asks({ names: ['gpt-5.1'], more: false });
      const report = await checkTask(openai(), { seeds }, facts);
      expect(report).toMatchObject({ problems: [], modelCheck: { status: 'listed' } });
      expect(models.mock.calls).toEqual([[expect.objectContaining({ maxTokens: 100 }), 'k-0123456789']]);
    });

    it('it is not, and all that is served is -> E_MODEL_UNKNOWN at its line, with the nearest as they are written', async () => {
      const { facts } = asks({ names: ['gpt-5.2', 'gpt-4o', 'gpt-5.1-mini', 'whisper'], more: false });
      const { problems, notes } = await checkTask(openai(), { seeds }, facts);
      expect(problems).toEqual([
        {
          code: 'E_MODEL_UNKNOWN',
          place: expect.anything(),
          found: 'api.openai.com lists no model "gpt-5.1"',
          allowed: 'a model that it lists; the nearest: openai/gpt-5.1-mini, openai/gpt-5.2, openai/gpt-4o',
          fix: 'did you mean worker_model: openai/gpt-5.1-mini?',
        },
      ]);
      expect(notes).toEqual([]);
    });

    it('there is no list -> a note, and no problem', async () => {
      const { facts } = asks({ why: 'no answer within 5 s' });
      const report = await checkTask(openai(), { seeds }, facts);
      expect(report).toMatchObject({ problems: [], modelCheck: { status: 'unread', why: 'no answer within 5 s' } });
      expect(report.notes).toEqual([
        'the models of api.openai.com could not be listed, so nobody knows whether gpt-5.1 is one: no answer within 5 s',
      ]);
    });

    it('the task has a problem, its key is missing, or it is for the simulated provider -> nobody is asked', async () => {
      const { facts, models } = asks({ names: [], more: false });
      for (const bad of [
        openai({ worker_max_tokens: -1 }),
        openai({ prompt_template: '{{nothing}}' }),
        openai({ max_cost: 0.0000001 }),
      ])
        expect((await checkTask(bad, { seeds }, facts)).problems.length).toBeGreaterThan(0);
      await checkTask(openai(), { seeds }, { ...facts, readKey: () => undefined });
      await checkTask(task(), { seeds }, facts);
      await checkTask(task({ worker_model: 'sim/any', worker_api_base: 'http://127.0.0.1:9/v1' }), { seeds }, facts);
      expect(models).not.toHaveBeenCalled();
    });
  });
});
