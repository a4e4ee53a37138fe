import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { SwarmError } from '../../src/core/errors.js';
import { taskFingerprint } from '../../src/intake/fingerprint.js';
import { loadTask, loadTaskObject } from '../../src/intake/load-task.js';
import { checkOutputDir, RUN_MARKER } from '../../src/intake/output-dir.js';
import { readSeeds } from '../../src/intake/read-seeds.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'swarm-task-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OK = 'prompt_template: "{{seed}}"\nworker_model: sim/x\n';

function write(path: string, content: string | Buffer): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
  return file;
}

async function failure(run: Promise<unknown>): Promise<SwarmError> {
  return run.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => {
      if (SwarmError.is(error)) return error;
      throw error;
    },
  );
}

describe('loadTask', () => {
  test('a file -> absolute paths beside it, a template, places', async () => {
    const file = write('reviews/task.yaml', `${OK}seeds_file: ../rows.csv\n`);
    const { task, prompt, placeOf, ...rest } = await loadTask(file);
    expect(task.name).toBe('reviews');
    expect(task.seedsFile).toBe(join(folder, 'rows.csv'));
    expect(task.outputDir).toBe(join(folder, 'reviews/out/reviews'));
    expect(prompt.template.render('hi')).toBe('hi');
    expect(prompt.variablePlaces?.['seed']).toMatchObject({ line: 1, column: 19 });
    expect(placeOf('seeds_file')).toMatchObject({ line: 3, column: 13 });
    expect(rest).toEqual({ file, notes: [] });
  });

  test.each([
    ['translate.yaml', 'translate'],
    ['my task (1).yml', 'my-task-1-'],
    ['--.yaml', 'task'],
  ])('%s without a name -> %s', async (path, name) => {
    expect((await loadTask(write(path, OK))).task.name).toBe(name);
  });

  test('a pattern of stop_when whose time has no bound -> E_TASK_TYPE at its place', async () => {
    const rules = 'multi_turn: true\nstop_when: [{contains: x}, {matches: "^(a+)+$"}]\n';
    const { problems } = await failure(loadTask(write('slow/task.yaml', OK + rules)));
    expect(problems).toMatchObject([
      { code: 'E_TASK_TYPE', place: { line: 4, column: 38 }, found: expect.stringMatching(/takes too long/) },
    ]);
    expect((await loadTask(write('quick/task.yaml', OK + rules.replace('(a+)+', 'a+b+')))).task.stopWhen).toHaveLength(2);
  });

  test('an object -> the same task as the file; paths beside baseDir', async () => {
    const { task } = await loadTask(write('same/task.yaml', `${OK}name: same\nseeds_file: a.txt\n`));
    const object = { prompt_template: '{{seed}}', worker_model: 'sim/x', name: 'same', seeds_file: 'a.txt' };
    const loaded = await loadTaskObject(object, { baseDir: join(folder, 'same') });
    expect(loaded.task).toEqual(task);
    expect(loaded.file).toBeNull();
    expect(taskFingerprint(loaded.task)).toBe(taskFingerprint(task));
    expect(taskFingerprint({ ...task, temperature: 1 })).not.toBe(taskFingerprint(task));
    expect(taskFingerprint({ ...task, concurrency: 3, name: 'other' })).toBe(taskFingerprint(task));
  });

  test('an absent file -> E_TASK_NOT_FOUND with a near name (B01)', async () => {
    write('near/task.yaml', OK);
    const near = await failure(loadTask(join(folder, 'near/taks.yaml')));
    expect(near.code).toBe('E_TASK_NOT_FOUND');
    expect(near.message).toMatch(/did you mean .*task\.yaml/);
    expect((await failure(loadTask(join(folder, 'near/other')))).message).toContain('the folder has: ');
    expect((await failure(loadTask(join(folder, 'nowhere/task.yaml')))).message).toContain('there is no folder');
  });

  test('a folder, a device -> E_TASK_UNREADABLE (B02)', async () => {
    expect((await failure(loadTask(folder))).message).toContain('EISDIR');
    expect((await failure(loadTask('/dev/null'))).code).toBe('E_TASK_UNREADABLE');
  });

  test.runIf(process.getuid?.() !== 0)('a file without permission -> E_TASK_UNREADABLE with its errno (B02)', async () => {
    const file = write('locked.yaml', OK);
    chmodSync(file, 0);
    expect((await failure(loadTask(file))).message).toContain('EACCES');
  });

  test('a file of 2 MB -> E_TASK_TOO_BIG, unread (B10)', async () => {
    expect((await failure(loadTask(write('big.yaml', 'key: 1\n'.repeat(300_000))))).code).toBe('E_TASK_TOO_BIG');
  });

  test('UTF-16, bad UTF-8 -> E_ENCODING with the place (B17)', async () => {
    expect((await failure(loadTask(write('wide.yaml', Buffer.from(OK, 'utf16le'))))).code).toBe('E_ENCODING');
    const { problems } = await failure(loadTask(write('latin.yaml', Buffer.from(`${OK}name: é`, 'latin1'))));
    expect(problems[0]).toMatchObject({ code: 'E_ENCODING', place: { line: 3, column: 7 } });
  });

  test('several mistakes -> one error with all of them, exit 2', async () => {
    const error = await failure(loadTask(write('bad.yaml', `${OK}workers: many\nfoo: 1\n`)));
    expect(error.problems.map(({ code }) => code)).toEqual(['E_TASK_RANGE', 'E_TASK_UNKNOWN_KEY']);
    expect(error.exitCode).toBe(2);
    expect(error.message).toMatch(/E_TASK_RANGE .*bad\.yaml:3:10: workers is "many"/);
  });

  test('roots: everything inside -> loaded; a path or link that leaves them -> E_PATH_ESCAPE', async () => {
    const roots = [join(folder, 'root')];
    const inside = write('root/task.yaml', `${OK}seeds_file: rows.txt\n`);
    const outside = write('outside.yaml', OK);
    expect((await loadTask(inside, { roots })).task.name).toBe('root');
    expect((await failure(loadTask(outside, { roots }))).code).toBe('E_PATH_ESCAPE');
    symlinkSync(outside, join(folder, 'root/link.yaml'));
    expect((await failure(loadTask(join(folder, 'root/link.yaml'), { roots }))).code).toBe('E_PATH_ESCAPE');
    for (const key of ['seeds_file', 'output_dir']) {
      const { problems } = await failure(loadTask(write('root/leaves.yaml', `${OK}${key}: ../elsewhere/x.txt\n`), { roots }));
      expect(problems).toMatchObject([{ code: 'E_PATH_ESCAPE', place: { line: 3 } }]);
    }
    // A folder whose name only begins like the root is outside of it.
    expect((await failure(loadTask(write('root2/task.yaml', OK), { roots }))).code).toBe('E_PATH_ESCAPE');
    expect((await failure(loadTask(inside, { roots: [] }))).code).toBe('E_PATH_ESCAPE');
  });
});

