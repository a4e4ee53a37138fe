/** What the CLI asks of the process it runs in, and of the other parts. Both are injected, so that tests run it in process. */

import type { ConnectOptions, Swarm } from '../client/api.js';
import type { StoreReader } from '../client/reader.js';
import type { Config, TerminalSettings } from '../config.js';
import type { HostInfo, HostStatus } from '../host-protocol.js';
import type { CheckFacts, CheckReport } from '../runs/check.js';
import type { StartOptions } from '../runs/start-options.js';

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** A standard stream. `columns` is undefined when it is not a terminal. */
export type OutputStream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number };

/** The process, as narrow as the CLI needs it. */
export interface CliContext {
  /** Results only. */
  stdout: OutputStream;
  /** Talk, the live view, problems. */
  stderr: OutputStream;
  /** True when a person can be asked: standard input is a terminal. */
  stdinIsTerminal: boolean;
  cwd: string;
  /** How the program was called, as it is typed: `swarm`, `npx swarm`, `node dist/programs/swarm.js`. */
  command: string;
  config: Config;
  terminal: TerminalSettings;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after the time, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Asks on stderr and reads one line; '' at the end of the input. */
  ask(question: string): Promise<string>;
  /** Tells of each SIGINT and SIGTERM; returns the way to stop listening. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** Memory counts for more than speed from now on. */
  spareMemory(): void;
  /** Aborts once the reader of stdout has left (`| head -1`). */
  stdoutClosed: AbortSignal;
}

/** A simulated provider under way. */
export interface Simulator {
  /** Base URL for `worker_api_base`. */
  url: string;
  close(): Promise<void>;
}

/** Options of `swarm simulate` as typed; the simulator checks their values. */
export type SimulatorFlags = Readonly<Record<string, string | number | boolean>>;

/** The other parts of the project. The defaults load each one when it is first used. */
export interface CliDeps {
  /** Finds or starts the host. */
  connect(options: ConnectOptions): Promise<Swarm>;
  /** Reads the task, its seeds, and what the store knows of the task; starts nothing, calls nothing but `models`. */
  checkTask(task: string, options: StartOptions, config: Config, models?: CheckFacts['models']): Promise<CheckReport>;
  /** How the list of models of a task's endpoint is asked for. */
  servedModels(config: Config): NonNullable<CheckFacts['models']>;
  /** What a run of the checked task will say of its folder, a sentence each; throws what it will throw. Changes nothing. */
  whatRunSays(config: Config, task: string, options: StartOptions, report: CheckReport): Promise<string[]>;
  openReader(config: Config): Promise<StoreReader>;
  hostStatus(config: Config): Promise<HostStatus | null>;
  /** Finds or starts the host and keeps it. */
  startHost(config: Config, onProgress: (line: string) => void): Promise<HostInfo>;
  /** Finds or starts the host, which does not leave for being idle before it is released. */
  holdHost(config: Config, onProgress: (line: string) => void): Promise<{ info: HostInfo; release(): void }>;
  /** False when there was none. */
  stopHost(config: Config): Promise<boolean>;
  startSimulator(flags: SimulatorFlags): Promise<Simulator>;
  /** Resolves when the worker has drained after `signal`. `embedded` counts when no cluster is configured. */
  runWorker(
    config: Config,
    options: { signal: AbortSignal; embedded: { address: string; namespace: string } | null; onReady: () => void },
  ): Promise<void>;
  /** Path of the `temporal` program of this home. */
  temporalBinary(config: Config, onProgress: (line: string) => void): Promise<string>;
  /**
   * Runs the `temporal` program on our own terminal, against the embedded server at `address` and with no other settings of Temporal; null:
   * with those of the environment. Returns its exit code.
   */
  runProgram(path: string, args: readonly string[], address: string | null): Promise<number>;
}
