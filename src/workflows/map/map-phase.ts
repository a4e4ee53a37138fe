/** One map phase of a run: children of its own for small phases, lanes for large ones. */
import {
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  condition,
  ParentClosePolicy,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { StopCause } from '../../core/model.js';
import { laneWorkflowId } from '../../core/names.js';
import type { Role } from '../../core/phases.js';
import { planLanes } from '../../core/slice-size.js';
import {
  type ControlNews,
  controlSignal,
  type MapPhase,
  type ProcessesNews,
  processesSignal,
  type RunPlan,
  runAttributes,
  type Sums,
  WORKFLOW_TASK_TIMEOUT,
} from '../messages.js';
import { addSums, NO_SUMS } from '../sums.js';
import { Children } from './children.js';
import { swarmLane } from './lane.js';

export class MapPhaseRun {
  readonly #plan: RunPlan;
  readonly #phase: MapPhase;
  readonly #root = workflowInfo().workflowId;
  readonly #children: Children;
  #lanes: ChildWorkflowHandle<typeof swarmLane>[] = [];
  #laneSums: Sums = NO_SUMS;
  #drained: Promise<unknown> = Promise.resolve();

  /** `processes`: to plan children for from the start; `named`: summaries tell the ids of rows. */
  constructor(plan: RunPlan, phase: MapPhase, { processes, named }: { processes: number; named: boolean }) {
    this.#plan = plan;
    this.#phase = phase;
    this.#children = new Children(plan, phase, this.#root, { named, state: { processes } });
  }

  get name(): string {
    return this.#phase.name;
  }

  get role(): Role {
    return this.#phase.role;
  }

  get items(): number {
    return this.#phase.source.items;
  }

  get inFlight(): number {
    return this.#children.inFlight + this.#lanes.length;
  }

  get sums(): Sums {
    return addSums(this.#children.state.sums, this.#laneSums);
  }

  get stop(): StopCause | null {
    return this.#children.state.stop;
  }

  /** Does all items; returns why it stopped early, or null. */
  async run(news: ControlNews): Promise<StopCause | null> {
    this.#children.state.paused = news.paused;
    this.#children.state.concurrency = news.concurrency;
    const window = () => this.#children.window;
    const fits = planLanes(this.items, this.#children.size, window()).lanes === 0;
    const reached = fits ? await this.#children.start(0, this.items, window) : 0;
    // Children that turned out smaller than planned may be too many for this execution, too.
    if (this.stop === null && reached < this.items) await this.#startLanes(reached, window());
    await this.#children.drain();
    // A condition, since waiting for promises would not notice a cancel.
    await condition(() => this.#lanes.length === 0);
    return this.stop;
  }

  /** Lanes for the positions from..items. */
  async #startLanes(from: number, inFlight: number): Promise<void> {
    const { lanes, block } = planLanes(this.items - from, this.#children.size, inFlight);
    for (let lane = 0; lane < Math.max(1, lanes); lane += 1) {
      const { end } = await this.#startLane(lane, Math.max(1, lanes), block, from);
      this.#drained = Promise.all([this.#drained, end]);
    }
  }

  /** Waits for what is in flight, after a stop or a cancel. */
  async drain(): Promise<void> {
    await this.#children.drain();
    await this.#drained;
  }

  async tell(news: ControlNews): Promise<void> {
    await this.#children.tell(news);
    await Promise.all(this.#lanes.map((lane) => lane.signal(controlSignal, news).catch(() => undefined)));
  }

  /** Some processes have no work: more children may be in flight, here or in the lanes. */
  async raise(news: ProcessesNews): Promise<void> {
    this.#children.raise(news);
    const lanes = this.#lanes;
    await Promise.all(
      lanes.map((lane, at) => {
        const idle = news.idle.filter((_, place) => place % lanes.length === at);
        return lane.signal(processesSignal, { ...news, idle }).catch(() => undefined);
      }),
    );
  }

  /** Resolves when the lane has started; `end` when it is over. */
  async #startLane(lane: number, lanes: number, block: number, from: number): Promise<{ end: Promise<void> }> {
    const { callMs, paused, concurrency, processes } = this.#children.state;
    const child = await startChild(swarmLane, {
      workflowId: laneWorkflowId(this.#root, this.#phase.name, lane),
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      typedSearchAttributes: runAttributes({ run: this.#plan.run, model: this.#phase.use.model }),
      staticSummary: `lane ${lane + 1} of ${lanes}`,
      args: [
        {
          plan: this.#plan,
          phase: this.#phase,
          root: this.#root,
          lane,
          lanes,
          from,
          block,
          cursor: { block: lane, offset: 0 },
          sums: NO_SUMS,
          callMs,
          paused,
          concurrency,
          processes,
          stop: null,
        },
      ],
    });
    this.#lanes.push(child);
    const { state } = this.#children;
    // The news came while the lane was started.
    if (state.paused !== paused || state.concurrency !== concurrency) {
      const news = { paused: state.paused, concurrency: state.concurrency };
      await child.signal(controlSignal, news).catch(() => undefined);
    }
    if (state.processes !== processes) {
      await child.signal(processesSignal, { processes: state.processes, idle: [] }).catch(() => undefined);
    }
    const end = child.result().then(
      ({ stop, ...sums }) => {
        this.#laneSums = addSums(this.#laneSums, sums);
        this.#children.state.stop ??= stop;
      },
      // Cancelled or terminated by hand: its rows stay pending.
      () => undefined,
    );
    return {
      end: end.finally(() => {
        this.#lanes = this.#lanes.filter((other) => other !== child);
      }),
    };
  }
}
