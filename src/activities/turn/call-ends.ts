/**
 * How calls ended, made durable. What was paid for is never thrown away because storing it failed: it is kept in memory, no new call
 * starts in this process, and storing is tried again with growing pauses until it works. Only the death of the process leaves the
 * call doubtful: its intent is stored since before it was sent.
 */
import { EXIT, SwarmError } from '../../core/errors.js';
import type { CallKey, Doubt, Refusal, Settlement, Spent, Store } from '../../store/port/store.js';

export type CallEnd =
  | { kind: 'settle'; record: Settlement }
  | { kind: 'refuse'; record: Refusal }
  | { kind: 'spend'; record: Spent }
  | { kind: 'doubt'; record: Doubt };

export interface CallEndsOptions {
  store: Pick<Store, 'settle' | 'refuse' | 'spend' | 'doubt'>;
  log: { info(facts: object, text: string): void; warn(facts: object, text: string): void };
  /** Pause before the first try again, doubled up to `longestMs`. Default 250 ms and 10 s. */
  firstMs?: number;
  longestMs?: number;
}

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/** Names a turn in this process. */
export function callName({ runId, index, turn }: CallKey): string {
  return `${runId}/${index}/${turn}`;
}

/** The disk is full or failing, or PostgreSQL is away: the same write may work later. */
function mayWorkLater(error: unknown): error is SwarmError {
  return SwarmError.is(error) && (error.exitCode === EXIT.diskWrite || error.exitCode === EXIT.unreachable);
}

export class CallEnds {
  readonly #options: CallEndsOptions;
  readonly #kept = new Map<string, CallEnd>();
  #fault: SwarmError | null = null;
  #timer: NodeJS.Timeout | null = null;
  #trying: Promise<void> | null = null;
  #pauseMs: number;
  #closed = false;

  constructor(options: CallEndsOptions) {
    this.#options = options;
    this.#pauseMs = options.firstMs ?? FIRST_MS;
  }

  /** Resolves when the end is durable; false for an answer that came too late. A fault of the store keeps it here, and is thrown. */
  async store(end: CallEnd): Promise<boolean> {
    try {
      return await this.#write(end);
    } catch (error) {
      if (!mayWorkLater(error)) throw error;
      this.#kept.set(callName(end.record), end);
      this.#fault = error;
      const { runId, index, turn } = end.record;
      this.#options.log.warn(
        { err: error, run: runId, index, turn },
        'the end of a call could not be stored: it is kept in memory',
      );
      this.#later();
      throw error;
    }
  }

  /** Ends that wait to be stored, of one run or of all. */
  count(runId?: string): number {
    if (runId === undefined) return this.#kept.size;
    return [...this.#kept.values()].filter(({ record }) => record.runId === runId).length;
  }

  /** Throws what keeps the store from taking the ends: paying for more answers would put them at risk, too. */
  refuseNewCalls(): void {
    if (this.#fault) throw this.#fault;
  }

  /** When the end of this turn's call is kept here, stores it now. True when it was; throws when it cannot be yet. */
  async bringIn(turn: CallKey): Promise<boolean> {
    if (!this.#kept.has(callName(turn))) return false;
    await this.#tryAll();
    if (this.#kept.has(callName(turn)) && this.#fault) throw this.#fault;
    return true;
  }

  /** Tries once more; what still cannot be stored becomes doubtful when this process ends. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#kept.size > 0) await this.#tryAll();
    for (const { record } of this.#kept.values()) {
      const { runId, index, turn } = record;
      this.#options.log.warn({ run: runId, index, turn }, 'the end of a call is lost: the call is doubtful now');
    }
  }

  async #write(end: CallEnd): Promise<boolean> {
    const { store } = this.#options;
    if (end.kind === 'settle') return (await store.settle(end.record)) === 'used';
    if (end.kind === 'refuse') await store.refuse(end.record);
    else if (end.kind === 'spend') await store.spend(end.record);
    else await store.doubt(end.record);
    return true;
  }

  #later(): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#tryAll();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, this.#options.longestMs ?? LONGEST_MS);
  }

  /** One try at a time; all of them share a commit. */
  #tryAll(): Promise<void> {
    this.#trying ??= this.#try().finally(() => {
      this.#trying = null;
    });
    return this.#trying;
  }

  async #try(): Promise<void> {
    const { log } = this.#options;
    const before = this.#kept.size;
    await Promise.all(
      [...this.#kept].map(async ([name, end]) => {
        try {
          await this.#write(end);
          this.#kept.delete(name);
        } catch (error) {
          if (mayWorkLater(error)) {
            this.#fault = error;
            return;
          }
          this.#kept.delete(name);
          log.warn({ err: error, run: end.record.runId }, 'the end of a call cannot be stored any more');
        }
      }),
    );
    if (this.#kept.size > 0) return this.#later();
    this.#fault = null;
    this.#pauseMs = this.#options.firstMs ?? FIRST_MS;
    log.info({ ends: before }, 'the store works again: all ends of calls are stored');
  }
}
