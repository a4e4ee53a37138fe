/** One map phase of a run: children of its own for small phases, lanes for large ones. */
import {
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  ParentClosePolicy,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { StopCause } from '../core/model.js';
import { laneWorkflowId } from '../core/names.js';
import { childrenInFlight, planLanes } from '../core/slice-size.js';
import { Children } from './children.js';
import { swarmLane } from './lane.js';
import {
  type ControlNews,
  controlSignal,
  type MapPhase,
  type RunPlan,
  runAttributes,
  type Sums,
  WORKFLOW_TASK_TIMEOUT,
} from './messages.js';
import { addSums, NO_SUMS } from './sums.js';

export class MapPhaseRun {
  readonly #plan: RunPlan;
  readonly #phase: MapPhase;
  readonly #root = workflowInfo().workflowId;
  readonly #children: Children;
  #lanes: ChildWorkflowHandle<typeof swarmLane>[] = [];
  #laneSums: Sums = NO_SUMS;
  #drained: Promise<unknown> = Promise.resolve();

  constructor(plan: RunPlan, phase: MapPhase) {
    this.#plan = plan;
    this.#phase = phase;
    this.#children = new Children(plan, phase, this.#root, runAttributes(plan));
  }

  get name(): string {
    return this.#phase.name;
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
    const window = () => childrenInFlight(this.#children.state.concurrency, this.#children.size);
    const lanes = planLanes(this.items, this.#children.size, window());
    if (lanes.lanes === 0) {
      await this.#children.start(0, this.items, window);
      await this.#children.drain();
      return this.stop;
    }
    for (let lane = 0; lane < lanes.lanes; lane += 1) {
      const { end } = await this.#startLane(lane, lanes.lanes, lanes.block);
      this.#drained = Promise.all([this.#drained, end]);
    }
    await this.#drained;
    return this.stop;
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

  /** Resolves when the lane has started; `end` when it is over. */
  async #startLane(lane: number, lanes: number, block: number): Promise<{ end: Promise<void> }> {
    const { pace, paused, concurrency } = this.#children.state;
    const child = await startChild(swarmLane, {
      workflowId: laneWorkflowId(this.#root, this.#phase.name, lane),
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      typedSearchAttributes: runAttributes(this.#plan),
      staticSummary: `lane ${lane + 1} of ${lanes}`,
      args: [
        {
          plan: this.#plan,
          phase: this.#phase,
          root: this.#root,
          lane,
          lanes,
          block,
          cursor: { block: lane, offset: 0 },
          sums: NO_SUMS,
          pace,
          paused,
          concurrency,
          stop: null,
        },
      ],
    });
    this.#lanes.push(child);
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
