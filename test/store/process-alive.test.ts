import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isProcessAlive, processStart } from '../../src/store/process-alive.js';

const LATE_MS = 10_000;

describe('isProcessAlive', () => {
  it('this process, and one of another user -> alive', () => {
    expect(isProcessAlive(process.pid)).toBe(true);
    expect(isProcessAlive(1)).toBe(true);
  });

  it('ended and waited for -> dead', () => {
    expect(isProcessAlive(spawnSync(process.execPath, ['--version']).pid)).toBe(false);
  });

  it.skipIf(process.platform !== 'linux')(
    'ended, and its parent never waits -> dead, although the pid is still taken',
    async () => {
      // After exec the shell is `sleep`, which knows nothing of its child.
      const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(parent, 'close');
      try {
        const [line] = (await once(parent.stdout, 'data')) as [Buffer];
        const pid = Number(line.toString());
        for (const late = Date.now() + LATE_MS; isProcessAlive(pid) && Date.now() < late; ) await sleep(10);
        expect(isProcessAlive(pid)).toBe(false);
        expect(existsSync(`/proc/${pid}`)).toBe(true);
      } finally {
        parent.kill('SIGKILL');
        await ended;
      }
    },
  );
});

it.skipIf(process.platform !== 'linux')('processStart: a process -> when it began; none -> null', () => {
  expect(processStart(process.pid)).toMatch(/^\d+$/);
  expect(processStart(spawnSync(process.execPath, ['--version']).pid)).toBeNull();
});
