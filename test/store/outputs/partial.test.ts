import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PartialOutput } from '../../../src/store/outputs/partial.js';
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

  it('open: a link in its place -> E_OUT_TARGET; no such run -> E_RUN_UNKNOWN', async () => {
    symlinkSync(join(dir, 'elsewhere'), file());
    const store = growing(1, { rows: 0 });
    await expect(PartialOutput.open(store, 'r1')).rejects.toMatchObject({ code: 'E_OUT_TARGET', exitCode: 7 });
    await expect(PartialOutput.open(store, 'nope')).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
  });
});
