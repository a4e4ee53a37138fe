/** Fills the activities' ports with this process's adapters. */

import type { ActivityDeps } from '../activities/deps.js';
import type { CallEnds } from '../activities/turn/call-ends.js';
import type { Clock } from '../core/clock.js';
import type { Prices } from '../core/money/price-book.js';
import type { ModelAdapter } from '../llm/port.js';
import { estimateTokens, maxInputTokens } from '../pricing/estimate.js';
import type { ModelRef } from '../schema/task-types.js';
import type { WireName } from '../schema/wires.js';
import type { DayCap } from '../store/port/intents.js';
import type { Store } from '../store/port/store.js';
import type { ProcessGates } from './gates/process-gates.js';

export interface DepsInput {
  store: Store;
  clock: Clock;
  gates: ProcessGates;
  callEnds: CallEnds;
  adapter: ModelAdapter;
  prices: Prices;
  keys(name: string): string | undefined;
  owner: string;
  homeId: string;
  homeCap: DayCap | null;
  log: ActivityDeps['log'];
  openQueue: ActivityDeps['openQueue'];
  hasStateAttribute(): Promise<boolean>;
  stage: ActivityDeps['stage'];
  claim: ActivityDeps['claim'];
  publish: ActivityDeps['publish'];
  checkpoint: ActivityDeps['checkpoint'];
  discardPartial: ActivityDeps['discardPartial'];
}

/** The simulated provider of this process: started by the first `sim/...` call. */
export class SimulatorEndpoint {
  #running: Promise<{ urlOf(wire: WireName): string; close(): Promise<void> }> | null = null;

  async urlOf(wire: WireName): Promise<string> {
    this.#running ??= import('../simulator/server.js').then(({ startSimulator }) => startSimulator());
    return (await this.#running).urlOf(wire);
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running !== null) await (await running).close();
  }
}

export function activityDeps(input: DepsInput, simulator: SimulatorEndpoint): ActivityDeps {
  const { keys, ...rest } = input;
  return {
    ...rest,
    key: keys,
    endpoint: async (model: ModelRef) => model.apiBase ?? (await simulator.urlOf(model.wire ?? 'chat')),
    // Only tasks that want a form load what checks it.
    answerForm: async (task) => (await import('../answers/answer-form.js')).answerFormOf(task),
    tokens: { atMost: maxInputTokens, about: estimateTokens },
    random: () => Math.random(),
  };
}
