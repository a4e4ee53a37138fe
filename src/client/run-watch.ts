/**
 * Watches a run for a program that follows it: sees what the store does not tell (a workflow that failed or was terminated, a host that
 * died), and keeps it going. Which host is there is looked at anew in each round, not heard of once: hosts may die at any moment, also
 * while the run is brought on by the next one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SwarmError } from '../core/errors.js';
import type { RunState } from '../core/model.js';
import { hasEnded, isInterruptedByHost } from '../core/run-end.js';
import { knownRun } from '../core/run-errors.js';
import type { Launcher } from '../runs/launch.js';
import { endedEarly, hostStopped, hostsDie, untoldFault } from '../runs/run-errors.js';
import type { RunRow, Store } from '../store/port/store.js';

/** Pause between looks while Temporal or the host is away. */
const AWAY_MS = 250;
/** A run that has not ended, and whose workflow is closed for this many looks, has lost it: 5 s. */
const CLOSED_LOOKS = 20;
/** Nobody starts a staged run whose workflow does not come within this many looks: 20 s. */
const UNSTARTED_LOOKS = 80;
/** What a program has seen in one of these is its to keep going. */
const UNDER_WAY: readonly RunState[] = ['staged', 'running'];
/** A server that the host starts again is back by then, and a host that was only slow. */
const AWAY_AT_MOST_MS = 30_000;
/** Hosts that die in a row before a call of the run was answered do not die by chance. */
const MOST_DEATHS = 10;

/** The home's host, whichever it is by now. */
export interface RunHosts {
  /** Finds or starts it, and tells it once that `who` follows the run. Returns an object that is another one for each host. */
  join(runId: string, who: object): Promise<object>;
  /** The run is not followed any more. */
  leave(runId: string, who: object): void;
  /** True when this program has closed its connection: nothing is watched any more. */
  closed(): boolean;
  launcher(): Promise<Launcher>;
  /** Resolves when the host that was last connected to is gone; null while none is connected. */
  hostGone(): Promise<void> | null;
  /** True when the host that was last connected to was told to stop: following the run must not start another one. */
  hostStopped(): boolean;
}

export class RunWatch {
  readonly #runId: string;
  readonly #store: Store;
  readonly #hosts: RunHosts;
  readonly #ended = new AbortController();
  #watching = false;
  #failure: unknown = null;
  /** True: its interruption by a host's death is none for this program. */
  #mine: boolean;
  /** The last host that the run is known to go on with. */
  #host: object | null = null;
  /** It was to be told to go on, and has perhaps not heard of it. */
  #due = false;
  /** Ends the wait of the round. */
  #wake: () => void = () => undefined;
  #closedLooks = 0;
  #deaths = 0;
  /** Of the run when a host died last. */
  #answers = -1;
  #awaySince: number | null = null;

  /** `mine`: this program has started the run, or let it go on. */
  constructor(runId: string, store: Store, hosts: RunHosts, mine: boolean) {
    this.#runId = runId;
    this.#store = store;
    this.#hosts = hosts;
    this.#mine = mine;
  }

