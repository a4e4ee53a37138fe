/** Runs of rows through gates of one or several processes against a simulated provider, in simulated time. */
import { type Rate, slotsFrom } from '../../../src/core/gate/configured-rates.js';
import { Gate, type Ticket } from '../../../src/core/gate/gate.js';
import type { Learned } from '../../../src/core/gate/learned.js';
import type { RunLimits } from '../../../src/core/gate/limits.js';
import type { Pace } from '../../../src/core/gate/pace.js';
import type { Release } from '../../../src/core/gate/port.js';
import { backoff, retryAfterTry } from '../../../src/core/retry.js';
import { seededRandom, type TestRandom } from '../test-random.js';
import { draw, type Spread } from './draw.js';
import { type CallEnd, type CallTokens, type ProviderModel, SimulatedProvider } from './provider.js';
import { Timeline } from './timeline.js';

export interface SimulatedRun {
  rows: number;
  limits: Partial<RunLimits>;
  /** @default 0 */
  startsAtMs?: number;
  promptTokens?: Spread;
  outputTokens?: Spread;
  maxTokens?: number;
  turns?: number;
  interactive?: boolean;
}

export interface Scenario {
  provider: ProviderModel;
  runs: SimulatedRun[];
  /** @default 1 */
  processes?: number;
  /** What the gates know at the start. */
  learned?: Learned;
  /** Time of one commit of intents: those that come meanwhile wait for the next, and all of one enter together. @default one for each */
  commitMs?: Spread;
  /** End of the simulation, ms from the start. @default 10 minutes */
  forMs?: number;
}

export interface RunEnd {
  ok: number;
  failed: number;
  /** Ms from the run's start to its last answer. */
  ms: number;
  /** Tokens answered, by second from the start of the simulation. */
  tokens: number[];
  calls: number;
}

export interface Simulated {
  ms: number;
  ok: number;
  failed: number;
  sends: number;
  refused: number;
  provider: SimulatedProvider;
  runs: RunEnd[];
  gates: Gate[];
}

/** Ms that an intent takes to be durable; slots come as quickly from the store. */
const STORE_MS: Spread = { median: 2, sigma: 0.4 };
const EXCHANGE_MS = 2_000;
const MAX_TRIES = 5;

interface Row {
  run: number;
  turn: number;
  tries: number;
  waits: number;
  /** Which of its calls meet a fault: the same ones whatever the gate does. */
  faults: TestRandom;
}

export function simulate(scenario: Scenario, seed: string): Simulated {
  const time = new Timeline();
  const startedAt = time.now;
  const random = seededRandom(seed);
  const provider = new SimulatedProvider(scenario.provider, random, startedAt);
  const clocks: Record<Rate, number> = { requests: 0, tokens: 0 };
  const ends: RunEnd[] = scenario.runs.map(() => ({ ok: 0, failed: 0, ms: 0, tokens: [], calls: 0 }));
  let left = scenario.runs.reduce((sum, { rows }) => sum + rows, 0);

  const world: World = {
    time,
    random,
    takeSlots: (rate, pace, count) => {
      const first = Math.max(clocks[rate], slotsFrom(pace, time.now));
      clocks[rate] = first + count * pace.intervalMs;
      return first;
    },
  };
  const processes = Array.from(
    { length: scenario.processes ?? 1 },
    () => new Process(world, provider, scenario, ends, () => left--),
  );
  // What src/worker/gates/kept-limits.ts does with the store.
  let stored: Learned | null = null;
  const exchange = (process: Process): void => {
    if (stored !== null) process.gate.evenOut(stored);
    stored = process.gate.learned(time.now);
    time.after(EXCHANGE_MS, () => exchange(process));
  };
  if (processes.length > 1) {
    for (const [n, process] of processes.entries()) time.after((EXCHANGE_MS * n) / processes.length, () => exchange(process));
  }
  scenario.runs.forEach((run, index) => {
    time.after(run.startsAtMs ?? 0, () => {
      for (const process of processes) process.setRun(index);
      for (let row = 0; row < run.rows; row += 1)
        processes[row % processes.length]!.begin({
          run: index,
          turn: 1,
          tries: 0,
          waits: 0,
          faults: seededRandom(`${seed}/${index}/${row}`),
        });
      for (const process of processes) process.pump();
    });
  });
  time.run(startedAt + (scenario.forMs ?? 600_000), () => left === 0);
  const { sends, refused } = provider.book;
  const sum = (pick: (end: RunEnd) => number) => ends.reduce((total, end) => total + pick(end), 0);
  return {
    ms: time.now - startedAt,
    ok: sum((end) => end.ok),
    failed: sum((end) => end.failed),
    sends,
    refused,
    provider,
    runs: ends,
    gates: processes.map((process) => process.gate),
  };
}

interface World {
  time: Timeline;
  random: TestRandom;
  takeSlots(rate: Rate, pace: Pace, count: number): number;
}

/** What src/worker/gates/run-gate.ts does with timers and promises. */
class Process {
  readonly gate: Gate;
  readonly #rows = new Map<number, { row: Row; tokens: CallTokens }>();
  readonly #entrants: number[] = [];
  readonly #uncommitted: number[] = [];
  #committing = false;
  readonly #taking = new Set<Rate>();
  readonly #startedAt: number;
  #nextId = 1;
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(
    private readonly world: World,
    private readonly provider: SimulatedProvider,
    private readonly scenario: Scenario,
    private readonly ends: RunEnd[],
    private readonly rowDone: () => void,
  ) {
    this.#startedAt = world.time.now;
    this.gate = new Gate(scenario.learned ?? null, world.time.now);
    this.gate.sharedBy(scenario.processes ?? 1);
  }

