/**
 * All gates of this process, and the control rows that they obey: at once for changes made here, within 500 ms for others. A run's
 * concurrency is shared with the other processes.
 */
import { setMaxListeners } from 'node:events';
import type { Gates } from '../../activities/deps.js';
import type { Clock } from '../../core/clock.js';
import type { Rate } from '../../core/gate/configured-rates.js';
import type { GatePort } from '../../core/gate/port.js';
import { gateKey, runShare } from '../../core/names.js';
import type { RunStop } from '../../core/run-stop.js';
import type { ModelRef } from '../../schema/task-types.js';
import type { Control, RunRow, Store } from '../../store/port/store.js';
import { OVERDUE_MS, type OwnerRow } from '../../store/port/workers.js';
import { KeptLimits } from './kept-limits.js';
import { type LeaseOfShares, LimitShares } from './limit-shares.js';
import { RunGate } from './run-gate.js';
import { ToldWaits } from './stored-waits.js';

const LOOK_MS = 250;
/** A run that nobody asked about for this long is forgotten; it registers again when it goes on. */
const FORGET_MS = 600_000;

interface GatedRun {
  row: RunRow;
  control: Control;
  /** Of the models that its phases had calls of so far, by key. Phases follow each other, so the calls under way pass one of them. */
  gates: Map<string, RunGate>;
  abort: AbortController;
  /** Admissions so far, as of the last look. */
  admitted: number;
  usedAt: number;
}

/** Over all gates of a run. */
function sum(gates: Iterable<RunGate>, count: (gate: RunGate) => number): number {
  let all = 0;
  for (const gate of gates) all += count(gate);
  return all;
}

/** Its turns that were admitted, or wait to be. */
function asked(runId: string, gates: ReadonlyMap<string, RunGate>): number {
  return sum(gates.values(), (gate) => gate.inFlight(runId) + gate.waiting(runId));
}

/** A gate's clock of tokens is apart from that of its requests. */
function slotKey(gate: string, rate: Rate): string {
  return rate === 'requests' ? gate : `${gate}/tokens`;
}

export class ProcessGates implements Gates {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #gates = new Map<string, RunGate>();
  readonly #runs = new Map<string, GatedRun>();
  readonly #looker: NodeJS.Timeout;
  readonly #unsubscribe: (() => void)[];
  readonly #lease: LeaseOfShares;
  readonly #shares: LimitShares;
  readonly #kept: KeptLimits;
  readonly #waits: ToldWaits;
  #looking = false;
  #draining = false;

