/**
 * Opens a run's epoch: stages when nobody did, claims the folder, begins the first phase. Asked by the
 * first activity of the run's workflow, and a moment earlier by who started that workflow on this machine: reaching the activity
 * takes Temporal some tens of milliseconds. The epoch belongs to the workflow's execution, so whoever comes second finds it open.
 */

import { isDiskFault, type SwarmError } from '../../core/errors.js';
import { filesQueue } from '../../core/names.js';
import { TASK_PHASES } from '../../core/phases.js';
import { knownRun } from '../../core/run-errors.js';
import { ROW_GRAIN } from '../../core/slice-size.js';
import type { RunRow, WorkflowExecution } from '../../store/port/store.js';
import type { OpenRunResult } from '../../workflows/activity-messages.js';
import type { RunInput, RunPlan } from '../../workflows/messages.js';
import type { ActivityDeps } from '../deps.js';
import type { PhaseStarts } from './begin-phase.js';
import type { Publications } from './publication.js';

export class RunOpening {
  readonly #deps: ActivityDeps;
  readonly #starts: PhaseStarts;
  readonly #publications: Pick<Publications, 'openedHere' | 'pausedByDisk'>;
  /** Under way, by execution. */
  readonly #under = new Map<string, Promise<OpenRunResult>>();
  /** The run of each execution that is being opened, or could not be. */
  readonly #runs = new Map<string, string>();

  constructor(deps: ActivityDeps, starts: PhaseStarts, publications: Pick<Publications, 'openedHere' | 'pausedByDisk'>) {
    this.#deps = deps;
    this.#starts = starts;
    this.#publications = publications;
  }

  /** Joins an opening under way. Throws SwarmError. */
  open(input: RunInput, workflow: WorkflowExecution): Promise<OpenRunResult> {
    const key = workflow.executionId;
    let opening = this.#under.get(key);
    if (opening === undefined) {
      opening = this.#open(input, workflow).finally(() => this.#under.delete(key));
      this.#under.set(key, opening);
    }
    return opening;
  }

  /** No more is tried for this execution: a run whose folder or store cannot be written rests, and says so. */
  async failed(executionId: string, error: SwarmError): Promise<void> {
    const run = this.#runs.get(executionId);
    this.#runs.delete(executionId);
    if (run !== undefined && isDiskFault(error)) await this.#publications.pausedByDisk(run, error);
  }

  /** Ahead of the activity, which meets again whatever goes wrong here. */
  ahead(run: string, workflow: WorkflowExecution): void {
    this.open({ run }, workflow).catch((error: unknown) => this.#deps.log.warn({ err: error, run }, 'not opened ahead'));
  }

  async #open(input: RunInput, workflow: WorkflowExecution): Promise<OpenRunResult> {
    const deps = this.#deps;
    const { run, finished } = await this.#find(input, workflow.workflowId);
    if (finished) return { kind: 'finished', run: run.id, filesQueue: filesQueue(deps.homeId) };
    this.#runs.set(workflow.executionId, run.id);

    // Files stay with the home that started the run, whichever process opens it.
    const filesHome = run.home === '' ? deps.homeId : run.home;
    if (filesHome === deps.homeId) await deps.claim(run);
    const control = await deps.store.control(run.id);
    const [{ epoch, ...rows }, coming, stateAttribute = false] = await Promise.all([
      deps.store.openEpoch(run.id, workflow, deps.clock.wall()),
      this.#starts.prepare(run, control),
      deps.hasStateAttribute?.(),
    ]);
    if (filesHome === deps.homeId) this.#publications.openedHere(run.id, epoch);
    const plan: RunPlan = {
      run: run.id,
      epoch,
      name: run.name,
      phases: [...(deps.phases ?? TASK_PHASES).phasesOf(run.task)],
      first: await this.#starts.begin(coming, epoch, rows),
      rows,
      filesQueue: filesQueue(filesHome),
      concurrency: control.concurrency,
      paused: control.paused,
      rowGrain: ROW_GRAIN,
      // One that joins later is told by watchRun.
      processes: deps.gates.processes(),
      outputDir: run.outputDir,
      ...(stateAttribute ? { stateAttribute } : {}),
    };
    this.#runs.delete(workflow.executionId);
    return { kind: 'open', plan };
  }

  async #find(input: RunInput, workflowId: string): Promise<{ run: RunRow; finished: boolean }> {
    const { store, stage } = this.#deps;
    if (typeof input === 'object' && input !== null && 'run' in input) {
      const run = await knownRun(store, input.run);
      return { run, finished: run.state === 'completed' };
    }
    const staged = await stage(input, workflowId);
    return { run: staged.run, finished: staged.kind === 'finished' };
  }
}
