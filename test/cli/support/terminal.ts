/** A process that exists only in memory: what the CLI wrote, a clock that moves when it waits, signals on demand. */
import { Writable } from 'node:stream';
import type { CliContext, CliDeps, OutputStream, StopSignal } from '../../../src/cli/context.js';
import { runCli } from '../../../src/cli/run-cli.js';
import type { Config } from '../../../src/config.js';
import { NO_PROXIES } from '../../../src/core/proxy.js';

export const CONFIG: Config = {
  home: '/home/ada/.local/state/durable-swarm',
  cacheDir: '/home/ada/.cache/durable-swarm',
  databaseUrl: null,
  temporalBin: null,
  temporalPort: 7233,
  webUi: { hosts: [] },
  externalTemporal: false,
  taskRoots: ['/data'],
  workerVersion: null,
  maxDailyCost: null,
  warnAt: null,
  temporalInputs: { starts: true, models: ['sim/*'], bases: [], keys: [], maxCostUsd: null },
  proxies: NO_PROXIES,
  idleMs: 60_000,
  logLevel: 'info',
  ci: false,
};

export const START = Date.UTC(2026, 10, 21, 9, 0, 0);

export interface TerminalOptions {
  config?: Partial<Config>;
  /** How the program was called. @default swarm */
  command?: string;
  /** Columns; undefined = not a terminal. */
  stdoutColumns?: number;
  stderrColumns?: number;
  /** @default 24 */
  stderrRows?: number;
  stdinIsTerminal?: boolean;
  color?: boolean;
  utf8?: boolean;
  dumb?: boolean;
  /** Answers to questions, in order. */
  answers?: string[];
  deps?: Partial<CliDeps>;
}

export interface Finished {
  stdout: string;
  stderr: string;
  exitCode: number;
  questions: string[];
}

function stream(columns: number | undefined, chunks: Buffer[], rows = 24): OutputStream {
  const writable = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return Object.assign(writable, columns === undefined ? {} : { isTTY: true, columns, rows });
}

/** Parts that must not be reached: each says so. */
function depsOf(given: Partial<CliDeps>): CliDeps {
  const shout = (name: string) => () => {
    throw new Error(`the test did not expect ${name}`);
  };
  return new Proxy(given as CliDeps, { get: (target, name) => Reflect.get(target, name) ?? shout(String(name)) });
}

export class FakeTerminal {
  readonly context: CliContext;
  readonly questions: string[] = [];
  readonly closeStdout = new AbortController();
  /** Called on each wait, with the time so far in ms. */
  onSleep: (elapsedMs: number) => void = () => undefined;
  private readonly out: Buffer[] = [];
  private readonly err: Buffer[] = [];
  private readonly listeners = new Set<(signal: StopSignal) => void>();
  private clock = START;

  constructor(private readonly options: TerminalOptions = {}) {
    const answers = [...(options.answers ?? [])];
    this.context = {
      stdout: stream(options.stdoutColumns, this.out),
      stderr: stream(options.stderrColumns, this.err, options.stderrRows),
      stdinIsTerminal: options.stdinIsTerminal ?? false,
      cwd: '/data',
      command: options.command ?? 'swarm',
      config: { ...CONFIG, ...options.config },
      terminal: { dumb: options.dumb ?? false, color: options.color ?? false, utf8: options.utf8 ?? false },
      now: () => this.clock,
      sleep: async (ms, signal) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (signal?.aborted) return;
        this.clock += ms;
        this.onSleep(this.clock - START);
      },
      ask: async (question) => {
        this.questions.push(question);
        const answer = answers.shift();
        if (answer === undefined) throw new Error(`the test has no answer to: ${question}`);
        return answer;
      },
      onSignal: (listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
      spareMemory: () => undefined,
      stdoutClosed: this.closeStdout.signal,
    };
  }

  signal(signal: StopSignal): void {
    for (const listener of this.listeners) listener(signal);
  }

  get listening(): number {
    return this.listeners.size;
  }

  get stdout(): string {
    return Buffer.concat(this.out).toString('utf8');
  }

  get stderr(): string {
    return Buffer.concat(this.err).toString('utf8');
  }

  async run(...argv: string[]): Promise<Finished> {
    const exitCode = await runCli(argv, this.context, depsOf(this.options.deps ?? {}));
    return { stdout: this.stdout, stderr: this.stderr, exitCode, questions: this.questions };
  }
}

/** `swarm ...argv` in a fresh process of its own. */
export async function swarm(argv: readonly string[], options: TerminalOptions = {}): Promise<Finished> {
  return await new FakeTerminal(options).run(...argv);
}

/** The lines of stdout as JSON. */
export function jsonLines({ stdout }: { stdout: string }): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