  constructor(store: Store, options: { clock: Clock; onError(error: unknown): void; lease: LeaseOfShares }) {
    this.#store = store;
    this.#clock = options.clock;
    this.#onError = options.onError;
    this.#lease = options.lease;
    this.#shares = new LimitShares({ store, ...options });
    this.#kept = new KeptLimits({ store, ...options });
    this.#waits = new ToldWaits({ store, owner: options.lease.owner, clock: options.clock });
    this.#unsubscribe = [
      store.onControl((runId, control) => this.#obey(runId, control)),
      options.lease.onLapse(() => {
        for (const gate of this.#gates.values()) gate.lapsed();
        this.#shares.lapsed();
      }),
    ];
    this.#looker = setInterval(() => void this.#look(), LOOK_MS);
  }

  async join(row: RunRow): Promise<void> {
    const { id } = row;
    const control = await this.#store.control(id);
    const known = this.#runs.get(id);
    const abort = known && !known.abort.signal.aborted ? known.abort : new AbortController();
    // Every call under way and every wait listens.
    setMaxListeners(0, abort.signal);
    const gates = known?.gates ?? new Map<string, RunGate>();
    this.#runs.set(id, { row, control, gates, abort, admitted: 0, usedAt: this.#clock.now() });
    this.#shares.add(runShare(id), {
      limit: () => this.#runs.get(id)?.control.concurrency ?? 0,
      wanted: () => asked(id, gates),
      held: () => sum(gates.values(), (gate) => gate.entered(id)),
      changed: () => this.#apply(id),
    });
    this.#obey(id, control, true);
  }

  async of(row: RunRow, model: ModelRef): Promise<GatePort> {
    const gate = await this.#gate(gateKey(model));
    if (!this.#runs.has(row.id)) await this.join(row);
    const { gates } = this.#run(row.id);
    // The newest is the last.
    gates.delete(gateKey(model));
    gates.set(gateKey(model), gate);
    this.#apply(row.id);
    return gate;
  }

  async #gate(key: string): Promise<RunGate> {
    const learned = this.#gates.has(key) ? null : await this.#kept.load(key);
    let gate = this.#gates.get(key);
    if (!gate) {
      gate = new RunGate({
        now: () => this.#clock.now(),
        takeSlots: (rate, count, intervalMs, from) => this.#takeSlots(slotKey(key, rate), count, intervalMs, from),
        lease: this.#lease,
        onError: this.#onError,
        learned,
      });
      gate.sharedBy(this.processes());
      this.#gates.set(key, gate);
      this.#kept.add(key, gate);
    }
    return gate;
  }

  knows(runId: string): boolean {
    return this.#runs.has(runId);
  }

  cancelSignal(runId: string): AbortSignal {
    return this.#run(runId).abort.signal;
  }

  version(runId: string): number {
    return this.#run(runId).control.version;
  }

  async heed(runId: string): Promise<Control> {
    const control = await this.#store.control(runId);
    this.#obey(runId, control);
    return control;
  }

  stop(runId: string): RunStop | null {
    return this.#runs.get(runId)?.control.stop ?? null;
  }

  draining(): boolean {
    return this.#draining;
  }

  /** No new calls from now on; waiting turns are given back. */
  drain(): void {
    this.#draining = true;
    for (const gate of this.#gates.values()) gate.giveBack();
  }

  /** The run has ended here. */
  forget(runId: string): void {
    const run = this.#runs.get(runId);
    if (!run) return;
    this.#runs.delete(runId);
    for (const gate of run.gates.values()) gate.dropRun(runId);
    void this.#kept.save().catch(this.#onError);
    void this.#waits.forget(runId).catch(this.#onError);
    this.#shares.remove(runShare(runId));
  }

  /** Calls of all runs under way in this process. */
  inFlight(): number {
    let calls = 0;
    for (const [runId, { gates }] of this.#runs) calls += sum(gates.values(), (gate) => gate.inFlight(runId));
    return calls;
  }

  /** Runs with calls under way or turns waiting to be admitted. */
  busyRuns(): number {
    let busy = 0;
    for (const [runId, { gates }] of this.#runs) if (asked(runId, gates) > 0) busy += 1;
    return busy;
  }

  close(): void {
    clearInterval(this.#looker);
    for (const end of this.#unsubscribe) end();
    for (const gate of this.#gates.values()) gate.close();
  }

  /** Living processes, this one included. */
  processes(): number {
    return 1 + this.#lease.living().filter(({ id }) => id !== this.#lease.owner).length;
  }

  overdue(): OwnerRow[] {
    return this.#lease.dead(OVERDUE_MS);
  }

  /** The clock of a rate is one of the wall, since all processes share it. One that is set meanwhile moves no slot. */
  async #takeSlots(rateKey: string, count: number, intervalMs: number, from: number): Promise<number> {
    const ahead = this.#clock.wall() - this.#clock.now();
    return (await this.#store.takeSlots(rateKey, count, intervalMs, from + ahead)) - ahead;
  }

  async idle(runId: string): Promise<string[]> {
    const temporal = this.#lease.owners().find(({ id }) => id === this.#lease.owner)?.temporal;
    const shares = await this.#store.shares([runShare(runId)]);
    const atWork = new Set(shares.filter(({ wanted }) => wanted > 0).map(({ owner }) => owner));
    return this.#lease
      .living()
      .filter((owner) => owner.temporal === temporal && !atWork.has(owner.id))
      .map(({ id }) => id);
  }

  #run(runId: string): GatedRun {
    const run = this.#runs.get(runId);
    if (!run) throw new Error(`run ${runId} is not registered with a gate`);
    return run;
  }

  async #look(): Promise<void> {
    // A store that is away must not be asked by more and more looks.
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const [runId, control] of await this.#store.controls([...this.#runs.keys()])) this.#obey(runId, control);
      for (const [runId, run] of this.#runs) {
        const admitted = sum(run.gates.values(), (gate) => gate.admitted(runId));
        const busy = asked(runId, run.gates) > 0 || admitted > run.admitted;
        run.admitted = admitted;
        if (busy) run.usedAt = this.#clock.now();
        else if (this.#clock.now() - run.usedAt > FORGET_MS) this.forget(runId);
        // A phase's gate is asked for as it begins: the last one is that of the phase under way.
        const gate = [...run.gates.values()].at(-1);
        if (gate && this.#runs.has(runId)) await this.#waits.look(runId, gate.seen(runId));
      }
      const processes = this.processes();
      for (const gate of this.#gates.values()) gate.sharedBy(processes);
      await this.#shares.look();
      await this.#kept.look(processes);
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#looking = false;
    }
  }

  #obey(runId: string, control: Control, always = false): void {
    const run = this.#runs.get(runId);
    if (!run || (!always && control.version <= run.control.version)) return;
    run.control = control;
    this.#shares.limitChanged(runShare(runId));
    this.#apply(runId);
    for (const gate of run.gates.values()) gate.unblockMoney(runId);
    if (control.cancelled) run.abort.abort(new Error('the run was cancelled'));
  }

  #apply(runId: string): void {
    const run = this.#runs.get(runId);
    if (!run) return;
    const { control, gates, row } = run;
    const { weight, staggerMs } = row.task;
    const key = runShare(runId);
    const limits = {
      concurrency: this.#shares.room(key),
      places: this.#shares.places(key),
      weight,
      staggerMs,
      requestsPerMinute: control.requestsPerMinute,
      tokensPerMinute: control.tokensPerMinute,
      auto: control.auto,
      paused: control.paused || control.stop !== null,
      cancelled: control.cancelled,
    };
    for (const gate of gates.values()) gate.setRun(runId, limits);
  }
}
