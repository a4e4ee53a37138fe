/** The processes of one scenario: command, host with its Temporal server, a second worker, the provider. Blows fall on them here. */
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskFileInput } from '../../src/schema/task.js';
import { isAlive, until } from '../host/host-support.js';
import type { Ended, Program } from '../support/program.js';
import type { Provider } from '../support/provider.js';
import type { TaskFiles } from '../support/run-folder.js';
import { SwarmHome } from '../support/swarm-home.js';
import { CANARY_ENV, filesWithKey, newCanary } from './canary.js';
import { type Blow, check, type Findings } from './checker.js';
import { leftovers } from './leftovers.js';
import { chaosTask, type Work } from './rows.js';
import type { Expected } from './undisturbed.js';

export type Target = 'cli' | 'host' | 'server' | 'worker';

const READY_MS = 90_000;
const GONE_MS = 30_000;
/** What we started is gone this long after the end, at most. */
const LEAVE_MS = 5_000;
/** A command may end with these: rows held back by the model failed; or Temporal or the host was away for too long. */
const FAILED_ROWS = 1;
const UNREACHABLE = 4;

export interface SceneOptions {
  /** Added to the environment of every process. */
  env?: NodeJS.ProcessEnv;
  /** The same for all but the provider, whose log is the measure. */
  ours?: NodeJS.ProcessEnv;
  /** Added to the task. */
  keys?: Partial<TaskFileInput>;
  /** More flags of `swarm simulate`. */
  provider?: readonly string[];
  /** Opens a door before the provider and returns its address: the calls go through it. */
  door?: (url: string) => Promise<string>;
}

export class Scene {
  readonly home: SwarmHome;
  readonly canary: string;
  readonly provider: Provider;
  readonly files: TaskFiles;
  #ours: NodeJS.ProcessEnv = {};
  readonly blows: Blow[] = [];
  /** What went wrong beside the run's result. */
  readonly wrong: string[] = [];
  #cli: Program | null = null;
  #flags: readonly string[] = [];
  #worker: Program | null = null;

  private constructor(home: SwarmHome, canary: string, provider: Provider, files: TaskFiles) {
    this.home = home;
    this.canary = canary;
    this.provider = provider;
    this.files = files;
  }

  static async open(work: Work, latency: string, options: SceneOptions = {}): Promise<Scene> {
    const canary = newCanary();
    const home = await SwarmHome.create({ [CANARY_ENV]: canary, ...options.env });
    const provider = await home.provider(['--latency', latency, ...(options.provider ?? [])]);
    const url = (await options.door?.(provider.url)) ?? provider.url;
    const scene = new Scene(home, canary, provider, chaosTask(home, 'task', url, work, options.keys));
    scene.#ours = options.ours ?? {};
    return scene;
  }

  /** What the run left, and what went wrong beside it. */
  findings(expected: Expected): Findings {
    const found = check({ expected, out: this.files.out, calls: this.provider.calls(), blows: this.blows });
    return { ...found, broken: [...this.wrong, ...found.broken] };
  }

  /** True once a second worker was started. */
  get hasWorker(): boolean {
    return this.#worker !== null;
  }

  /** Types `swarm run`, with these flags from now on. */
  type(flags: readonly string[] = this.#flags): Program {
    this.#flags = flags;
    this.#cli = this.home.swarm(['run', this.files.path, '--json', '--yes', ...flags], this.#ours);
    return this.#cli;
  }

  async startWorker(): Promise<void> {
    await until('the host is ready', () => this.home.host() !== null, READY_MS);
    const worker = this.home.swarm(['worker'], this.#ours);
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

  /** kill -9 of the Temporal server; its port is held for a while, so that the host cannot start it again. */
  async killServer(downMs: number): Promise<void> {
    const port = Number(this.home.host()?.temporalAddress?.split(':')[1] ?? 0);
    await this.kill(['server']);
    if (port > 0 && downMs > 0) await holdPort(port, downMs);
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
    this.#note(`${target} stalled ${(ms / 1000).toFixed(1)} s`, from, [{ target }], true);
  }

  #note(what: string, from: number, struck: readonly { target: Target }[], stalled = false): void {
    const sockets = struck.some(({ target }) => target === 'host' || target === 'worker');
    this.blows.push({ what, from, until: Date.now(), sockets, stalled });
  }

  /** Types `swarm run` until the run has ended, with one of these codes. */
  async untilEnded(ms: number, codes: readonly number[] = [0, FAILED_ROWS]): Promise<Ended | null> {
    const late = Date.now() + ms;
    for (;;) {
      const cli = this.#cli ?? this.type();
      const ended = await Promise.race([cli.ended, sleep(Math.max(0, late - Date.now())).then(() => null)]);
      if (ended === null) {
        this.wrong.push(`the run had not ended after ${ms / 1000} s`);
        return null;
      }
      if (ended.code !== null && codes.includes(ended.code)) return ended;
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

/** Nobody else can listen on the port meanwhile. When somebody already does, there is nothing to hold. */
async function holdPort(port: number, ms: number): Promise<void> {
  const holder = createServer((socket) => socket.destroy());
  const held = await new Promise<boolean>((resolve) => {
    holder.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!held) return;
  await sleep(ms);
  await new Promise((resolve) => holder.close(resolve));
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
