/** What the activities are given: ports as types, so that a test fills them with doubles and the worker with adapters. */
import type { Clock } from '../core/clock.js';
import type { AnswerForm } from '../core/conversation/answer-form.js';
import type { Message } from '../core/conversation/message.js';
import type { GatePort } from '../core/gate/port.js';
import type { Prices } from '../core/money/price-book.js';
import type { PhaseRules } from '../core/phases.js';
import type { RunStop } from '../core/run-stop.js';
import type { ModelAdapter } from '../llm/port.js';
import type { ModelRef, Task } from '../schema/task-types.js';
import type { DayCap } from '../store/port/intents.js';
import type { Control, RunRow, Store } from '../store/port/store.js';
import type { KnownLease, QueueRow } from '../store/port/workers.js';
import type { RunInput } from '../workflows/messages.js';
import type { CallEnds } from './turn/call-ends.js';

/** Gates of this process, one per provider, endpoint, model and key. */
export interface Gates {
  /** Registers the run: its control row is obeyed from now on. Once more, it is read anew. */
  join(run: RunRow): Promise<void>;
  /** The gate of one of a run's models; registers the run with it. */
  of(run: RunRow, model: ModelRef): Promise<GatePort>;
  /** False once a run was forgotten: it must register again. */
  knows(runId: string): boolean;
  /** Aborted when the run is cancelled, by whatever way. */
  cancelSignal(runId: string): AbortSignal;
  /** Version of the run's control row as this process last saw it. */
  version(runId: string): number;
  /** Reads the run's control row and obeys it at once. */
  heed(runId: string): Promise<Control>;
  /** Why all calls of the run stop, as this process last saw it; null while they may go, or it is not known here. */
  stop(runId: string): RunStop | null;
  /** The run has ended: nothing of it is kept. */
  forget(runId: string): void;
  /** True while the process is shutting down: no new calls. */
  draining(): boolean;
  /** Living processes, this one included. */
  processes(): number;
  /** Owners that are dead: their calls are doubtful. */
  overdue(): KnownLease[];
  /** Those of them (owners), on this Temporal, that have no calls of the run under way or waiting. */
  idle(runId: string): Promise<string[]>;
}

/** Result of staging a run that was started over Temporal. */
export interface Staged {
  run: RunRow;
  kind: 'new' | 'resumed' | 'finished';
}

export interface ActivityDeps {
  store: Store;
  gates: Gates;
  /** Of this process: ends of calls that wait for the store. */
  callEnds: CallEnds;
  adapter: ModelAdapter;
  prices: Prices;
  /** Base URL to send to; starts the simulated provider for `sim/...`. */
  endpoint(model: ModelRef): Promise<string>;
  /** Value of a key by the name of its environment variable. */
  key(name: string): string | undefined;
  /** Hard bound and forecast of a prompt's tokens. */
  tokens: { atMost(messages: readonly Message[]): number; about(messages: readonly Message[]): number };
  /** Checks the answers of a task that wants a form (`hasForm`). */
  answerForm(task: Task): Promise<AnswerForm>;
  /** Stages a task that was named over Temporal; throws SwarmError on bad input. */
  stage(input: Exclude<RunInput, { run: string }>, runId: string): Promise<Staged>;
  /** Phases of a run, and the models of their roles. @default those of its task, TASK_PHASES */
  phases?: PhaseRules;
  /** True where the search attribute SwarmState is registered. @default false */
  hasStateAttribute?(): Promise<boolean>;
  /** Opens this model's queue in this process now, not at the next look at the store. */
  openQueue(queue: QueueRow): Promise<void>;
  /** Says in the run's folder that this process is at work in it. Throws E_LOCKED (exit 6) when it is another run's by now. */
  claim(run: RunRow): Promise<void>;
  /** Writes the run folder. */
  publish(runId: string): Promise<void>;
  /** Writes a part of output.partial.jsonl while the run goes on. */
  checkpoint(runId: string): Promise<void>;
  /** Removes output.partial.jsonl: the run is published. */
  discardPartial(runId: string): Promise<void>;
  /** Cap of this process for all runs of a day. @default none */
  homeCap?: DayCap | null;
  /** Time without an answer of any kind after which a run pauses. @default OUTAGE_MS */
  outageMs?: number;
  clock: Clock;
  random(): number;
  /** Id of this process in the store. */
  owner: string;
  /** Id of this home: names the files queue. */
  homeId: string;
  log: { info(facts: object, text: string): void; warn(facts: object, text: string): void };
}