  /** Watches from the first look on. `run` as the caller has just read it. Throws what ended the run before its time. */
  look(run: Pick<RunRow, 'state' | 'reason'>): void {
    if (this.#failure) throw this.#failure;
    if (this.#mine && isInterruptedByHost(run)) this.#wake();
    if (this.#watching) return;
    this.#watching = true;
    void this.#watch();
  }

  end(): void {
    this.#ended.abort();
    if (this.#watching) this.#hosts.leave(this.#runId, this);
  }

  async #watch(): Promise<void> {
    while (!this.#over() && this.#failure === null) {
      try {
        await this.#round();
      } catch (error) {
        if (this.#over()) return;
        this.#failure = await this.#fatal(error);
        // The server is coming back, or the host is: look again.
        if (this.#failure === null) await sleep(AWAY_MS);
      }
    }
  }

  #over(): boolean {
    return this.#ended.signal.aborted || this.#hosts.closed();
  }

  /** Until the workflow ends, or the host does. */
  async #round(): Promise<void> {
    const hosts = this.#hosts;
    if (hosts.hostStopped()) {
      // Calls under way may finish meanwhile, and with them the run.
      await hosts.hostGone();
      const { detached } = await this.#row();
      throw hostStopped(this.#runId, detached);
    }
    this.#mine ||= UNDER_WAY.includes((await this.#row()).state);
    const host = await this.#join();
    const launcher = await hosts.launcher();
    const gone = hosts.hostGone();
    // It died in between: the launcher may be that of the next one.
    if ((await this.#join()) !== host) return;
    await this.#keepGoing(launcher, host);
    const run = await this.#row();
    const fate = await launcher.fate(run);
    this.#awaySince = null;
    this.#closedLooks = fate.is === 'open' || hasEnded(run) ? 0 : this.#closedLooks + 1;
    if (this.#closedLooks > (fate.is === 'lost' && run.state === 'staged' ? UNSTARTED_LOOKS : CLOSED_LOOKS)) {
      // A failed one says why.
      if (fate.is === 'FAILED') await fate.workflow.result();
      throw endedEarly(this.#runId, run.message ?? 'it is closed, or Temporal does not know it');
    }
    const ended = fate.is === 'open' ? fate.workflow.result() : sleep(AWAY_MS);
    // The connection of a host that is gone closes under it.
    ended.catch(() => undefined);
    const interrupted = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const summary = await Promise.race([ended, interrupted, ...(gone === null ? [] : [gone])]);
    if (summary === undefined) return;
    if (summary.stop === 'disk' && !hasEnded(await this.#row())) throw untoldFault(this.#runId, summary.message);
    // The store tells the end, a moment before or after.
    await sleep(AWAY_MS);
  }

  async #join(): Promise<object> {
    try {
      return await this.#hosts.join(this.#runId, this);
    } catch (error) {
      // What a host says of its own start is final; one that went away, or is silent, has said nothing.
      throw SwarmError.is(error) && !['E_HOST_GONE', 'E_HOST_SILENT'].includes(error.code) ? new Final(error) : error;
    }
  }

  /** The host before has died, or its successor interrupted the run after this program had joined it. */
  async #keepGoing(launcher: Launcher, host: object): Promise<void> {
    this.#host ??= host;
    const another = this.#host !== host;
    if (another || isInterruptedByHost(await this.#row())) {
      if (!this.#due || another) await this.#countDeath();
      this.#due = true;
    }
    if (this.#mine && this.#due && !this.#hosts.hostStopped()) {
      await launcher.goOnAfterDeath(this.#runId);
      this.#due = false;
    }
    // Only now: a host that dies before this leaves it to the next round.
    this.#host = host;
  }

  async #countDeath(): Promise<void> {
    const { calls } = await this.#store.totals(this.#runId);
    this.#deaths = calls > this.#answers ? 1 : this.#deaths + 1;
    this.#answers = calls;
    if (this.#deaths > MOST_DEATHS) throw new Final(hostsDie(this.#runId, MOST_DEATHS));
  }

  /** What ends the following; null for what passes, and for an end that the store tells. */
  async #fatal(error: unknown): Promise<unknown> {
    if (error instanceof Final) return error.cause;
    const { workflowEnd } = await import('../runs/workflow-end.js');
    const end = workflowEnd(error, this.#runId);
    if (end !== null) return end.failure;
    if (!SwarmError.is(error) || error.code === 'E_HOST_GONE') return null;
    if (!['E_HOST_SILENT', 'E_TEMPORAL_UNREACHABLE'].includes(error.code)) return error;
    this.#awaySince ??= performance.now();
    return performance.now() - this.#awaySince < AWAY_AT_MOST_MS ? null : error;
  }

  #row(): Promise<RunRow> {
    return knownRun(this.#store, this.#runId);
  }
}

/** Nothing to be tried again. */
class Final extends Error {
  constructor(cause: unknown) {
    super('final', { cause });
  }
}