describe('checkOutputDir', () => {
  test.each([
    ['blank', ' '],
    ['the root', '/'],
    ['the home folder', join(folder, 'home')],
    ['a file', join(folder, 'file.txt')],
    ['a folder under a file', join(folder, 'file.txt/out')],
  ])('%s -> E_OUT_DIR (B51)', async (_name, path) => {
    write('file.txt', 'x');
    const place = { file: 't.yaml', line: 1 };
    const problem = await checkOutputDir(path, place, join(folder, 'home'));
    expect(problem).toMatchObject({ code: 'E_OUT_DIR', place });
    expect(problem?.fix).toBeTruthy();
  });

  test.runIf(process.getuid?.() !== 0)('a folder without permission -> E_OUT_DIR with its errno (B51)', async () => {
    mkdirSync(join(folder, 'locked'), { mode: 0o500 });
    expect((await checkOutputDir(join(folder, 'locked/out')))?.found).toContain('EACCES');
  });

  test('inside the folder of another run -> E_OUT_NESTED (B52); the run folder itself -> fine', async () => {
    write(`run/${RUN_MARKER}`, '{}');
    expect(await checkOutputDir(join(folder, 'run/a/b'))).toMatchObject({ code: 'E_OUT_NESTED' });
    expect(await checkOutputDir(join(folder, 'run'))).toBeNull();
    expect(await checkOutputDir(join(folder, 'new/folder'))).toBeNull();
  });
});

test.each([
  ['quickstart', 18],
  ['translation', 9],
  ['multi-turn', 5],
  ['classification', 6],
  ['extraction', 4],
])('examples/%s -> loads without a note, and every row fills its template', async (name, least) => {
  const { task, notes, prompt } = await loadTask(`examples/${name}/task.yaml`);
  expect(notes).toEqual([]);
  expect(task.model.provider).toBe('sim');
  let rows = 0;
  const reading = readSeeds({ file: task.seedsFile }, { prompt });
  for await (const seed of reading) {
    expect(prompt.template.render(seed.content)).not.toContain('{{');
    rows += 1;
  }
  expect(rows).toBeGreaterThanOrEqual(least);
  expect(reading.notes()).toEqual([]);
});
