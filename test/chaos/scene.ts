/** The processes of one scenario: command, host with its Temporal server, a second worker, the provider. Blows fall on them here. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, until } from '../host/host-support.js';
import type { Ended, Program } from '../support/program.js';
import type { Provider } from '../support/provider.js';
import type { TaskFiles } from '../support/run-folder.js';
import { SwarmHome } from '../support/swarm-home.js';
import { CANARY_ENV, filesWithKey, newCanary } from './canary.js';
import type { Blow } from './checker.js';
import { leftovers } from './leftovers.js';
import { chaosTask, type Work } from './rows.js';

export type Target = 'cli' | 'host' | 'server' | 'worker';

const READY_MS = 30_000;
const GONE_MS = 10_000;
/** What we started is gone this long after the end, at most. */
const LEAVE_MS = 5_000;
/** A command may end with these: rows held back by the model failed; or Temporal or the host was away for too long. */
const FAILED_ROWS = 1;
const UNREACHABLE = 4;

export class Scene {
  readonly home: SwarmHome;
  readonly canary: string;
  readonly provider: Provider;
  readonly files: TaskFiles;
  readonly blows: Blow[] = [];
  /** What went wrong beside the run's result. */
  readonly wrong: string[] = [];
  /** When `swarm run` was typed after everything had died, ms since the Unix epoch. */
  readonly restarts: number[] = [];
  #cli: Program | null = null;
  #worker: Program | null = null;

  private constructor(home: SwarmHome, canary: string, provider: Provider, files: TaskFiles) {
    this.home = home;
    this.canary = canary;
    this.provider = provider;
    this.files = files;
  }

  static async open(work: Work, latency: string, env: NodeJS.ProcessEnv = {}): Promise<Scene> {
    const canary = newCanary();
    const home = await SwarmHome.create({ [CANARY_ENV]: canary, ...env });
    const provider = await home.provider(['--latency', latency]);
    return new Scene(home, canary, provider, chaosTask(home, 'task', provider.url, work));
  }

  /** True once a second worker was started. */
  get hasWorker(): boolean {
    return this.#worker !== null;
  }

  /** Types `swarm run`. */
  type(): Program {
    this.restarts.push(Date.now());
    this.#cli = this.home.swarm(['run', this.files.path, '--json', '--yes']);
    return this.#cli;
  }

  async startWorker(): Promise<void> {
    await until('the host is ready', () => this.home.host() !== null, READY_MS);
    const worker = this.home.swarm(['worker']);
    this.#worker = worker;
    await worker.says(/The worker polls/).catch(() => undefined);
  }

  pidOf(target: Target): number | null {
    if (target === 'cli') return livingPid(this.#cli);
    if (target === 'worker') return livingPid(this.#worker);
    return target === 'host' ? this.home.startedHostPid() : this.home.temporalPid();
  }

  /** kill -9 of these, in this order. Those that do not live are left out; nothing is noted when none did. */
  async kill(targets: readonly Target[], pauseMs = 0): Promise<void> {
    const from = Date.now();
    const struck: { target: Target; pid: number }[] = [];
    for (const target of targets) {
      const pid = this.pidOf(target);
      if (pid !== null && signal(pid, 'SIGKILL')) struck.push({ target, pid });
      if (pauseMs > 0) await sleep(pauseMs);
    }
    await until('the killed processes are gone', () => struck.every(({ pid }) => !isAlive(pid)), GONE_MS);
    if (struck.length > 0) this.#note(struck.map(({ target }) => target).join('+'), from, struck);
  }

  /** SIGSTOP for a while, then SIGCONT. */
  async stall(target: Target, ms: number): Promise<void> {
    const pid = this.pidOf(target);
    const from = Date.now();
    if (pid === null || !signal(pid, 'SIGSTOP')) return;
    try {
      await sleep(ms);
    } finally {
      signal(pid, 'SIGCONT');
    }
    this.#note(`${target} stalled ${(ms / 1000).toFixed(1)} s`, from, [{ target }]);
  }

  #note(what: string, from: number, struck: readonly { target: Target }[]): void {
    const sockets = struck.some(({ target }) => target === 'host' || target === 'worker');
    this.blows.push({ what, from, until: Date.now(), sockets });
  }

  /** Types `swarm run` until the run has ended. */
  async untilEnded(ms: number): Promise<Ended | null> {
    const late = Date.now() + ms;
    for (;;) {
      const cli = this.#cli ?? this.type();
      const ended = await Promise.race([cli.ended, sleep(Math.max(0, late - Date.now())).then(() => null)]);
      if (ended === null) {
        this.wrong.push(`the run had not ended after ${ms / 1000} s`);
        return null;
      }
      if (ended.code === 0 || ended.code === FAILED_ROWS) return ended;
      // A killed command, or one that met a host or a server on its way out.
      if (ended.code !== null && ended.code !== UNREACHABLE) {
        this.wrong.push(`swarm run ended with ${ended.code}: ${ended.stderr.slice(-400)}`);
        return null;
      }
      this.#cli = null;
    }
  }

  /** Ends everything, then looks for what may not be there. */
  async leave(): Promise<void> {
    await this.#cli?.stop('SIGKILL');
    const worker = this.#worker;
    if (worker !== null && livingPid(worker) !== null) {
      const { code, signal: by } = await worker.stop('SIGTERM', 40_000);
      if (code !== 143 && code !== 0) this.wrong.push(`swarm worker ended with ${code ?? by}`);
    }
    await this.home.swarm(['stop']).ended;
    await this.provider.stop();
    for (const left of await leftovers(this.home.home, LEAVE_MS)) this.wrong.push(`left behind: ${left}`);
    for (const path of filesWithKey(this.home.folder, this.canary)) this.wrong.push(`the API key is in ${path}`);
  }

  /** `keep`: the folder stays, as evidence. */
  close(keep = false): Promise<void> {
    return this.home.close(keep);
  }
}

function livingPid(program: Program | null): number | null {
  return program !== null && isAlive(program.pid) ? program.pid : null;
}

/** False when it is gone. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
