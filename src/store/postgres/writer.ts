/**
 * Writes to PostgreSQL on one connection, in groups like the writer thread: whatever arrived while the last commit was under way.
 * A group first takes the locks of the runs and rates that it writes, in one order, so that the writes of one run are serial over all
 * processes and groups do not wait for each other in a circle.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { EXIT, isDiskFault, SwarmError } from '../../core/errors.js';
import type { ShareRequest } from '../port/workers.js';
import type { OperationInput, OperationName, OperationResult, Write, Writer } from '../sql/all-operations.js';
import { isAway, isContention, PATIENCE_MS, storeError } from '../store-errors.js';
import { performAhead } from './ahead.js';
import { connect, execute } from './connection.js';
import { Foretold } from './foretold.js';

const MAX_GROUP = 512;
/** A group is three round trips, and more where a write waits for answers: a shorter one would be mostly commits. */
const MAX_GROUP_MS = 10;
const CONTENTION_TRIES = 10;

interface QueuedWrite extends Write {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

type Result = { value: unknown } | { cause: unknown };

/** Money of all runs is booked in one ledger. */
const BOOKING: ReadonlySet<OperationName> = new Set([
  'intend',
  'settle',
  'refuse',
  'spend',
  'doubt',
  'openEpoch',
  'endOwner',
  'endOwners',
]);

/** What two writes must not change at once: the ledger, a run, a rate, or the shares of a limit. */
function lockOf({ name, input }: Write): string[] {
  const { runId, rateKey, run, request } = input as {
    runId?: string;
    rateKey?: string;
    run?: { id: string };
    request?: ShareRequest;
  };
  if (request) return request.asks.map(({ key }) => `share/${key}`);
  const ledger = BOOKING.has(name) ? ['ledger'] : [];
  if (runId !== undefined) return [`run/${runId}`, ...ledger];
  if (run) return [`run/${run.id}`];
  return rateKey === undefined ? ledger : [`rate/${rateKey}`];
}

/** A lease that is renewed late is lost with all that its process was about to send, and until a stop is committed others send in vain. */
function isUrgent({ name, input }: Write): boolean {
  if (name === 'beat') return (input as OperationInput<'beat'>).until > 0;
  return (input as { stop?: object }).stop !== undefined;
}

function endsProcess({ name }: Write): boolean {
  return name === 'endOwner' || name === 'endOwners';
}

export class PostgresWriter implements Writer {
  readonly #url: string;
  readonly #where: string;
  readonly #foretold = new Foretold();
  /** Writes whose answers were foretold wrong: they wait for them, in whatever group they are next. */
  readonly #patient = new WeakSet<Write>();
  #client: pg.Client | null = null;
  #queue: QueuedWrite[] = [];
  /** Written before what waits in the queue. */
  readonly #urgent: QueuedWrite[] = [];
  #working: Promise<void> | null = null;
  #closed = false;

  constructor(url: string, where: string) {
    this.#url = url;
    this.#where = where;
  }

  /** Its connection is opened by the first write: that costs a millisecond. */
  expectWrites(): void {}

