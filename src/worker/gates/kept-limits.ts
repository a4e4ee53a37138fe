/**
 * What gates learn of their providers outlives the process: read when a gate is made, written now and then and at the end of a run.
 * Several processes with work at the same gate meet half way by it, else the one that found more would keep it.
 */
import { type Clock, fromWall, toWall } from '../../core/clock.js';
import type { Learned } from '../../core/gate/learned.js';
import type { EpochMs } from '../../core/model.js';
import type { Store } from '../../store/port/store.js';

const SAVE_MS = 10_000;
/** Between two looks at what the others found. */
const EXCHANGE_MS = 2_000;
/** What is older, or of a clock that differs by more, is of no process that is at work. */
const RECENT_MS = 10_000;

interface LearningGate {
  learned(): Learned;
  /** Turns wait here. */
  busy(): boolean;
  evenOut(found: Learned): void;
}

export interface KeptLimitsOptions {
  store: Pick<Store, 'limits' | 'setLimits'>;
  clock: Clock;
  onError(error: unknown): void;
}

export class KeptLimits {
  readonly #options: KeptLimitsOptions;
  readonly #gates = new Map<string, { gate: LearningGate; saved: string }>();
  #savedAt: EpochMs;
  #exchangedAt: EpochMs;

  constructor(options: KeptLimitsOptions) {
    this.#options = options;
    this.#savedAt = options.clock.now();
    this.#exchangedAt = options.clock.now();
  }

  /** Nobody waits in vain for a store that fails: the gate learns anew. */
  async load(gateKey: string): Promise<Learned | null> {
    try {
      const found = await this.#options.store.limits(gateKey);
      return found && { ...found, at: fromWall(this.#options.clock, found.at) };
    } catch (error) {
      this.#options.onError(error);
      return null;
    }
  }

  add(gateKey: string, gate: LearningGate): void {
    this.#gates.set(gateKey, { gate, saved: content(gate.learned()) });
  }

  /** To be called often: saves what has changed every ten seconds, and exchanges it with others that are alive. */
  async look(processes: number): Promise<void> {
    const now = this.#options.clock.now();
    if (processes > 1 && now - this.#exchangedAt >= EXCHANGE_MS) {
      this.#exchangedAt = now;
      await this.#exchange();
    }
    if (now - this.#savedAt >= SAVE_MS) await this.save();
  }

  async #exchange(): Promise<void> {
    for (const [gateKey, { gate, saved }] of this.#gates) {
      if (!gate.busy()) continue;
      const found = await this.#options.store.limits(gateKey);
      if (found !== null && Math.abs(this.#options.clock.wall() - found.at) < RECENT_MS && content(found) !== saved)
        gate.evenOut(found);
      await this.#save(gateKey);
    }
  }

  /** Saves what has changed. Throws what the store throws. */
  async save(): Promise<void> {
    this.#savedAt = this.#options.clock.now();
    for (const gateKey of this.#gates.keys()) await this.#save(gateKey);
  }

  async #save(gateKey: string): Promise<void> {
    const known = this.#gates.get(gateKey);
    if (!known) return;
    const learned = known.gate.learned();
    const now = content(learned);
    if (now === known.saved) return;
    const { store, clock } = this.#options;
    await store.setLimits(gateKey, { ...learned, at: toWall(clock, learned.at) });
    known.saved = now;
  }
}

/** Without its time. */
function content({ at: _at, ...facts }: Learned): string {
  return JSON.stringify(facts);
}