  setRun(index: number): void {
    const limits = this.scenario.runs[index]!.limits;
    this.gate.setRun(String(index), {
      concurrency: 100,
      weight: 1,
      staggerMs: 0,
      requestsPerMinute: null,
      tokensPerMinute: null,
      paused: false,
      cancelled: false,
      ...limits,
    });
  }

  begin(row: Row): void {
    const { promptTokens = 100, outputTokens = 50, maxTokens = 1_000, interactive = false } = this.scenario.runs[row.run]!;
    const { random, time } = this.world;
    const prompt = Math.ceil(draw(promptTokens, random));
    const output = Math.min(maxTokens, Math.ceil(draw(outputTokens, random)));
    const ticket: Ticket = {
      id: this.#nextId,
      runId: String(row.run),
      turn: row.turn,
      promptTokens: prompt,
      maxTokens,
      interactive,
    };
    this.#nextId += 1;
    this.#rows.set(ticket.id, { row, tokens: { prompt, output, max: maxTokens } });
    this.gate.enqueue(ticket, time.now);
  }

  pump(): void {
    const { time, random } = this.world;
    const { admit, wakeAt, wanted } = this.gate.next(time.now);
    if (this.scenario.commitMs !== undefined) {
      this.#uncommitted.push(...admit.map(({ id }) => id));
      this.#commit(this.scenario.commitMs);
    } else for (const { id } of admit) time.after(draw(STORE_MS, random), () => this.#committed([id]));
    this.#letIn();
    for (const [rate, slots] of Object.entries(wanted) as [Rate, { count: number; pace: Pace }][]) this.#takeSlots(rate, slots);
    const none = Number.POSITIVE_INFINITY;
    const at = Math.min(wakeAt ?? none, this.gate.entryAt(time.now) ?? none);
    if (at < this.#wakeAt) {
      this.#wakeAt = at;
      // Timers come a little late, and never within the same millisecond.
      time.at(Math.max(time.now + 1, Math.ceil(at)) + random.next(), () => {
        if (this.#wakeAt === at) this.#wakeAt = Number.POSITIVE_INFINITY;
        this.pump();
      });
    }
  }

  #commit(ms: Spread): void {
    if (this.#committing || this.#uncommitted.length === 0) return;
    this.#committing = true;
    const ids = this.#uncommitted.splice(0);
    this.world.time.after(draw(ms, this.world.random), () => {
      this.#committing = false;
      this.#committed(ids);
    });
  }

  #committed(ids: number[]): void {
    this.#entrants.push(...ids);
    this.#letIn();
    this.pump();
    if (this.scenario.commitMs !== undefined) this.#commit(this.scenario.commitMs);
  }

  #takeSlots(rate: Rate, { count, pace }: { count: number; pace: Pace }): void {
    if (this.#taking.has(rate)) return;
    this.#taking.add(rate);
    const { time, random } = this.world;
    time.after(draw(STORE_MS, random), () => {
      this.#taking.delete(rate);
      this.gate.addSlots(rate, this.world.takeSlots(rate, pace, count), count, pace.intervalMs);
      this.pump();
    });
  }

  #letIn(): void {
    const { time } = this.world;
    while (this.#entrants[0] !== undefined && this.gate.enter(this.#entrants[0], time.now)) this.#send(this.#entrants.shift()!);
  }

  #send(id: number): void {
    const { time } = this.world;
    const { tokens, row } = this.#rows.get(id)!;
    this.ends[row.run]!.calls += 1;
    const taken = this.provider.take(tokens, row.faults, time.now);
    time.after(taken.afterMs, () => {
      if ('end' in taken) this.#ended(id, taken.end);
      else {
        const told = this.provider.over(tokens, taken.held, time.now);
        this.#ended(id, taken.held === 'failed' ? { kind: 'failed' } : { kind: 'answered', told });
      }
      this.pump();
    });
  }

  #ended(id: number, end: CallEnd): void {
    const { time, random } = this.world;
    const { row, tokens } = this.#rows.get(id)!;
    this.#rows.delete(id);
    const run = this.ends[row.run]!;
    if (end.kind === 'answered') {
      this.#release(id, { kind: 'done', tokens: { input: tokens.prompt, output: tokens.output }, told: end.told });
      const second = Math.floor((time.now - this.#startedAt) / 1_000);
      run.tokens[second] = (run.tokens[second] ?? 0) + tokens.prompt + tokens.output;
      if (row.turn < (this.scenario.runs[row.run]!.turns ?? 1)) this.begin({ ...row, turn: row.turn + 1, tries: 0, waits: 0 });
      else {
        run.ok += 1;
        run.ms = time.now - this.#startedAt - (this.scenario.runs[row.run]!.startsAtMs ?? 0);
        this.rowDone();
      }
      return;
    }
    if (end.kind === 'failed') {
      this.#release(id, { kind: 'failed' });
      if (row.tries + 1 >= MAX_TRIES) {
        run.failed += 1;
        this.rowDone();
        return;
      }
      this.#later({ ...row, tries: row.tries + 1 }, retryAfterTry(row.tries + 1, random.next()));
      return;
    }
    const waitMs = end.retryAfterMs ?? backoff(row.waits + 1, random.next());
    this.#release(id, { kind: 'limited', until: time.now + waitMs, what: end.what, told: end.told });
    this.#later({ ...row, waits: row.waits + 1 }, waitMs);
  }

  #release(id: number, how: Release): void {
    this.gate.release(id, how, this.world.time.now);
  }

  #later(row: Row, ms: number): void {
    this.world.time.after(ms, () => {
      this.begin(row);
      this.pump();
    });
  }
}
