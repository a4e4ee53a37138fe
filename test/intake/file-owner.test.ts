import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadTask } from '../../src/intake/load-task.js';
import { holdsOnly } from '../../src/intake/private-group.js';

const root = process.getuid?.() === 0;
/** Nobody in particular. */
const OTHER = 61_234;

let folder: string;
let tasks: string;
let file: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'swarm-owner-')));
  tasks = join(folder, 'tasks');
  mkdirSync(join(tasks, 'mine'), { recursive: true, mode: 0o755 });
  file = join(tasks, 'mine', 'task.yaml');
  writeFileSync(file, 'prompt_template: "Say {{seed}}"\nworker_model: sim/quick\nseeds_file: rows.txt\n', { mode: 0o644 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (path = file) => loadTask(path, { roots: [tasks], ownOnly: true });
const refusal = { code: 'E_TASK_OWNER', exitCode: 2 };

describe('a task file named over Temporal', () => {
  it('own file in own folders -> loaded; not asked for -> whoever may write it', async () => {
    expect((await load()).task.model.model).toBe('quick');
    chmodSync(file, 0o666);
    expect((await loadTask(file, { roots: [tasks] })).task.model.model).toBe('quick');
  });

  it('a file that anybody may write -> E_TASK_OWNER, whose fix mends it', async () => {
    chmodSync(file, 0o646);
    await expect(load()).rejects.toThrow(/anybody may write .*task\.yaml \(mode 646\)[\s\S]*chmod go-w .*task\.yaml/);
    chmodSync(file, 0o644);
    await load();
  });

  it.each([
    ['its folder', () => join(tasks, 'mine')],
    ['the root', () => tasks],
  ])('%s that anybody may write -> E_TASK_OWNER, but not with the sticky bit', async (_name, path) => {
    chmodSync(path(), 0o777);
    await expect(load()).rejects.toMatchObject(refusal);
    chmodSync(path(), 0o1777);
    await load();
  });

  it('what lies above the root -> is the business of who named it', async () => {
    chmodSync(folder, 0o777);
    await load();
  });

  it.skipIf(!root)('a file or a folder of another user, or a group that others are in -> E_TASK_OWNER', async () => {
    chownSync(file, OTHER, 0);
    await expect(load()).rejects.toThrow(/belongs to another user \(uid 61234\)/);
    chownSync(file, 0, OTHER);
    await load();
    chmodSync(file, 0o664);
    await expect(load()).rejects.toThrow(/its group \(gid 61234\) may write/);
    chmodSync(file, 0o644);
    chownSync(join(tasks, 'mine'), OTHER, 0);
    await expect(load()).rejects.toMatchObject(refusal);
  });

  it('by a link -> the file that it leads to counts, and the rows beside that one', async () => {
    mkdirSync(join(tasks, 'theirs'), { mode: 0o755 });
    const link = join(tasks, 'theirs', 'task.yaml');
    symlinkSync(file, link);
    expect((await load(link)).task.seedsFile).toBe(join(tasks, 'mine', 'rows.txt'));
    const outside = join(folder, 'outside.yaml');
    renameSync(file, outside);
    symlinkSync(outside, file);
    await expect(load()).rejects.toMatchObject({ code: 'E_PATH_ESCAPE' });
  });

  it('a file that is not there -> says so', async () => {
    await expect(load(join(tasks, 'mine', 'tsak.yaml'))).rejects.toMatchObject({ code: 'E_TASK_NOT_FOUND' });
  });
});

describe('a group of one', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbob:x:1001:100::/home/bob:/bin/sh\n';
  const holds = (gid: number, group: string) => holdsOnly(1000, gid, { passwd, group });

  it.each([
    ['ada alone, by /etc/passwd', 1000, 'ada:x:1000:\n', true],
    ['ada and root', 1000, 'ada:x:1000:root,ada\n', true],
    ['bob is in it, too', 1000, 'ada:x:1000:bob\n', false],
    ['it is the usual one of bob', 100, 'users:x:100:ada\n', false],
    ['nobody is in it', 50, 'staff:x:50:\n', true],
    ['one that the file does not have', 4242, 'ada:x:1000:\n', false],
    ['somebody whom /etc/passwd does not have', 1000, 'ada:x:1000:carol\n', false],
  ])('%s', (_name, gid, group, only) => {
    expect(holds(gid, group)).toBe(only);
  });
});
