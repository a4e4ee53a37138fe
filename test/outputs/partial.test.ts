import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PartialOutput } from '../../src/outputs/partial.js';
import { runDouble } from './run-double.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'swarm-partial-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = () => join(dir, 'output.partial.jsonl');

function rows(): { index: number; seed: unknown; output: string }[] {
  return readFileSync(file(), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** A run of which `done.rows` rows have ended; every third one failed. */
function growing(total: number, done: { rows: number }) {
  return runDouble({
    outputDir: dir,
    total,
    status: (index) => (index >= done.rows ? null : index % 3 === 2 ? 'failed' : 'ok'),
    answers: (index) => [`a${index} `, 'b'],
  });
}

const okUpTo = (count: number) => Array.from({ length: count }, (_, i) => i).filter((i) => i % 3 !== 2);

describe('PartialOutput', () => {
  it('append: rows that ended since -> added once, as in output.jsonl', async () => {
    const done = { rows: 4 };
    const partial = await PartialOutput.open(growing(2000, done), 'r1');
    expect(await partial.append()).toBe(3);
    expect(await partial.append()).toBe(0);
    done.rows = 1600;
    expect(await partial.append()).toBe(okUpTo(1600).length - 3);
    await partial.close();
    expect(rows().map(({ index }) => index)).toEqual(okUpTo(1600));
    expect(rows()[1]).toMatchObject({ index: 1, seed: 'seed 1', output: 'a1 b' });
  });

  it('open: after a crash with a torn line -> cut off, goes on without repeats', async () => {
    const done = { rows: 900 };
    const first = await PartialOutput.open(growing(2000, done), 'r1');
    await first.append();
    await first.close();
    appendFileSync(file(), '{"id":"id-90');
    done.rows = 1000;
    const second = await PartialOutput.open(growing(2000, done), 'r1');
    expect(await second.append()).toBe(okUpTo(1000).length - okUpTo(900).length);
    await second.close();
    expect(rows().map(({ index }) => index)).toEqual(okUpTo(1000));
  });

  it('open: many rows are in the file -> only what follows them is read of the store', async () => {
    const done = { rows: 1900 };
    const first = await PartialOutput.open(growing(2000, done), 'r1');
    await first.append();
    await first.close();
    appendFileSync(file(), '{"id":"id-19');
    done.rows = 2000;
    const store = growing(2000, done);
    const outcomesAfter = vi.spyOn(store, 'outcomesAfter');
    const second = await PartialOutput.open(store, 'r1');
    expect(outcomesAfter).not.toHaveBeenCalled();
    await second.append();
    await second.close();
    expect(outcomesAfter.mock.calls.map(([, seq]) => seq)).toEqual([1900, 2000]);
    expect(rows().map(({ index }) => index)).toEqual(okUpTo(2000));
  });

  /** The file after 30 rows, its lines changed, and 40 rows in the end. */
  async function changedBetween(change: (lines: string[]) => string): Promise<void> {
    const done = { rows: 30 };
    const first = await PartialOutput.open(growing(40, done), 'r1');
    await first.append();
    await first.close();
    writeFileSync(file(), change(readFileSync(file(), 'utf8').split('\n').slice(0, -1)));
    done.rows = 40;
    const second = await PartialOutput.open(growing(40, done), 'r1');
    await second.append();
    await second.close();
  }
  const joined = (lines: string[]) => lines.map((line) => `${line}\n`).join('');

  it.each<[string, (lines: string[]) => string]>([
    ['a blank line at the end', (lines) => `${joined(lines)}\n`],
    ['blank lines in the middle', (lines) => joined([...lines.slice(0, 7), '', '  ', ...lines.slice(7)])],
    ['a foreign line at the end', (lines) => joined([...lines, 'a note of mine'])],
    ['a foreign line at the start', (lines) => joined(['{"note":1}', ...lines])],
    ['JSON that is no row', (lines) => joined([...lines, 'null', '17'])],
    ['the last line end is missing', (lines) => joined(lines).slice(0, -1)],
    [
      'two torn lines in one',
      (lines) => joined([...lines.slice(0, 5), `${lines[5]?.slice(0, 20)}${lines[6]}`, ...lines.slice(7)]),
    ],
    ['a row is missing', (lines) => joined([...lines.slice(0, 5), ...lines.slice(6)])],
    ['a row stands twice', (lines) => joined([...lines.slice(0, 6), ...lines.slice(5)])],
    ['rows of another run behind ours', (lines) => joined([...lines, '{"id":"x","index":900,"cost_usd":0}'])],
    [
      'a power cut took a part of a line',
      (lines) => joined([...lines.slice(0, 7), `${lines[7]?.slice(0, 20)}${'\0'.repeat(20)}`, ...lines.slice(8)]),
    ],
    ['the last row is of another run', (lines) => joined([...lines.slice(0, -1), '{"id":"x","index":28,"cost_usd":0}'])],
    ['the last row is one that failed', (lines) => joined([...lines, '{"id":"id-29","index":29,"cost_usd":0}'])],
    ['nothing is left', () => ''],
    ['garbage without a line end', () => '\0'.repeat(600_000)],
  ])('open: %s -> every row once, in order, nothing else', async (_, change) => {
    await changedBetween(change);
    expect(rows().map(({ index }) => index)).toEqual(okUpTo(40));
  });

  it('append: the disk takes a part of the lines, and cutting it off fails too -> E_OUT_WRITE; the next append repairs the file', async () => {
    const done = { rows: 10 };
    const partial = await PartialOutput.open(growing(40, done), 'r1');
    await partial.append();
    const anyHandle = await open(file());
    const prototype = Object.getPrototypeOf(anyHandle) as typeof anyHandle;
    await anyHandle.close();
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC', errno: -28 });
    const append = vi.spyOn(prototype, 'appendFile').mockImplementationOnce(async (lines) => {
      appendFileSync(file(), (lines as Buffer).subarray(0, 150));
      throw full;
    });
    const cut = vi.spyOn(prototype, 'truncate').mockRejectedValueOnce(full);
    done.rows = 30;
    await expect(partial.append()).rejects.toMatchObject({ code: 'E_OUT_WRITE', exitCode: 7 });
    expect(readFileSync(file(), 'utf8').endsWith('\n')).toBe(false);
    done.rows = 40;
    await partial.append();
    await partial.close();
    append.mockRestore();
    cut.mockRestore();
    expect(rows().map(({ index }) => index)).toEqual(okUpTo(40));
  });

  it('open: a link in its place -> E_OUT_TARGET; no such run -> E_RUN_UNKNOWN', async () => {
    symlinkSync(join(dir, 'elsewhere'), file());
    const store = growing(1, { rows: 0 });
    await expect(PartialOutput.open(store, 'r1')).rejects.toMatchObject({ code: 'E_OUT_TARGET', exitCode: 7 });
    await expect(PartialOutput.open(store, 'nope')).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
  });
});
