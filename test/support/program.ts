/** A program that a test started: its output as it comes, its end, and no leftovers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { isAlive } from '../host/host-support.js';

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** From start to end. */
  ms: number;
}

const running = new Set<Program>();
// Also when the test run itself is cut short.
process.once('exit', () => {
  for (const program of running) program.kill('SIGKILL');
});

export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  readonly #waiting = new Set<() => void>();

  constructor(args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    const started = performance.now();
    this.child = spawn(process.execPath, [...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this);
    const { stdout, stderr } = this.child;
    stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#look();
    });
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#look();
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        running.delete(this);
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr, ms: performance.now() - started });
        this.#look();
      });
    });
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error('the program did not start');
    return pid;
  }

  /** First match in what it has written or is yet to write to either stream. */
  async says(pattern: RegExp, ms = 30_000): Promise<RegExpExecArray> {
    const until = Date.now() + ms;
    for (;;) {
      const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (found) return found;
      if (Date.now() >= until || !running.has(this)) throw new Error(`it never said ${pattern}:\n${this.stdout}\n${this.stderr}`);
      await new Promise<void>((resolve) => {
        const late = setTimeout(done, until - Date.now());
        const waiting = this.#waiting;
        waiting.add(done);
        function done() {
          clearTimeout(late);
          waiting.delete(done);
          resolve();
        }
      });
    }
  }

  kill(signal: NodeJS.Signals): void {
    if (running.has(this)) this.child.kill(signal);
  }

  /** Ends it, first politely; resolves when it is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', patienceMs = 5_000): Promise<Ended> {
    this.kill(signal);
    const late = setTimeout(() => this.kill('SIGKILL'), patienceMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(late);
    }
  }

  #look(): void {
    for (const waiting of this.#waiting) waiting();
  }
}

/** Kills a process that is no child of ours (a host) and waits until it is gone. */
export async function killAndWait(pid: number, ms = 10_000): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGKILL');
  for (const until = Date.now() + ms; isAlive(pid); ) {
    if (Date.now() > until) throw new Error(`process ${pid} does not end`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
