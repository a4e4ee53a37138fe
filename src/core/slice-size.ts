/** How many seeds share a child, how many children are in flight, how many lanes start them. Pure arithmetic. */

/** Assumed call time until one is known. */
export const ASSUMED_CALL_MS = 2_000;
/** Slices are planned for this one until one is known: those of slow calls may be larger than need be, those of quick ones must not be small. */
export const QUICK_CALL_MS = 500;
/** Turns per seed of a conversation to plan with before any is known. */
export const PLANNED_TURNS = 3;
/** Turns per seed beside them where answers are to have a form: most have it at once. */
export const PLANNED_REPAIRS = 0.1;
/** `workers: auto` until the gate learns a better value. */
export const ASSUMED_CONCURRENCY = 16;
/** The most that `workers: auto` may come to. */
export const MOST_AUTO_CONCURRENCY = 200;

/** Where every row has a child of its own: in a phase of at most so many rows, or of at most so many turns a second. */
export interface RowGrain {
  rows: number;
  turnsPerSecond: number;
}

/**
 * A child per row costs the embedded server 45 to 90 ms of CPU. At eight turns a second that is no more than half a core, and the calls are never
 * held up by it; twenty rows are done in a second, whatever the rate.
 */
export const ROW_GRAIN: RowGrain = { rows: 20, turnsPerSecond: 8 };
/** The rule that runs began with before version 0.2: what their histories hold was decided by it. */
export const ROW_GRAIN_BEFORE: RowGrain = { rows: 500, turnsPerSecond: 25 };
/** A slice's child costs the server 50 to 90 ms too: at ten a second that is half a core and more taken from the calls, at two a tenth. */
const SLICES_PER_SECOND = 2;
export const MAX_SLICE = 500;
/** Children that one workflow execution starts before it hands over (temporal.md section 3.4). */
export const CHILDREN_PER_EXECUTION = 400;
/**
 * A lane hands over at this history length, should its children cost more events than usual (3.7 to 8.2 each): what is in flight then
 * still ends below the 4,096 events from which the server asks for it.
 */
export const EVENTS_PER_EXECUTION = 3_600;
/** Window of one lane. */
export const LANE_WINDOW = 25;
const MAX_LANES = 64;
/** At least: the lanes share early and late rows alike. */
const BLOCKS_PER_LANE = 8;
/** Seed children in flight on the embedded server. */
export const MAX_SEEDS_IN_FLIGHT = 300;

export interface Pace {
  total: number;
  /** Calls in flight. */
  concurrency: number;
  /** Mean time of one call; null: not known yet. */
  callMs: number | null;
  /** Mean calls per seed. */
  turns: number;
}

/** Seeds per child: the configured number, else 1 for small or slow phases, else the smallest that keeps children under 2/s. */
export function sliceSize(configured: number | 'auto', pace: Pace, grain: RowGrain = ROW_GRAIN): number {
  if (configured !== 'auto') return configured;
  const turnsPerSecond = (callMs: number) => (pace.concurrency * 1000) / Math.max(1, callMs);
  if (pace.total <= grain.rows || turnsPerSecond(pace.callMs ?? ASSUMED_CALL_MS) <= grain.turnsPerSecond) return 1;
  const seedsPerSecond = turnsPerSecond(pace.callMs ?? QUICK_CALL_MS) / Math.max(1, pace.turns);
  return Math.min(MAX_SLICE, Math.max(2, Math.ceil(seedsPerSecond / SLICES_PER_SECOND)));
}

/**
 * Slices in flight beyond those that the calls need: one for the rows that are left when one of them ends, one for the time until its
 * successor is there, which is 0.4 s where calls leave Temporal's server little of two cores.
 */
const SLICES_AHEAD = 2;

/** How long the first calls of a phase are watched at most, ms. */
const LONGEST_MEASURE_MS = 2_500;
/** Calls that are enough to go by. */
const MEASURED_CALLS = 8;

/** What is known of a phase's first calls. */
export interface FirstCalls {
  /** Of the calls that ended so far, answered or not; null when there are none. */
  meanMs: number | null;
  ended: number;
  elapsedMs: number;
}

/**
 * The call time to plan children with, or null while it is worth waiting for more of them to end: so long as calls might still be quick.
 * Where too few ended in that time, calls take at least as long.
 */
export function measuredCallMs(first: FirstCalls, { total, concurrency }: Pick<Pace, 'total' | 'concurrency'>): number | null {
  const enough = Math.min(MEASURED_CALLS, concurrency, total);
  const { meanMs, ended, elapsedMs } = first;
  if (meanMs !== null && ended >= enough) return meanMs;
  // By then there are few enough turns a second for a child per row.
  const slowAfterMs = (1000 * concurrency) / ROW_GRAIN.turnsPerSecond;
  if (elapsedMs < Math.min(slowAfterMs, LONGEST_MEASURE_MS)) return null;
  return Math.max(meanMs ?? 0, Math.ceil(elapsedMs));
}

/** Children in flight that keep `concurrency` calls under way while children come and go, and leave none of the processes without one. */
export function childrenInFlight(concurrency: number, size: number, processes = 1): number {
  if (size === 1) return Math.min(MAX_SEEDS_IN_FLIGHT, Math.ceil(1.5 * concurrency) + 1);
  return Math.max(Math.ceil((1.5 * concurrency) / size), processes) + SLICES_AHEAD;
}

/** Rows of a child below which the rest is not split further: a child has a cost of its own. */
const LEAST_SHARE = 10;

/** Seeds of the next child: where the rows that are left would be fewer children than there are processes, each gets its part of them. */
export function nextSize(size: number, left: number, processes: number): number {
  return Math.min(size, Math.max(LEAST_SHARE, Math.ceil(left / processes)));
}

/** Children are planned for at most so many times the processes that live. */
const MOST_PLANNED = 3;

/** Processes to plan children for when some of those that live have no work: one more for each of them, never fewer than `planned`. */
export function processesToPlan(planned: number, living: number, idle: number): number {
  if (idle === 0) return planned;
  return Math.max(planned, living, Math.min(planned + idle, MOST_PLANNED * living));
}

export interface LanePlan {
  /** 0: the run starts the children itself. */
  lanes: number;
  /** Items of one block; lane i takes blocks i, i + lanes, ... so that the tail is balanced. */
  block: number;
}

export function planLanes(total: number, size: number, inFlight: number): LanePlan {
  const children = Math.ceil(total / size);
  if (children <= CHILDREN_PER_EXECUTION) return { lanes: 0, block: total };
  const lanes = Math.min(MAX_LANES, Math.max(1, Math.ceil(inFlight / LANE_WINDOW)));
  // As many blocks for each lane: one block more would leave the others idle while its lane does it.
  const blocks = Math.max(BLOCKS_PER_LANE, Math.ceil(children / (lanes * CHILDREN_PER_EXECUTION)));
  const block = Math.ceil(children / (lanes * blocks)) * size;
  return { lanes, block };
}
