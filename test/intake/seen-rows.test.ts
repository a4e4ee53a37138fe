import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSeeds } from '../../src/intake/read-seeds.js';
import { fileVersion, type RowsOf, type SeenRows, seenRows, stillSeen } from '../../src/intake/seen-rows.js';

/** Long after the files of a test were written. */
const LATER = Date.now() + 3_600_000;

let folder: string;
let rows: RowsOf;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swarm-seen-'));
  rows = { file: join(folder, 'seeds.txt'), limit: null, total: null };
  writeFileSync(rows.file, 'one\ntwo\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function seen(): Promise<SeenRows | null> {
  const version = await fileVersion(rows.file, LATER);
  const reading = readSeeds({ file: rows.file }, {});
  for await (const _ of reading);
  return seenRows(rows, version, reading);
}

describe('stillSeen', () => {
  it('the same rows of the same file -> what was seen: how many, and their fingerprint', async () => {
    const before = await seen();
    expect(before).toMatchObject({ ...rows, count: 2, fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await stillSeen(before, rows, LATER)).toEqual(before);
  });

  it.each<[string, () => void]>([
    ['longer', () => writeFileSync(rows.file, 'one\ntwo\nthree\n')],
    [
      'as long, with its old time',
      () => {
        const { atime, mtime } = statSync(rows.file);
        writeFileSync(rows.file, 'one\nTWO\n');
        utimesSync(rows.file, atime, mtime);
      },
    ],
    [
      'another one of the same name',
      () => {
        writeFileSync(join(folder, 'other'), 'one\ntwo\n');
        renameSync(join(folder, 'other'), rows.file);
      },
    ],
    ['gone', () => rmSync(rows.file)],
  ])('the file is %s -> null', async (_, change) => {
    const before = await seen();
    change();
    expect(await stillSeen(before, rows, LATER)).toBeNull();
  });

  it('other rows of the file, rows from code, nothing seen -> null', async () => {
    const before = await seen();
    for (const other of [{ ...rows, limit: 1 }, { ...rows, total: 5 }, { ...rows, file: folder }, null])
      expect(await stillSeen(before, other, LATER)).toBeNull();
    for (const none of [null, undefined]) expect(await stillSeen(none, rows, LATER)).toBeNull();
  });

  it('a file that was written just now, a folder, nothing -> no version', async () => {
    expect(await fileVersion(rows.file)).toBeNull();
    expect(await fileVersion(folder, LATER)).toBeNull();
    expect(await fileVersion(join(folder, 'nothing'), LATER)).toBeNull();
  });
});
