/**
 * A phase begins: what it goes over is known now, its model's queue is made ready, its first calls go out. The first one of a run begins as
 * the run is opened; an activity of the workflow begins each later one.
 */
import { modelName } from '../../core/names.js';
import { type Phase, phaseNamed, TASK_PHASES } from '../../core/phases.js';
import { knownRun } from '../../core/run-errors.js';
import type { Control, RunRow } from '../../store/port/store.js';
import type { QueueRow } from '../../store/port/workers.js';
import type { BeginPhaseInput } from '../../workflows/activity-messages.js';
import type { BegunPhase, PhaseSource } from '../../workflows/messages.js';
import type { ActivityDeps } from '../deps.js';
import { queueOf } from '../queue.js';
import type { HeadStart } from './head-start.js';

/** A phase that is about to begin. */
export interface ComingPhase {
  run: RunRow;
  phase: Phase;
  control: Control;
  /** Of its model; null for a once-phase, whose calls are made where its activity is. */
  queue: QueueRow | null;
}

export class PhaseStarts {
  readonly #deps: ActivityDeps;
  readonly #headStart: HeadStart;

  constructor(deps: ActivityDeps, headStart: HeadStart) {
    this.#deps = deps;
    this.#headStart = headStart;
  }

  /** What is written down before it begins. `name`: absent for the first one. */
  async prepare(run: RunRow, control: Control, name?: string): Promise<ComingPhase> {
    const { store, clock, phases: rules = TASK_PHASES } = this.#deps;
    const phase = phaseNamed(rules.phasesOf(run.task), name);
    const use = rules.useOf(run.task, phase.role);
    const [queue] = await Promise.all([
      phase.kind === 'map' ? store.registerQueue(queueOf(use, control.requestsPerMinute, clock.wall())) : null,
      run.phase === phase.name ? true : store.updateRun(run.id, { phase: phase.name }),
    ]);
    return { run, phase, control, queue };
  }

  /** `rows`: those that the epoch began with. Begins the first calls, and measures them where the size of children depends on it. */
  async begin({ run, phase, control, queue }: ComingPhase, epoch: number, rows: PhaseSource): Promise<BegunPhase> {
    const { openQueue, phases: rules = TASK_PHASES } = this.#deps;
    const { name, role } = phase;
    const { model, queue: queueName, timeoutMs, turns, sliceSize } = rules.useOf(run.task, role);
    const use = { model: modelName(model), queue: queueName, timeoutMs, callMs: queue?.callMs ?? null, turns, sliceSize };
    if (phase.kind === 'once') return { name, role, use, kind: 'once', activity: phase.activity };
    const begun = { name, role, use, kind: 'map', source: rows } as const;
    const ahead = { run: run.id, epoch, concurrency: control.concurrency, paused: control.paused };
    this.#headStart.begin(ahead, begun);
    if (queue !== null) await openQueue(queue);
    return { ...begun, use: { ...use, callMs: await this.#headStart.callMs(ahead, begun) } };
  }
}

export function createBeginPhase({ store }: Pick<ActivityDeps, 'store'>, starts: PhaseStarts) {
  return async function beginPhase(input: BeginPhaseInput): Promise<BegunPhase> {
    const run = await knownRun(store, input.run);
    const coming = await starts.prepare(run, await store.control(run.id), input.phase);
    // Whoever reaches Temporal can ask for this activity.
    const rows = { ...input.rows, items: Math.min(input.rows.items, run.total) };
    return await starts.begin(coming, input.epoch, rows);
  };
}
