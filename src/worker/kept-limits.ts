/** What gates learn of their providers outlives the process: read when a gate is made, written now and then and at the end of a run. */
import type { Learned } from '../core/gate/learned.js';
import type { EpochMs } from '../core/model.js';
import type { Store } from '../store/port.js';

const SAVE_MS = 10_000;

interface LearningGate {
  learned(): Learned;
}

export interface KeptLimitsOptions {
  store: Pick<Store, 'limits' | 'setLimits'>;
  now(): EpochMs;
  onError(error: unknown): void;
}

export class KeptLimits {
  readonly #options: KeptLimitsOptions;
  readonly #gates = new Map<string, { gate: LearningGate; saved: string }>();
  #savedAt: EpochMs;

  constructor(options: KeptLimitsOptions) {
    this.#options = options;
    this.#savedAt = options.now();
  }

  /** Nobody waits in vain for a store that fails: the gate learns anew. */
  async load(gateKey: string): Promise<Learned | null> {
    try {
      return await this.#options.store.limits(gateKey);
    } catch (error) {
      this.#options.onError(error);
      return null;
    }
  }

  add(gateKey: string, gate: LearningGate): void {
    this.#gates.set(gateKey, { gate, saved: content(gate.learned()) });
  }

  /** To be called often: saves what has changed every ten seconds. */
  async look(): Promise<void> {
    if (this.#options.now() - this.#savedAt < SAVE_MS) return;
    await this.save();
  }

  /** Saves what has changed. Throws what the store throws. */
  async save(): Promise<void> {
    this.#savedAt = this.#options.now();
    for (const [gateKey, known] of this.#gates) {
      const learned = known.gate.learned();
      const now = content(learned);
      if (now === known.saved) continue;
      await this.#options.store.setLimits(gateKey, learned);
      known.saved = now;
    }
  }
}

/** Without its time. */
function content({ at: _at, ...facts }: Learned): string {
  return JSON.stringify(facts);
}
