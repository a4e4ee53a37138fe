/**
 * What earlier versions wrote into histories, brought into the form of today: runs that they began go on, and their histories replay. Then
 * a run had one phase, and the model hung on the run.
 */
import type { LaneInput, MapPhase, PhaseSource, PhaseUse, RunPlan, SeedInput, SliceInput } from './messages.js';

export interface OlderPhase {
  name: string;
  kind: 'map';
  source: PhaseSource;
}

export interface OlderPlan extends Omit<RunPlan, 'phases' | 'first' | 'rows'> {
  phases: OlderPhase[];
  model: string;
  modelQueue: string;
  sliceSize: PhaseUse['sliceSize'];
  callTimeoutMs: number;
  callMs: number | null;
  turns: number;
}

export type OlderLaneInput = Omit<LaneInput, 'plan' | 'phase'> & { plan: OlderPlan; phase: OlderPhase };
export interface OlderSeedInput {
  plan: OlderPlan;
  index: number;
}
export type OlderSliceInput = Pick<SliceInput, 'from' | 'to' | 'queue' | 'sums'> & {
  plan: OlderPlan;
  source: PhaseSource['kind'];
};

function begun(plan: OlderPlan, { name, source }: OlderPhase): MapPhase {
  const { model, modelQueue: queue, callTimeoutMs: timeoutMs, callMs, turns, sliceSize } = plan;
  return { name, role: 'worker', kind: 'map', source, use: { model, queue, timeoutMs, callMs, turns, sliceSize } };
}

const NO_ITEMS: OlderPhase = { name: 'map', kind: 'map', source: { kind: 'range', items: 0 } };

export function planOf(plan: RunPlan | OlderPlan): RunPlan {
  if ('first' in plan) return plan;
  const {
    phases,
    model: _model,
    modelQueue: _queue,
    sliceSize: _size,
    callTimeoutMs: _timeout,
    callMs: _ms,
    turns: _turns,
    ...rest
  } = plan;
  const [first = NO_ITEMS] = phases;
  return {
    ...rest,
    phases: [{ name: first.name, role: 'worker', kind: 'map', over: 'rows' }],
    first: begun(plan, first),
    rows: first.source,
  };
}

export function laneOf(input: LaneInput | OlderLaneInput): LaneInput {
  return 'first' in input.plan
    ? (input as LaneInput)
    : { ...input, plan: planOf(input.plan), phase: begun(input.plan, input.phase) };
}

/** A child of then knew of its phase what its rows are called by. */
function phaseOfChild(plan: OlderPlan, source?: PhaseSource['kind']): MapPhase {
  const [phase = NO_ITEMS] = plan.phases;
  return begun(plan, source === undefined ? phase : { ...phase, source: { ...phase.source, kind: source } });
}

export function seedOf(input: SeedInput | OlderSeedInput): SeedInput {
  if ('phase' in input) return input;
  const { plan, index } = input;
  return { run: plan.run, epoch: plan.epoch, phase: phaseOfChild(plan), index };
}

export function sliceOf(input: SliceInput | OlderSliceInput): SliceInput {
  if ('phase' in input) return input;
  const { plan, source, ...rest } = input;
  return { ...rest, run: plan.run, epoch: plan.epoch, phase: phaseOfChild(plan, source) };
}
