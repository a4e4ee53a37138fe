/** A home of its own for a test file: ports, the CLI as processes, the provider, the host; all of it gone afterwards. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNeeded } from '../../scripts/build.mjs';
import { homePaths } from '../../src/home.js';
import { pickPortPair } from '../../src/host/ports.js';
import type { HostInfo } from '../../src/host-protocol.js';
import type { TaskFileInput } from '../../src/schema/task.js';
import { isAlive, until } from '../host/host-support.js';
import { type Ended, killAndWait, Program } from './program.js';
import { Provider } from './provider.js';
import { type TaskFiles, writeTask } from './run-folder.js';

/** The built command and library: what users run. */
export const CLI = fileURLToPath(new URL('../../dist/programs/swarm.js', import.meta.url));
export const LIBRARY = fileURLToPath(new URL('../../dist/client/index.js', import.meta.url));

/** A host that its test forgot goes by itself. */
const IDLE_MS = 30_000;
/** Away from the default, so that a host of the user is not in the way, and from the homes of a test file that runs beside this one. */
const FIRST_PORT = 17_233 + 100 * Number(process.env['VITEST_POOL_ID'] ?? 0);

/** The last line of `swarm run --json`. */
export interface EndEvent {
  event: 'end';
  run: string;
  state: string;
  reason: string | null;
  total: number;
  ok: number;
  failed: number;
  cost_usd: number;
  output_dir: string;
  output_file: string | null;
  exit_code: number;
}

/** What `swarm status --json` tells. */
export interface Status {
  run: string;
  state: string;
  reason: string | null;
  epoch: number;
  total: number;
  ok: number;
  failed: number;
  in_flight: number;
  calls: number;
  doubtful: number;
  cost_usd: number;
  held_usd: number;
  max_cost_usd: number | null;
  concurrency: number;
  requests_per_minute: number | null;
  waits_for: string | null;
  waits_since: number | null;
  waits_until: number | null;
  rest: { sample_rows: number; cost_usd: { low: number; expected: number; high: number } | null } | null;
}

/** Nothing of the user's own settings reaches the programs under test. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(SWARM_|TEMPORAL_|VITEST|NODE_OPTIONS$|NODE_ENV$|CI$|FORCE_COLOR$)|_API_KEY$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

/** The process that a file of the home names, while it lives. */
function livingPid(file: string): number | null {
  const pid = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { pid: number | null }).pid : null;
  return pid !== null && isAlive(pid) ? pid : null;
}

export class SwarmHome {
  /** Parent of everything: the home, tasks, logs. */
  readonly folder: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #programs: Program[] = [];
  #providers = 0;

  private constructor({ folder, name }: { folder: string; name: string }, port: number, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.home = join(folder, name);
    this.env = {
      ...cleanEnvironment(),
      SWARM_HOME: this.home,
      SWARM_TEMPORAL_PORT: String(port),
      SWARM_IDLE_MS: String(IDLE_MS),
      SWARM_TASK_ROOTS: folder,
      ...env,
    };
  }

  /** `env` is added to that of every program; `name` is the home's in the folder. Throws when dist/ is not what src/ says. */
  static async create(env: NodeJS.ProcessEnv = {}, name = 'home'): Promise<SwarmHome> {
    if (!existsSync(CLI) || buildNeeded()) throw new Error('dist/ is missing or stale: run `npm run build` first');
    const { port } = await pickPortPair(FIRST_PORT);
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'swarm-e2e-')));
    return new SwarmHome({ folder, name }, port, env);
  }

  /** Starts `swarm ARGS`. */
  swarm(args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    return this.node([CLI, ...args], env);
  }

  /** Starts Node with the environment of this home. */
  node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const program = new Program(args, { cwd: this.folder, env: { ...this.env, ...env } });
    this.#programs.push(program);
    return program;
  }

  /** Runs `swarm ARGS` to its end. Throws when the exit code is another. */
  async run(args: readonly string[], code = 0, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const ended = await this.swarm(args, env).ended;
    if (ended.code !== code) {
      throw new Error(
        `swarm ${args.join(' ')}: exit ${ended.code ?? ended.signal}, not ${code}\n${ended.stdout.slice(-2_000)}\n${ended.stderr.slice(-4_000)}`,
      );
    }
    return ended;
  }

  async status(run: string): Promise<Status> {
    return JSON.parse((await this.run(['status', run, '--json'])).stdout) as Status;
  }

  /** Id of the run that a started `swarm run --json` has told. */
  async runId(program: Program): Promise<string> {
    const [line] = await program.says(/^\{"event":"start".*\}$/m);
    return (JSON.parse(line) as { run: string }).run;
  }

  /** A simulated provider with a billing log; `flags` as for `swarm simulate`. */
  async provider(flags: readonly string[] = []): Promise<Provider> {
    this.#providers += 1;
    const log = join(this.folder, `provider-${this.#providers}.jsonl`);
    const program = this.swarm(['simulate', '--log', log, ...flags]);
    const [url] = await program.says(/^http:\S+/m);
    return new Provider(program, url, log);
  }

  task(name: string, keys: Partial<TaskFileInput> & { worker_model: string }, seeds: readonly unknown[]): TaskFiles {
    return writeTask(this.folder, name, keys, seeds);
  }

  /** What the living host says about itself; null when there is none or it is not ready. */
  host(): HostInfo | null {
    const { info } = homePaths(this.home);
    if (!existsSync(info)) return null;
    const found = JSON.parse(readFileSync(info, 'utf8')) as HostInfo;
    return found.temporalAddress !== undefined && isAlive(found.pid) ? found : null;
  }

  /** Of the host that is ready. */
  hostPid(): number {
    const host = this.host();
    if (host === null) throw new Error('no host is running');
    return host.pid;
  }

  /** Of the host that has the home, ready or still starting; null when there is none. */
  startedHostPid(): number | null {
    return livingPid(homePaths(this.home).info);
  }

  /** Of the Temporal server that the host started last; null when there is none. */
  temporalPid(): number | null {
    return livingPid(homePaths(this.home).temporalState);
  }

  /** kill -9 of the host; the server dies with it. */
  async killHost(): Promise<void> {
    await killAndWait(this.hostPid());
  }

  /** Ends all programs, the host and its server, and removes the folder, unless it is to be kept. */
  async close(keep = Boolean(process.env['SWARM_TEST_KEEP'])): Promise<void> {
    for (const program of this.#programs.splice(0)) await program.stop('SIGKILL');
    const { info, temporalState } = homePaths(this.home);
    for (const file of [info, temporalState]) {
      const pid = livingPid(file);
      if (pid === null) continue;
      if (file === info) await killAndWait(pid);
      // It is on the host's leash and stops by itself.
      else await until(`the Temporal server ${pid} ends`, () => !isAlive(pid), 15_000);
    }
    if (keep) process.stdout.write(`kept ${this.folder}\n`);
    else rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** The `end` event of `swarm run --json`, `watch --json` or `retry --json`. */
export function endEvent({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>): EndEvent {
  const line = stdout.split('\n').find((text) => text.startsWith('{"event":"end"'));
  if (line === undefined) throw new Error(`no end event:\n${stdout.slice(-2_000)}\n${stderr.slice(-2_000)}`);
  return JSON.parse(line) as EndEvent;
}
