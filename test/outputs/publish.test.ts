import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, answerParts, type Message, userMessage } from '../../src/core/conversation/message.js';
import { publishRun } from '../../src/outputs/publish.js';
import { buildReceipt } from '../../src/outputs/receipt.js';
import type { OutputReader } from '../../src/outputs/row-pages.js';
import { callRow, runDouble } from './run-double.js';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('./publish-program.ts', import.meta.url));

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'swarm-out-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const at = Date.UTC(2026, 10, 21);

function publish(store: OutputReader) {
  const messagesOf = (seed: { content: unknown }, calls: readonly { answer: Answer | null }[]): Message[] => [
    userMessage(String(seed.content)),
    ...calls.map(({ answer }) => ({ role: 'assistant' as const, parts: answerParts(answer ?? '') })),
  ];
  return publishRun(store, 'r1', { at, versions: { node: '20', 'durable-swarm': '0.1.0' }, messagesOf });
}

function read(name: string): string {
  return readFileSync(join(dir, name), 'utf8');
}

function indexes(name: string): number[] {
  const lines = read(name).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line).index);
}

const mixed = (index: number) => (['ok', 'failed', 'filtered', null] as const)[index % 4] ?? null;

describe('publishRun', () => {
  it('publish: rows of every status -> each in its file, once, and counts that add up', async () => {
    const { files, outputFile } = await publish(runDouble({ outputDir: dir, total: 10, status: mixed, transcripts: true }));
    expect(files.map((path) => basename(path))).toEqual([
      'output.jsonl',
      'failed.jsonl',
      'filtered.jsonl',
      'transcripts.jsonl',
      'receipt.json',
    ]);
    expect(outputFile).toBe(join(dir, 'output.jsonl'));
    expect(readdirSync(dir).sort()).toEqual(files.map((path) => basename(path)).sort());
    expect(indexes('output.jsonl')).toEqual([0, 4, 8]);
    expect(indexes('failed.jsonl')).toEqual([1, 5, 9]);
    expect(indexes('filtered.jsonl')).toEqual([2, 6]);
    expect(indexes('transcripts.jsonl')).toEqual([0, 1, 2, 4, 5, 6, 8, 9]);
    expect(JSON.parse(read('transcripts.jsonl').split('\n')[0] ?? '').messages).toEqual([
      { role: 'user', content: 'seed 0' },
      { role: 'assistant', content: 'answer 0' },
    ]);
    expect(JSON.parse(read('receipt.json')).counts).toEqual({ total: 10, ok: 3, failed: 3, filtered: 2, pending: 2 });
  });

  it('publish: receipt -> stable order, hashes of the files, money, doubtful calls with ids', async () => {
    const doubtful = [callRow(3, 2, { attempt: 4, state: 'doubtful', reservedNano: 800, code: 'E_CRASH' })];
    await publish(runDouble({ outputDir: dir, total: 4, doubtful }));
    const receipt = JSON.parse(read('receipt.json'));
    expect(Object.keys(receipt)).toEqual([
      'run',
      'name',
      'at',
      'epochs',
      'task_fingerprint',
      'seeds_fingerprint',
      'counts',
      'calls',
      'tokens',
      'money',
      'doubtful_calls',
      'versions',
      'files',
    ]);
    expect(receipt).toMatchObject({ run: 'r1', at: '2026-11-21T00:00:00.000Z', epochs: 2, task_fingerprint: 'task-hash' });
    expect(receipt.calls).toEqual({
      answered: 12,
      failed: 3,
      limited: 4,
      doubtful: 1,
      open: 0,
      unmetered: 0,
      unpriced: 0,
      exceeding: 0,
    });
    expect(receipt.money).toMatchObject({ cap_usd: 5, settled_usd: 1.1495145, doubtful_usd: 8e-7, total_usd: 1.1495153 });
    expect(receipt.money.by_model).toEqual([
      {
        model: 'sim-small',
        role: 'worker',
        tier: 'worker',
        calls: 12,
        tokens: { input: 100, cached: 20, output: 200, reasoning: 30 },
        cost_usd: 1.1495145,
      },
    ]);
    expect(receipt.doubtful_calls).toEqual([
      {
        index: 3,
        id: 'id-3',
        phase: 'map',
        role: 'worker',
        turn: 2,
        attempt: 4,
        reserved_usd: 8e-7,
        code: 'E_CRASH',
        time: '2026-01-02T00:00:00.000Z',
      },
    ]);
    expect(Object.keys(receipt.versions)).toEqual(['durable-swarm', 'node']);
    for (const { name, bytes, sha256 } of receipt.files) {
      const content = readFileSync(join(dir, name));
      expect([content.length, createHash('sha256').update(content).digest('hex')]).toEqual([bytes, sha256]);
    }
  });

  it('publish: twice the same run -> the same bytes', async () => {
    const store = runDouble({ outputDir: dir, total: 600, status: mixed });
    await publish(store);
    const first = readdirSync(dir).map((name) => [name, read(name)]);
    await publish(store);
    expect(readdirSync(dir).map((name) => [name, read(name)])).toEqual(first);
  });

  it('publish: files of an earlier publication -> replaced or removed, strangers stay, dead writers are swept', async () => {
    for (const name of [
      'output.csv',
      'output.partial.jsonl',
      'filtered.jsonl',
      'transcripts.jsonl',
      'failed.jsonl',
      'notes.txt',
    ]) {
      writeFileSync(join(dir, name), 'old');
    }
    writeFileSync(join(dir, '.output.jsonl.999999999-0123456789ab.tmp'), 'torn');
    await publish(runDouble({ outputDir: dir, total: 1 }));
    expect(readdirSync(dir).sort()).toEqual(['failed.jsonl', 'notes.txt', 'output.jsonl', 'receipt.json']);
    expect(read('failed.jsonl')).toBe('');
  });

  it('publish: reading the store fails midway -> nothing changed', async () => {
    writeFileSync(join(dir, 'output.jsonl'), 'old');
    const store = runDouble({ outputDir: dir, total: 2000 });
    const broken: OutputReader = {
      ...store,
      outputRows: async (id, filter) => {
        if (filter.from > 0) throw new Error('store away');
        return await store.outputRows(id, filter);
      },
    };
    await expect(publish(broken)).rejects.toThrow('store away');
    expect(readdirSync(dir)).toEqual(['output.jsonl']);
    expect(read('output.jsonl')).toBe('old');
  });

  it('publish: a link, a folder or a missing folder in the way -> refused, nothing written through it', async () => {
    const store = runDouble({ outputDir: dir, total: 1 });
    const elsewhere = join(dir, 'elsewhere');
    writeFileSync(elsewhere, 'precious');
    symlinkSync(elsewhere, join(dir, 'output.jsonl'));
    await expect(publish(store)).rejects.toMatchObject({ code: 'E_OUT_TARGET', exitCode: 7 });
    expect(readFileSync(elsewhere, 'utf8')).toBe('precious');
    rmSync(join(dir, 'output.jsonl'));
    mkdirSync(join(dir, 'receipt.json'));
    await expect(publish(store)).rejects.toThrow(/receipt\.json: it is a folder/);
    expect(readdirSync(dir).sort()).toEqual(['elsewhere', 'receipt.json']);
    const link = join(dir, 'link');
    symlinkSync(dir, link);
    await expect(publish(runDouble({ outputDir: link, total: 1 }))).rejects.toMatchObject({ code: 'E_OUT_TARGET' });
    await expect(publish(runDouble({ outputDir: join(dir, 'gone'), total: 1 }))).rejects.toThrow(/E_OUT_WRITE.*ENOENT/s);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it('publish: unknown run -> E_RUN_UNKNOWN', async () => {
    const store = runDouble({ outputDir: dir, total: 1 });
    await expect(publishRun(store, 'nope', { at, versions: {}, messagesOf: () => [] })).rejects.toMatchObject({
      code: 'E_RUN_UNKNOWN',
    });
    await expect(buildReceipt(store, 'nope', { at, versions: {} })).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
  });

  it('buildReceipt: nothing published yet -> the totals of the store', async () => {
    const receipt = await buildReceipt(runDouble({ outputDir: dir, total: 8, status: mixed }), 'r1', { at, versions: {} });
    expect(receipt.counts).toEqual({ total: 8, ok: 2, failed: 2, filtered: 2, pending: 2 });
    expect(receipt.files).toEqual([]);
  });

  it('publish: file size limit of the process -> E_OUT_WRITE exit 7, old file intact, nothing left beside', async () => {
    writeFileSync(join(dir, 'output.jsonl'), 'old');
    const program = `ulimit -f 200; exec "${process.execPath}" --import tsx "${PROGRAM}" "${dir}" 4000 jsonl 1000`;
    const { stdout } = await run('bash', ['-c', program]);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'E_OUT_WRITE',
      exitCode: 7,
      message: expect.stringContaining('output.jsonl'),
    });
    expect(stdout).toContain('EFBIG');
    expect(readdirSync(dir)).toEqual(['output.jsonl']);
    expect(read('output.jsonl')).toBe('old');
  });

  it.each([
    ['jsonl', 50_000, 2_000],
    ['json', 10_000, 10_000],
    ['csv', 10_000, 10_000],
    ['parquet', 10_000, 10_000],
  ])(
    'publish: 100 MB of answers as %s, %i rows of %i bytes, in a 64 MB heap -> done, memory flat',
    async (format, rows, chars) => {
      const args = ['--max-old-space-size=64', '--import', 'tsx', PROGRAM, dir, String(rows), format, String(chars)];
      const { stdout } = await run(process.execPath, args);
      expect(JSON.parse(stdout).grownMb).toBeLessThan(200);
      const { counts, files } = JSON.parse(read('receipt.json'));
      expect([counts.ok, files[0].name, files[0].rows]).toEqual([rows, `output.${format}`, rows]);
    },
    120_000,
  );
});
