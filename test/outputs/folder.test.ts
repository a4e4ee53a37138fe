import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimFolder, type FolderMarker, readMarker, releaseFolder } from '../../src/outputs/folder.js';

let dir = '';
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'swarm-folder-')));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function marker(run: string): FolderMarker {
  return { run, home: '/home/x', fingerprint: 'f', createdAt: Date.UTC(2026, 0, 2) };
}

describe('claimFolder', () => {
  it('claim: no folder yet -> made with its parents, marked, real path returned', async () => {
    const link = join(dir, 'link');
    mkdirSync(join(dir, 'real'));
    symlinkSync(join(dir, 'real'), link);
    const path = await claimFolder(join(link, 'a/b'), marker('r1'));
    expect(path).toBe(join(dir, 'real/a/b'));
    expect(await readMarker(path)).toMatchObject({ ...marker('r1'), holder: { pid: process.pid } });
    await releaseFolder(path, 'r1');
    expect(await readMarker(path)).toEqual({ ...marker('r1'), holder: null });
    expect(readdirSync(path)).toEqual(['.durable-swarm.json']);
    expect(readFileSync(join(path, '.durable-swarm.json'), 'utf8')).toBe(
      '{\n  "run": "r1",\n  "home": "/home/x",\n  "fingerprint": "f",\n  "createdAt": 1767312000000,\n  "holder": null\n}\n',
    );
  });

  it('claim: again for the same run -> fine, marker renewed; for another -> E_LOCKED exit 6 unless replaced', async () => {
    await claimFolder(dir, marker('r1'));
    await claimFolder(dir, { ...marker('r1'), fingerprint: 'g' });
    expect((await readMarker(dir))?.fingerprint).toBe('g');
    await expect(claimFolder(dir, marker('r2'))).rejects.toMatchObject({ code: 'E_LOCKED', exitCode: 6 });
    await expect(claimFolder(dir, marker('r2'), { replace: true })).rejects.toThrow(
      new RegExp(`belongs to run r1 of /home/x, held by process ${process.pid} since 20\\d\\d-`),
    );
    await releaseFolder(dir, 'another run');
    await releaseFolder(dir, 'r1');
    await expect(claimFolder(dir, marker('r2'))).rejects.toThrow(/belongs to run r1 of \/home\/x, since 2026-01-02/);
    await claimFolder(dir, marker('r2'), { replace: true });
    await claimFolder(dir, marker('r3'), { replace: true, ended: 'r2' });
    expect((await readMarker(dir))?.run).toBe('r3');
    await claimFolder(dir, marker('r2'), { replace: true, ended: 'r3' });
    expect((await readMarker(dir))?.run).toBe('r2');
  });

  it('claim: thirty at once -> one wins, the others are refused, nothing left beside', async () => {
    const claims = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => claimFolder(dir, marker(`r${i}`))));
    const won = claims.flatMap((claim, i) => (claim.status === 'fulfilled' ? [`r${i}`] : []));
    expect(won).toHaveLength(1);
    for (const claim of claims) if (claim.status === 'rejected') expect(claim.reason.code).toBe('E_LOCKED');
    expect((await readMarker(dir))?.run).toBe(won[0]);
    expect(readdirSync(dir)).toEqual(['.durable-swarm.json']);
  });

  it('claim: a folder with an output that no run wrote -> E_OUT_DIR exit 2; other files -> fine', async () => {
    writeFileSync(join(dir, 'notes.txt'), '');
    await claimFolder(dir, marker('r1'));
    const other = join(dir, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'output.jsonl'), 'mine');
    await expect(claimFolder(other, marker('r1'))).rejects.toMatchObject({ code: 'E_OUT_DIR', exitCode: 2 });
    expect(readdirSync(other)).toEqual(['output.jsonl']);
  });

  it('claim: replaced -> the partial output of the other run goes, its final files stay', async () => {
    await claimFolder(dir, marker('r1'));
    const names = ['output.jsonl', 'output.partial.jsonl'];
    for (const name of names) writeFileSync(join(dir, name), 'of r1');
    await claimFolder(dir, marker('r1'), { replace: true });
    expect(readdirSync(dir)).toEqual(['.durable-swarm.json', ...names]);
    await releaseFolder(dir, 'r1');
    await claimFolder(dir, marker('r2'), { replace: true });
    expect(readdirSync(dir)).toEqual(['.durable-swarm.json', 'output.jsonl']);
    rmSync(join(dir, '.durable-swarm.json'));
    writeFileSync(join(dir, 'output.partial.jsonl'), 'of nobody');
    await claimFolder(dir, marker('r3'), { replace: true });
    expect(readdirSync(dir)).toEqual(['.durable-swarm.json', 'output.jsonl']);
  });

  it('claim: a file in the way -> E_OUT_WRITE exit 7', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(claimFolder(join(dir, 'file'), marker('r1'))).rejects.toMatchObject({ code: 'E_OUT_WRITE', exitCode: 7 });
    await expect(claimFolder(join(dir, 'file', 'sub'), marker('r1'))).rejects.toThrow(/ENOTDIR/);
  });
});

describe('readMarker', () => {
  it('read: no folder, no marker -> null', async () => {
    expect(await readMarker(join(dir, 'gone'))).toBeNull();
    expect(await readMarker(dir)).toBeNull();
  });

  it('read: not JSON, not a marker, a link -> E_OUT_MARKER', async () => {
    const path = join(dir, '.durable-swarm.json');
    for (const text of ['{', 'null', '{"run":1}']) {
      writeFileSync(path, text);
      await expect(readMarker(dir)).rejects.toMatchObject({ code: 'E_OUT_MARKER', exitCode: 2 });
    }
    rmSync(path);
    symlinkSync(join(dir, 'x'), path);
    await expect(readMarker(dir)).rejects.toMatchObject({ code: 'E_OUT_MARKER' });
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
  });
});
