/** Files of the runs that this process opened or publishes: publishing, partial output. */

import { existsSync } from 'node:fs';
import type { ActivityDeps } from '../activities/deps.js';
import { historyOf } from '../activities/turn/history.js';
import { type AnswerForm, hasForm } from '../core/conversation/answer-form.js';
import { checkedStep, transcript } from '../core/conversation/next-step.js';
import { rowTexts } from '../core/row-texts.js';
import { knownRun } from '../core/run-errors.js';
import { claimFolder } from '../outputs/folder.js';
import { PartialOutput, removePartial } from '../outputs/partial.js';
import { publishRun } from '../outputs/publish.js';
import { taskOfEpoch } from '../outputs/task-versions.js';
import { packageVersion } from '../package-info.js';
import type { Task } from '../schema/task-types.js';
import type { RunRow, Store } from '../store/port/store.js';

export interface RunFilesOptions {
  store: Store;
  /** Folder of the home. */
  home: string;
}

/** How conversations by one task are read. */
interface TaskConversations {
  fill: ReturnType<typeof rowTexts>;
  form: AnswerForm | null;
}

async function conversationsOf(task: Task): Promise<TaskConversations> {
  const form = hasForm(task) ? (await import('../answers/answer-form.js')).answerFormOf(task) : null;
  return { fill: rowTexts(task), form };
}

export class RunFiles implements Pick<ActivityDeps, 'claim' | 'publish' | 'checkpoint' | 'discardPartial'> {
  readonly #options: RunFilesOptions;
  readonly #partial = new Map<string, Promise<PartialOutput>>();
  /** Runs whose partial output is being written. */
  readonly #appending = new Map<string, Promise<void>>();
  /** Epochs of runs that are published here, or are being. */
  readonly #published = new Map<string, number>();

  constructor(options: RunFilesOptions) {
    this.#options = options;
  }

  async publish(runId: string): Promise<void> {
    const { store } = this.#options;
    const run = await knownRun(store, runId);
    const versions = await store.taskVersions(runId);
    const tasks = new Map<Task, Promise<TaskConversations>>();
    // From now on nothing is appended: the partial file must be gone when the run is seen as published.
    this.#published.set(runId, run.epoch);
    await this.#appending.get(runId)?.catch(() => undefined);
    try {
      await publishRun(store, runId, {
        at: Date.now(),
        versions: { 'durable-swarm': packageVersion, node: process.version },
        messagesOf: async (seed, calls) => {
          // The messages of a row are those of the conversation that it was done by, and of its task: what was answered last and is used.
          const last = calls.findLast(({ state }) => state === 'answered');
          const task = taskOfEpoch(run.task, versions, last?.epoch ?? run.epoch);
          const known = tasks.get(task) ?? conversationsOf(task);
          tasks.set(task, known);
          const { fill, form } = await known;
          const { rules, prompt } = fill(seed.content);
          const { steps } = historyOf(calls, { epoch: run.epoch, phase: last?.phase ?? '' });
          // What was asked after an answer depends on what was found of it.
          if (form !== null && steps.length > 1) await checkedStep(rules, { prompt }, steps, form);
          return transcript(rules, { prompt }, steps);
        },
      });
    } catch (error) {
      this.#published.delete(runId);
      throw error;
    }
  }

  /** Puts this process into the marker of the run's folder, when the folder is on this machine. */
  async claim({ id, outputDir, taskFingerprint, createdAt }: RunRow): Promise<void> {
    if (!existsSync(outputDir)) return;
    const { home } = this.#options;
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
