import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportRun } from '../../src/outputs/export.js';
import { runDouble } from './run-double.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'swarm-export-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const store = runDouble({ outputDir: '/nowhere', total: 3000 });

describe('exportRun', () => {
  it('export: to a file and to a slow stream -> the same bytes, stream left open', async () => {
    for (const format of ['jsonl', 'csv', 'json', 'parquet'] as const) {
      const path = join(dir, `rows.${format}`);
      expect(await exportRun(store, 'r1', format, path)).toBe(3000);
      const chunks: Buffer[] = [];
      const slow = new Writable({
        highWaterMark: 1024,
        write: (chunk, _encoding, done) => {
          chunks.push(chunk);
          setImmediate(done);
        },
      });
      expect(await exportRun(store, 'r1', format, slow)).toBe(3000);
      expect(slow.writableEnded).toBe(false);
      expect([slow.listenerCount('drain'), slow.listenerCount('error')]).toEqual([0, 0]);
      await new Promise<void>((resolve) => slow.end(resolve));
      expect(Buffer.concat(chunks).equals(readFileSync(path))).toBe(true);
    }
    expect(readdirSync(dir)).toHaveLength(4);
  });

  it('export: folders of the path that are missing -> made, as for output_dir', async () => {
    const path = join(dir, 'some', 'missing', 'rows.csv');
    expect(await exportRun(store, 'r1', 'csv', path)).toBe(3000);
    expect(readdirSync(join(dir, 'some', 'missing'))).toEqual(['rows.csv']);
  });

  it('export: a file where a folder should be -> E_OUT_WRITE that names the folder and what to do', async () => {
    await exportRun(store, 'r1', 'jsonl', join(dir, 'rows.jsonl'));
    for (const below of ['rows.jsonl', 'rows.jsonl/deep']) {
      const folder = join(dir, below);
      await expect(exportRun(store, 'r1', 'csv', join(folder, 'rows.csv'))).rejects.toMatchObject({
        code: 'E_OUT_WRITE',
        exitCode: 7,
        problems: [{ place: { file: folder }, fix: expect.stringContaining('choose another path') }],
      });
    }
  });

  it('export: the reader of the stream leaves -> E_OUT_WRITE with EPIPE, no hang', async () => {
    const leaving = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => void setImmediate(() => done(Object.assign(new Error('gone'), { code: 'EPIPE' }))),
    });
    await expect(exportRun(store, 'r1', 'jsonl', leaving)).rejects.toThrow(/E_OUT_WRITE.*EPIPE/s);
    const closing = new Writable({ highWaterMark: 1, write: () => void setImmediate(() => closing.destroy()) });
    await expect(exportRun(store, 'r1', 'jsonl', closing)).rejects.toMatchObject({ code: 'E_OUT_WRITE', exitCode: 7 });
  });

  it.skipIf(!existsSync('/dev/full'))('export: a full disk -> E_OUT_WRITE exit 7 that says how to go on', async () => {
    const full = createWriteStream('/dev/full');
    await expect(exportRun(store, 'r1', 'jsonl', full)).rejects.toThrow(/E_OUT_WRITE.*ENOSPC.*free space/s);
  });

  it('export: unknown run -> named, no folder is made', async () => {
    await expect(exportRun(store, 'nope', 'jsonl', join(dir, 'no', 'x'))).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
    expect(readdirSync(dir)).toEqual([]);
  });
});
