import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureHome } from '../src/home.js';
import { folderModeIn, keepOthersFromWriting, makeFolder, makeFolderSync } from '../src/new-files.js';
import { claimFolder } from '../src/outputs/folder.js';
import { FolderUpdate } from '../src/outputs/folder-update.js';
import { ProcessLock } from '../src/store/process-lock.js';

let folder = '';
let umask = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swarm-modes-'));
  umask = process.umask(0);
});

afterEach(() => {
  process.umask(umask);
  rmSync(folder, { recursive: true, force: true });
});

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

async function writeOne(dir: string): Promise<void> {
  await FolderUpdate.apply(dir, async (update) => {
    await update.write('row', (sink) => sink.write('1'));
  });
}

describe.each([
  ['makeFolder', makeFolder],
  ['makeFolderSync', async (path: string) => makeFolderSync(path)],
])('%s', (_, make) => {
  it('missing parents, a folder that is there, a link to one -> made as the umask says, never for others to write', async () => {
    await make(join(folder, 'a', 'b'));
    await make(join(folder, 'a', 'b'));
    symlinkSync(join(folder, 'a'), join(folder, 'link'));
    await make(join(folder, 'link', 'c'));
    expect(['a', 'a/b', 'a/c'].map((name) => modeOf(join(folder, name)))).toEqual(['755', '755', '755']);
    process.umask(0o027);
    await make(join(folder, 'd'));
    expect(modeOf(join(folder, 'd'))).toBe('750');
  });

  it('a file in the way -> the error of the system', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(make(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(make(join(folder, 'file', 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.skipIf(!existsSync('/proc/self'))('/proc, which can hold no folder -> ENOENT, and returns', async () => {
    await expect(make('/proc/none/of/it')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('under umask 000', () => {
  it('a file of an output folder -> 644; in a folder that only its user may enter -> 600', async () => {
    const marker = { run: 'r', home: join(folder, 'home'), fingerprint: 'f', createdAt: 1 };
    const open = await claimFolder(join(folder, 'out'), marker);
    await writeOne(open);
    const closed = await claimFolder(join(folder, 'home', 'runs', 'r'), marker);
    await writeOne(closed);
    expect([open, join(open, 'row'), join(open, '.durable-swarm.json')].map(modeOf)).toEqual(['755', '644', '644']);
    expect([closed, join(closed, 'row'), join(closed, '.durable-swarm.json')].map(modeOf)).toEqual(['700', '600', '600']);
  });

  it('a process lock -> 600, and one that is held stays held when it is asked for again', () => {
    const path = join(folder, 'lock');
    const lock = ProcessLock.tryAcquire(path);
    expect(modeOf(path)).toBe('600');
    expect(ProcessLock.tryAcquire(path)).toBeNull();
    expect(ProcessLock.tryAcquire(path)).toBeNull();
    lock?.release();
  });

  it('keepOthersFromWriting -> what others make by default is not for group or others to write; a stricter umask stays', () => {
    keepOthersFromWriting();
    closeSync(openSync(join(folder, 'plain'), 'w'));
    expect(modeOf(join(folder, 'plain'))).toBe('644');
    process.umask(0o077);
    keepOthersFromWriting();
    expect(process.umask()).toBe(0o077);
  });
});

describe('ensureHome', () => {
  it('what an earlier version left open there -> 600 and 700', () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, 'runs'), { recursive: true });
    for (const name of ['temporal-1.31.2.db', 'host.lock']) writeFileSync(join(home, name), '');
    writeFileSync(join(folder, 'other'), '');
    symlinkSync(join(folder, 'other'), join(home, 'link'));
    chmodSync(join(home, 'host.lock'), 0o644);
    ensureHome(home);
    expect(['.', 'runs', 'temporal-1.31.2.db', 'host.lock'].map((name) => modeOf(join(home, name)))).toEqual([
      '700',
      '700',
      '600',
      '600',
    ]);
    expect(modeOf(join(folder, 'other'))).toBe('666');
  });
});

it('folderModeIn: below the home -> private; beside it -> not', () => {
  expect(folderModeIn('/h', '/h/runs/x')).toBe(0o700);
  expect(folderModeIn('/h', '/h2')).toBe(0o755);
  expect(folderModeIn('/h/a', '/h')).toBe(0o755);
});
