/** Files of the runs that this process opened or publishes: staging of runs that plain Temporal started, publishing, partial output. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivityDeps, Staged } from '../activities/deps.js';
import { historyOf } from '../activities/history.js';
import type { Config } from '../config.js';
import { transcript } from '../core/conversation/next-step.js';
import { EXIT, type Problem, SwarmError } from '../core/errors.js';
import { checkKey } from '../core/key-check.js';
import { runIdOfWorkflow } from '../core/names.js';
import { parseTemplate } from '../core/template.js';
import { homeId } from '../home.js';
import { type LoadedTask, loadTask, loadTaskObject } from '../intake/load-task.js';
import { checkOutputDir } from '../intake/output-dir.js';
import { readSeeds, type SeedSource } from '../intake/read-seeds.js';
import { stageRun } from '../intake/stage-run.js';
import type { Prices } from '../llm/port.js';
import { packageVersion } from '../package-info.js';
import { capProblem } from '../pricing/cap-problem.js';
import { claimFolder, runFolders } from '../store/outputs/folder.js';
import { PartialOutput, removePartial } from '../store/outputs/partial.js';
import { publishRun } from '../store/outputs/publish.js';
import type { RunRow, Store } from '../store/port.js';
import type { RunInput } from '../workflows/messages.js';

type FileInput = Exclude<RunInput, { run: string }>;

export interface RunFilesOptions {
  store: Store;
  config: Config;
  prices: Prices;
  keys(name: string): string | undefined;
}

export class RunFiles implements Pick<ActivityDeps, 'stage' | 'claim' | 'publish' | 'checkpoint' | 'discardPartial'> {
  readonly #options: RunFilesOptions;
  readonly #partial = new Map<string, Promise<PartialOutput>>();
  /** Runs whose partial output is being written. */
  readonly #appending = new Map<string, Promise<void>>();
  /** Epochs of runs that are published here, or are being. */
  readonly #published = new Map<string, number>();

  constructor(options: RunFilesOptions) {
    this.#options = options;
  }

  /** Task and rows of a run that was started with a path or with prompts. Throws SwarmError on bad input. */
  async stage(input: FileInput, workflowId: string): Promise<Staged> {
    const { store, config } = this.#options;
    const runId = runIdOfWorkflow(workflowId);
    const { loaded, source } = await this.#load(input, runId);
    const { task, prompt } = loaded;
    const folder = await checkOutputDir(task.outputDir, loaded.placeOf('output_dir'));
    const homeCapUsd = config.maxDailyCost?.usd ?? null;
    const cap = capProblem(task, this.#options.prices, { placeOf: loaded.placeOf, homeCapUsd });
    const problems = [folder, cap].filter((problem) => problem !== null);
    if (problems.length > 0) throw new SwarmError(problems);
    this.#needKey(loaded);
    const { limit, total } = 'task' in input ? input : { limit: undefined, total: undefined };
    return await stageRun(
      {
        store,
        home: config.home,
        homeId: homeId(config.home),
        ...runFolders,
        now: () => Date.now(),
        random: () => Math.random(),
      },
      {
        task,
        rows: readSeeds(source, { prompt, ...(limit === undefined ? {} : { limit }), ...(total === undefined ? {} : { total }) }),
        limited: limit !== undefined,
        ifChanged: 'refuse',
        detached: true,
        origin: 'temporal',
        runId,
      },
    );
  }

  async #load(input: FileInput, runId: string): Promise<{ loaded: LoadedTask; source: SeedSource }> {
    const { config } = this.#options;
    if ('task' in input) {
      const loaded = await loadTask(input.task, { roots: config.taskRoots });
      return { loaded, source: { file: loaded.task.seedsFile } };
    }
    if ('prompts' in input) {
      const { model, apiBase, apiKeyEnv, prompts } = input;
      const loaded = await loadTaskObject({
        name: runId,
        prompt_template: '{{seed}}',
        worker_model: model ?? 'sim/quick',
        output_dir: join(config.home, 'runs', runId),
        ...(apiBase === undefined ? {} : { worker_api_base: apiBase }),
        ...(apiKeyEnv === undefined ? {} : { worker_api_key_env: apiKeyEnv }),
      });
      return { loaded, source: { rows: prompts } };
    }
    throw new SwarmError({
      code: 'E_RUN_INPUT',
      found: `the workflow's input has the keys ${Object.keys(input).join(', ') || '(none)'}`,
      allowed: '{"task": "path/task.yaml"}, {"prompts": ["..."]} or {"run": "id of a staged run"}',
      fix: 'start it with --input \'{"task":"examples/quickstart/task.yaml"}\'',
    });
  }

  /** The key must be where the calls are made: here. */
  #needKey({ task, placeOf }: LoadedTask): void {
    const name = task.model.apiKeyEnv;
    if (name === null) return;
    const problem: Problem | null = checkKey(name, this.#options.keys(name));
    if (problem) throw new SwarmError({ ...problem, place: placeOf('worker_api_key_env') }, EXIT.refused);
  }

  async publish(runId: string): Promise<void> {
    const { store } = this.#options;
    const run = await store.run(runId);
    if (!run) throw new Error(`run ${runId} is gone from the store`);
    const template = parseTemplate(run.task.promptTemplate);
    // From now on nothing is appended: the partial file must be gone when the run is seen as published.
    this.#published.set(runId, run.epoch);
    await this.#appending.get(runId)?.catch(() => undefined);
    try {
      await publishRun(store, runId, {
        at: Date.now(),
        versions: { 'durable-swarm': packageVersion, node: process.version },
        messagesOf: (seed, calls) =>
          transcript(run.task, { prompt: template.render(seed.content) }, historyOf(calls, run.epoch).steps),
      });
    } catch (error) {
      this.#published.delete(runId);
      throw error;
    }
  }

  /** Puts this process into the marker of the run's folder, when the folder is on this machine. */
  async claim({ id, outputDir, taskFingerprint, createdAt }: RunRow): Promise<void> {
    if (!existsSync(outputDir)) return;
    const { home } = this.#options.config;
    await claimFolder(outputDir, { run: id, home, fingerprint: taskFingerprint, createdAt });
  }

  /** One at a time for a run: after a server's restart Temporal may have the same activity run twice. */
  async checkpoint(runId: string): Promise<void> {
    const published = this.#published.get(runId);
    if (published !== undefined && published === (await this.#options.store.run(runId))?.epoch) return;
    const earlier = this.#appending.get(runId) ?? Promise.resolve();
    const append = earlier.catch(() => undefined).then(() => this.#append(runId));
    this.#appending.set(runId, append);
    try {
      await append;
    } finally {
      if (this.#appending.get(runId) === append) this.#appending.delete(runId);
    }
    // Published meanwhile, perhaps by another process: whoever of the two comes last takes the file away.
    if (typeof (await this.#options.store.run(runId))?.publishedAt === 'number') await this.discardPartial(runId);
  }

  async #append(runId: string): Promise<void> {
    let partial = this.#partial.get(runId);
    if (partial === undefined) {
      partial = PartialOutput.open(this.#options.store, runId);
      this.#partial.set(runId, partial);
      partial.catch(() => this.#partial.delete(runId));
    }
    await (await partial).append();
  }

  async discardPartial(runId: string): Promise<void> {
    // An append under way closes the file itself when it is done.
    if (!this.#appending.has(runId)) {
      const partial = this.#partial.get(runId);
      this.#partial.delete(runId);
      await partial?.then((open) => open.close()).catch(() => undefined);
    }
    const run = await this.#options.store.run(runId);
    if (run) await removePartial(run.outputDir);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#partial.values()].map(async (open) => (await open).close()));
  }
}
