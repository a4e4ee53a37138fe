import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const HOME = mkdtempSync(join(tmpdir(), 'swarm-cli-'));

/** `swarm ...argv` as a real process. */
class Process {
  static readonly all: Process[] = [];
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly exit: Promise<{ code: number | null; signal: string | null }>;

  constructor(argv: readonly string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, SWARM_HOME: HOME },
    });
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.exit = new Promise((resolve) => this.child.once('close', (code, signal) => resolve({ code, signal })));
    Process.all.push(this);
  }

  /** The first line of stdout. */
  async firstLine(): Promise<string> {
    while (!this.stdout.includes('\n')) {
      const more = new Promise<void>((resolve) => this.child.stdout?.once('data', () => resolve()));
      const ended = await Promise.race([more.then(() => false), this.exit.then(() => true)]);
      if (ended) throw new Error(`ended without a line: ${this.stderr}`);
    }
    return this.stdout.slice(0, this.stdout.indexOf('\n'));
  }
}

afterEach(async () => {
  for (const { child, exit } of Process.all.splice(0)) {
    child.kill('SIGKILL');
    await exit;
  }
});

afterAll(() => rmSync(HOME, { recursive: true, force: true }));

describe('swarm as a process', () => {
  it('a mistake in the command line: exit code 2, nothing on stdout', async () => {
    const swarm = new Process(['statsu']);
    expect(await swarm.exit).toEqual({ code: 2, signal: null });
    expect(swarm.stdout).toBe('');
    expect(swarm.stderr).toContain('did you mean status?');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('simulate: answers until %s -> exit %i', async (signal, code) => {
    const swarm = new Process(['simulate', '--latency', '0']);
    const url = await swarm.firstLine();
    expect((await fetch(`${url}/models`)).status).toBe(200);
    swarm.child.kill(signal);
    expect(await swarm.exit).toEqual({ code, signal: null });
    expect(swarm.stderr).toBe('');
  });

  it('stdout closed by its reader: quiet -> exit 0', async () => {
    const swarm = new Process(['--help']);
    swarm.child.stdout?.destroy();
    expect(await swarm.exit).toEqual({ code: 0, signal: null });
    expect(swarm.stderr).toBe('');
  });
});