  write<N extends OperationName>(name: N, input: OperationInput<N>): Promise<OperationResult<N>> {
    if (this.#closed) {
      const problem = { code: 'E_STORE_CLOSED', place: { file: this.#where }, found: 'the store is closed' };
      return Promise.reject(new SwarmError(problem, EXIT.bug));
    }
    return new Promise((resolve, reject) => {
      const write = { name, input, resolve: resolve as (value: unknown) => void, reject };
      // What ends a process is done before that process, or its successor, is heard of again.
      const first = isUrgent(write) && !this.#queue.some(endsProcess);
      (first ? this.#urgent : this.#queue).push(write);
      this.#working ??= this.#work();
    });
  }

  async #work(): Promise<void> {
    // What arrives in the same turn of the event loop shares the first commit.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0 || this.#urgent.length > 0) {
      const urgent = this.#urgent.splice(0, MAX_GROUP);
      const group = [...urgent, ...this.#queue.splice(0, MAX_GROUP - urgent.length)];
      let results: Result[];
      try {
        results = await this.#commit(group);
      } catch (cause) {
        // A write that is wrong in itself must not take others with it; when the server is away or full all are refused.
        const isFault = isAway(cause) || isDiskFault(storeError(cause, this.#where));
        results = isFault ? group.map(() => ({ cause })) : await this.#commitAlone(group);
      }
      this.#queue.unshift(...group.slice(results.length));
      results.forEach((result, position) => {
        const write = group[position];
        if ('value' in result) write?.resolve(result.value);
        else write?.reject(storeError(result.cause, this.#where));
      });
    }
    this.#working = null;
  }

  async #commitAlone(group: readonly QueuedWrite[]): Promise<Result[]> {
    const results: Result[] = [];
    for (const write of group) {
      try {
        results.push(...(await this.#commitPatiently(write)));
      } catch (cause) {
        results.push({ cause });
      }
    }
    return results;
  }

  async #commitPatiently(write: QueuedWrite): Promise<Result[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#commit([write]);
      } catch (cause) {
        if (!isContention(cause) || tries === CONTENTION_TRIES) throw cause;
        await sleep(tries * 5);
      }
    }
  }

  /** Commits writes from the front of the group, at least one. When the connection breaks it finds out whether the commit was made. */
  async #commit(group: readonly QueuedWrite[]): Promise<Result[]> {
    for (let deadline = 0; ; ) {
      let transaction: string | null = null;
      let results: Result[] = [];
      try {
        this.#client ??= await connect(this.#url, { pipeline: true });
        const client = this.#client;
        transaction = await this.#begin(client, group);
        const writes = { writes: group, forMs: MAX_GROUP_MS, patient: this.#patient };
        const performed = await performAhead(writes, this.#foretold, ([statement, values]) => execute(client, statement, values));
        if ('wrong' in performed) {
          for (const write of performed.wrong) this.#patient.add(write);
          await client.query('ROLLBACK');
          continue;
        }
        results = performed.values.map((value) => ({ value }));
        await client.query('COMMIT');
        return results;
      } catch (cause) {
        if (!isAway(cause)) {
          await this.#client?.query('ROLLBACK').catch(() => this.#disconnect());
          throw cause;
        }
        deadline ||= performance.now() + PATIENCE_MS;
        results = await this.#afterLoss(cause, transaction, results, deadline);
        if (results.length > 0) return results;
      }
    }
  }

  /** Opens a transaction that has the locks of the group until its end. Returns its id. */
  async #begin(client: pg.Client, group: readonly Write[]): Promise<string> {
    const locks = [...new Set(group.flatMap(lockOf))].sort();
    const text = `SELECT pg_current_xact_id()::text AS id, (SELECT COUNT(pg_advisory_xact_lock(hashtextextended(name, 0)))
      FROM unnest($1::text[]) WITH ORDINALITY AS locks(name, position)) AS taken`;
    // Waited for before the first write leaves: without a transaction its statements would stand each for itself.
    const [, { rows }] = await Promise.all([
      client.query('BEGIN'),
      client.query<{ id: string }>({ name: 'lock', text, values: [locks] }),
    ]);
    return String(rows[0]?.id);
  }

  /** Reconnects. Returns the results when the lost transaction was committed after all, nothing when it is to be done again. */
  async #afterLoss(cause: unknown, transaction: string | null, results: Result[], deadline: number): Promise<Result[]> {
    for (let wait = 50; ; wait = Math.min(wait * 2, 1_000)) {
      this.#disconnect();
      if (performance.now() > deadline) throw cause;
      await sleep(wait);
      try {
        this.#client = await connect(this.#url, { pipeline: true });
        if (transaction === null) return [];
        const { rows } = await this.#client.query<{ status: string | null }>('SELECT pg_xact_status($1::xid8) AS status', [
          transaction,
        ]);
        if (rows[0]?.status === 'committed') return results;
        if (rows[0]?.status === 'aborted') return [];
        // In progress: the server has not noticed yet that we are gone.
      } catch (again) {
        if (!isAway(again)) throw again;
      }
    }
  }

  #disconnect(): void {
    const client = this.#client;
    this.#client = null;
    client?.end().catch(() => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
    const client = this.#client;
    this.#client = null;
    await client?.end();
  }
}
