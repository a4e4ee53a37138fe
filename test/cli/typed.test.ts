import { expect, it } from 'vitest';
import { calledAs, calledBy, shellWord, typedLine } from '../../src/cli/typed.js';
import { SwarmError } from '../../src/core/errors.js';
import { FakeRun } from './support/fake-run.js';
import { swarm } from './support/terminal.js';

it.each([
  ['a/b-c_1.yaml', 'a/b-c_1.yaml'],
  ['', "''"],
  ['a b', "'a b'"],
  ["it's", "'it'\\''s'"],
  ['$HOME', "'$HOME'"],
  ['~', "'~'"],
  ['*.csv', "'*.csv'"],
])('shellWord: %j -> %s', (word, quoted) => {
  expect(shellWord(word)).toBe(quoted);
});

it('typedLine: what was typed, and more at its end -> each option once, never --fresh', () => {
  expect(typedLine(['run', 't', '--fresh', '--fork'], ['--fork'])).toBe('swarm run t --fork');
  expect(typedLine(['run', 't', '--out', 'o'], ['--fresh'])).toBe('swarm run t --out o --fresh');
  expect(typedLine(['run', 't', '--changed', 'keep', '--limit', '2'])).toBe('swarm run t --limit 2');
  expect(typedLine(['run', 'keep', '--changed=keep'], ['--changed', 'keep'])).toBe('swarm run keep --changed keep');
});

it('typedLine: words after -- -> stay as they are, what is added goes before them', () => {
  expect(typedLine(['run', '--limit', '2', '--', '-t.yaml'], ['--fork'])).toBe('swarm run --limit 2 --fork -- -t.yaml');
  expect(typedLine(['run', '--', '--fresh'])).toBe('swarm run -- --fresh');
});

it.each([
  ['/c/node_modules/.bin/swarm', false, 'swarm'],
  ['/c/node_modules/.bin/swarm', true, 'npx swarm'],
  ['/c/dist/programs/swarm.js', false, 'node dist/programs/swarm.js'],
  ['/other clone/swarm.js', false, "node '/other clone/swarm.js'"],
  ['/c/dist/cli/main.js', true, 'npx swarm'],
])('calledAs: %s, npm %s -> %s', (path, byNpm, command) => {
  expect(calledAs(path, '/c', byNpm)).toBe(command);
});

it('calledBy: hints have the name that was typed; other words stay', () => {
  expect(calledBy('npx swarm', 'go on: swarm resume a; swarm run t. A swarm of workers, /x/swarm run')).toBe(
    'go on: npx swarm resume a; npx swarm run t. A swarm of workers, /x/swarm run',
  );
});

it('calledBy: signs that mean something to a replacement -> stay as they are', () => {
  const command = calledAs("/a$&b$'c/swarm.js", '/elsewhere', false);
  expect(calledBy(command, 'go on: swarm resume a')).toBe(`go on: ${command} resume a`);
});

it('swarm run in a clone: hints are typed by npx', async () => {
  const fake = new FakeRun({ moments: [{ state: 'paused', reason: 'user' }], result: { message: null, exitCode: 1 } });
  const { stderr } = await swarm(['run', 't.yaml'], { deps: fake.deps(), command: 'npx swarm' });
  expect(stderr).toContain('go on: npx swarm resume poems-1');
});

it('swarm run, a changed task: the ways out are whole command lines', async () => {
  const fake = new FakeRun({ moments: [{}] });
  fake.onStart = async () => {
    throw new SwarmError({
      code: 'E_OUT_MISMATCH',
      found: 'changed',
      fix: '--changed keep, --changed redo, --fork for a new folder, --fresh to start over',
    });
  };
  const { stderr, exitCode } = await swarm(['run', 'my task.yaml', '--limit', '5'], { deps: fake.deps() });
  expect(exitCode).toBe(2);
  expect(stderr).toContain("keep the rows that are done: swarm run 'my task.yaml' --limit 5 --changed keep;");
  expect(stderr).toContain("do the changed rows anew: swarm run 'my task.yaml' --limit 5 --changed redo;");
  expect(stderr).toContain("for a new folder beside it: swarm run 'my task.yaml' --limit 5 --fork;");
  expect(stderr).toContain("to start over in this one: swarm run 'my task.yaml' --limit 5 --fresh;");
});
