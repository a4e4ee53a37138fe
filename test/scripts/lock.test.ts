import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../../scripts/lock.mjs';
import { root } from '../support/source-files.js';

const LOCK = pathToFileURL(join(root, 'scripts', 'lock.mjs')).href;

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swarm-lock-'));
  children = [];
});

afterEach(async () => {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await new Promise((resolve) => child.once('close', resolve));
      }
    }),
  );
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a process that runs this module text, with `withLock`, `lock`, `log` and `sleep` at hand. */
function start(work: string): ChildProcess {
  const text = `
    import { appendFileSync } from 'node:fs';
    import { withLock } from ${JSON.stringify(LOCK)};
    const lock = ${JSON.stringify(join(folder, 'lock'))};
    const log = (line) => appendFileSync(${JSON.stringify(join(folder, 'log'))}, line + '\\n');
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    ${work}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once('close', resolve));

describe('withLock', () => {
  it('six processes, five turns each -> one at a time, none lost', async () => {
    const work = `
      for (let i = 0; i < 5; i++) {
        await withLock(lock, async () => { log('in ' + process.pid); await sleep(2); log('out ' + process.pid); }, { pollMs: 1 });
      }`;
    const codes = await Promise.all(Array.from({ length: 6 }, () => ended(start(work))));
    expect(codes).toEqual([0, 0, 0, 0, 0, 0]);
    const lines = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(60);
    for (let i = 0; i < lines.length; i += 2) {
      expect(lines[i]).toMatch(/^in /);
      expect(lines[i + 1]).toBe(lines[i]?.replace('in', 'out'));
    }
    expect(readdirSync(join(folder, 'lock'))).toHaveLength(1);
  });

  it('a holder that was killed -> the next one takes the lock', async () => {
    const holder = start(`await withLock(lock, async () => { console.log('held'); await sleep(60_000); });`);
    await new Promise((resolve) => holder.stdout?.once('data', resolve));
    const waitedFor: number[] = [];
    const next = withLock(join(folder, 'lock'), async () => 'mine', { pollMs: 1, onWait: (pid) => waitedFor.push(pid) });
    expect(waitedFor).toEqual([holder.pid]);
    holder.kill('SIGKILL');
    expect(await next).toBe('mine');
  });

  it('a process id that another process has by now -> not the holder', async () => {
    await withLock(join(folder, 'lock'), async () => undefined);
    const [top = ''] = readdirSync(join(folder, 'lock'));
    writeFileSync(join(folder, 'lock', top), JSON.stringify({ pid: process.pid, born: 'another time' }));
    expect(await withLock(join(folder, 'lock'), async () => 'mine', { pollMs: 1 })).toBe('mine');
  });

  it('work that throws -> the error comes through and the lock is free', async () => {
    const failing = withLock(join(folder, 'lock'), async () => {
      throw new Error('no space');
    });
    await expect(failing).rejects.toThrow('no space');
    expect(await withLock(join(folder, 'lock'), async () => 'mine')).toBe('mine');
  });
});
