import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { ProcessLock } from '../../src/store/process-lock.js';
import { endHomes, newFolder, until } from '../host/host-support.js';

afterEach(endHomes);

const HOLDER = `
const { ProcessLock } = await import(process.argv[1]);
console.log(ProcessLock.tryAcquire(process.argv[2]) === null ? 'busy' : 'held');
setInterval(() => undefined, 1000);
`;

it('ProcessLock: held by a living process -> busy; its holder killed -> free', async () => {
  const path = join(newFolder(), 'x.lock');
  const module = new URL('../../src/store/process-lock.ts', import.meta.url).href;
  const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', HOLDER, module, path]);
  const ended = new Promise((resolve) => holder.once('exit', resolve));
  let said = '';
  holder.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  try {
    await until('the holder has said something', () => said !== '');
    expect(said.trim()).toBe('held');
    expect(ProcessLock.tryAcquire(path)).toBeNull();
  } finally {
    holder.kill('SIGKILL');
    await ended;
  }
  const lock = ProcessLock.tryAcquire(path);
  expect(lock).not.toBeNull();
  lock?.release();
});

it('ProcessLock: released -> free again; a folder that is not there -> an error, not busy', () => {
  const folder = newFolder();
  for (let times = 0; times < 3; times += 1) {
    const lock = ProcessLock.tryAcquire(join(folder, 'x.lock'));
    expect(lock).not.toBeNull();
    lock?.release();
  }
  expect(() => ProcessLock.tryAcquire(join(folder, 'no', 'x.lock'))).toThrow();
});
