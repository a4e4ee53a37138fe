import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readUsageExport } from '../../src/intake/usage-export.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'swarm-export-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
async function read(text: string, models = ['m-1'], price: number | null = 7) {
  files += 1;
  const path = join(folder, `export-${files}`);
  writeFileSync(path, text);
  return await readUsageExport(path, models, () => price);
}

const AT = Date.UTC(2026, 10, 21, 10, 30, 0);

describe('readUsageExport', () => {
  it("OpenRouter's activity as CSV -> requests with their cost", async () => {
    const header =
      'generation_id,created_at,cost_total,tokens_prompt,tokens_completion,tokens_cached,tokens_reasoning,model_permaslug';
    const text = `${header}\ngen-1,2026-11-21 10:30:00.000,0.000123,40,12,8,3,maker/m-1-20260101\ngen-2,2026-11-21 10:31:00,0.1,1,1,0,0,maker/other\n`;
    expect(await read(text)).toEqual({
      lines: [
        {
          line: 1,
          callId: null,
          at: AT,
          model: 'maker/m-1-20260101',
          costNano: 123_000,
          usage: { input: 40, cached: 8, output: 12, reasoning: 3 },
        },
      ],
      buckets: [],
      ignored: 1,
    });
  });

  it("OpenAI's usage API, pages as they come -> totals", async () => {
    const bucket = {
      object: 'bucket',
      start_time: AT / 1_000,
      end_time: AT / 1_000 + 3_600,
      results: [
        { num_model_requests: 5, input_tokens: 10, output_tokens: 5, model: 'm-1' },
        { num_model_requests: 9, input_tokens: 1, output_tokens: 1, model: 'embedding-3' },
      ],
    };
    const text = JSON.stringify({ object: 'page', data: [bucket], has_more: false }, null, 2);
    expect(await read(text)).toEqual({
      lines: [],
      buckets: [{ from: AT, to: AT + 3_600_000, model: 'm-1', requests: 5 }],
      ignored: 1,
    });
  });

  it('the same totals as CSV -> the same', async () => {
    const text = `start_time,end_time,model,num_model_requests\n${AT / 1_000},${AT / 1_000 + 60},m-1,5\n`;
    expect((await read(text)).buckets).toEqual([{ from: AT, to: AT + 60_000, model: 'm-1', requests: 5 }]);
  });

  it("LiteLLM's log as JSON Lines -> requests; ids that were sent are kept", async () => {
    const entry = { startTime: '2026-11-21T10:30:00Z', model: 'm-1', spend: 0.5, prompt_tokens: 3, completion_tokens: 4 };
    const text = [entry, { ...entry, metadata: { client_request_id: 'r/0/1/1' } }].map((one) => JSON.stringify(one)).join('\n');
    const { lines } = await read(text);
    expect(lines.map(({ at, costNano, callId }) => [at, costNano, callId])).toEqual([
      [AT, 500_000_000, null],
      [AT, 500_000_000, 'r/0/1/1'],
    ]);
  });

  it('no cost -> by the price of its tokens, or none', async () => {
    const text = JSON.stringify({ created: AT / 1_000, model: 'm-1', input_tokens: 3, output_tokens: 4 });
    expect((await read(text)).lines[0]?.costNano).toBe(7);
    expect((await read(text, ['m-1'], null)).lines[0]?.costNano).toBeNull();
  });

  it('refused requests, ends of answers, entries without a time -> ignored', async () => {
    const entries = [
      { t: AT, model: 'm-1', billed: false, cost_nano: 0, prompt_tokens: 0, completion_tokens: 0 },
      { t: AT, model: 'm-1', status: 429, cost_nano: 0 },
      { e: 'end', n: 1, t: AT },
      { model: 'm-1', cost: 1 },
      { t: 'soon', model: 'm-1', cost: 1 },
      { t: AT, model: 'm-1', billed: true, status: 0, cost_nano: 12 },
    ];
    const { lines, ignored } = await read(entries.map((entry) => JSON.stringify(entry)).join('\n'));
    expect(lines.map(({ costNano, line }) => [costNano, line])).toEqual([[12, 6]]);
    expect(ignored).toBe(5);
  });

  it.each([
    ['2026-11-21T10:30:00+00:00', AT],
    ['2026-11-21 10:30:00 UTC', AT],
    ['2026-11-21 10:30:00+00', AT],
    ['2026-11-21T10:30:00', AT],
    ['2026-11-21', Date.UTC(2026, 10, 21)],
    [String(AT), AT],
    [AT / 1_000, AT],
  ])('time %s -> UTC', async (time, at) => {
    expect((await read(JSON.stringify([{ time, model: 'm-1', cost: 1 }]))).lines[0]?.at).toBe(at);
  });

  it.each([
    ['empty', ''],
    ['no table and no JSON', 'hello\nworld'],
    ['broken JSON', '{"a": 1'],
    ['a ragged table', 'a,b\n1,2,3\n'],
    ['only other models', JSON.stringify([{ time: AT, model: 'x', cost: 1 }])],
    ['no objects', '[1, 2]'],
  ])('%s -> E_EXPORT_FORMAT', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'E_EXPORT_FORMAT', exitCode: 2 });
  });

  it('no such file -> E_EXPORT_FILE', async () => {
    const reading = readUsageExport(join(folder, 'nowhere'), ['m'], () => null);
    await expect(reading).rejects.toMatchObject({ code: 'E_EXPORT_FILE', exitCode: 2 });
  });
});
