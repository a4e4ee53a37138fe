/** All reads of the port. */
import { sql } from 'kysely';
import type { SampledRow } from '../../core/estimate.js';
import type { Learned } from '../../core/gate/learned.js';
import type { Wait } from '../../core/gate/wait.js';
import type { EpochMs, FailureGroup, Outcome, RunState } from '../../core/model.js';
import type { Role } from '../../core/phases.js';
import { unknownRun } from '../../core/run-errors.js';
import type { Seed } from '../../schema/seed.js';
import type { BegunRow } from '../port/changed-rows.js';
import type { CallRow, Control, Indexes, OutputRow, RunRow, RunTotals } from '../port/store.js';
import type { TaskVersion } from '../port/task-versions.js';
import type { OwnerRow, QueueRow, ShareRow } from '../port/workers.js';
import { readFailures, readFirstRows, readHasAnswer, readWaits } from './live-reads.js';
import { MoneyReader } from './money-reader.js';
import { readOutputRows } from './output-rows.js';
import type { ReadConnection } from './read-connection.js';
import { readBegunRows } from './row-changes.js';
import { readCall, readControl, readOutcome, readQueue, readRun, readSeed, readTotals } from './rows.js';
import type { Row, Statement } from './statements.js';
import { readTaskVersions } from './task-versions.js';

interface IndexedRead {
  range: Statement;
  list: Statement;
}

export class Reader {
  readonly money: MoneyReader;
  readonly #connection: ReadConnection;
  readonly #seeds: IndexedRead;
  readonly #calls: IndexedRead;
  readonly #done: IndexedRead;

  constructor(connection: ReadConnection) {
    this.#connection = connection;
    this.money = new MoneyReader(connection);
    const indexed = (name: string, select: string, order: string): IndexedRead => ({
      range: { name: `${name}Range`, text: `${select} WHERE t.run_id = ?1 AND t.idx >= ?2 AND t.idx < ?3 ORDER BY ${order}` },
      list: { name: `${name}List`, text: `${select} WHERE t.run_id = ?1 AND t.idx ${connection.inList} ORDER BY ${order}` },
    });
    this.#seeds = indexed('seeds', 'SELECT t.idx, t.id_json, t.content_json FROM seeds t', 't.idx');
    const answers = 'LEFT JOIN answers a ON a.run_id = t.run_id AND a.idx = t.idx AND a.turn = t.turn AND a.attempt = t.attempt';
    this.#calls = indexed('calls', `SELECT t.*, a.answer_json FROM calls t ${answers}`, 't.idx, t.turn, t.attempt');
    this.#done = indexed('done', 'SELECT t.idx FROM outcomes t', 't.idx');
  }

  async run(runId: string): Promise<RunRow | null> {
    const query = this.#connection.kysely.selectFrom('runs').selectAll().where('id', '=', runId).where('dropped', '=', 0);
    const row = await query.executeTakeFirst();
    return row ? readRun(row) : null;
  }

  async runs(
    filter: { states?: readonly RunState[]; outputDir?: string; home?: string; limit?: number } = {},
  ): Promise<RunRow[]> {
    let query = this.#connection.kysely.selectFrom('runs').selectAll().where('dropped', '=', 0);
    if (filter.states) query = query.where('state', 'in', filter.states.length > 0 ? [...filter.states] : ['']);
    if (filter.outputDir !== undefined) query = query.where('output_dir', '=', filter.outputDir);
    if (filter.home !== undefined) query = query.where('home', '=', filter.home);
    if (filter.limit !== undefined) query = query.limit(filter.limit);
    const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').execute();
    return rows.map(readRun);
  }

  async items(runId: string, epoch: number, from: number, to: number): Promise<number[]> {
    const rows = await this.#connection.kysely
      .selectFrom('items')
      .select('idx')
      .where('run_id', '=', runId)
      .where('epoch', '=', epoch)
      .where('pos', '>=', from)
      .where('pos', '<', to)
      .orderBy('pos')
      .execute();
    return rows.map((row) => row.idx);
  }

  async totals(runId: string): Promise<RunTotals> {
    const row = await this.#connection.kysely.selectFrom('run_totals').selectAll().where('run_id', '=', runId).executeTakeFirst();
    if (!row) throw unknownRun(runId);
    return readTotals(row);
  }

  async totalsOf(runIds: readonly string[]): Promise<Map<string, RunTotals>> {
    if (runIds.length === 0) return new Map();
    const query = this.#connection.kysely
      .selectFrom('run_totals')
      .selectAll()
      .where('run_id', 'in', [...runIds]);
    return new Map((await query.execute()).map((row) => [row.run_id, readTotals(row)]));
  }

  async seeds(runId: string, indexes: Indexes): Promise<Seed[]> {
    return (await this.#indexed(this.#seeds, runId, indexes)).map(readSeed);
  }

  async calls(runId: string, indexes: Indexes): Promise<CallRow[]> {
    return (await this.#indexed(this.#calls, runId, indexes)).map(readCall);
  }

  async done(runId: string, indexes: Indexes): Promise<Set<number>> {
    return new Set((await this.#indexed(this.#done, runId, indexes)).map((row) => Number(row['idx'])));
  }

  async outcome(runId: string, index: number): Promise<Outcome | null> {
    const row = await this.#connection.kysely
      .selectFrom('outcomes')
      .select('outcome_json')
      .where('run_id', '=', runId)
      .where('idx', '=', index)
      .executeTakeFirst();
    return row ? readOutcome(row) : null;
  }

  async outcomesAfter(runId: string, seq: number, limit: number): Promise<{ seq: number; outcome: Outcome }[]> {
    const rows = await this.#connection.kysely
      .selectFrom('outcomes')
      .select(['seq', 'outcome_json'])
      .where('run_id', '=', runId)
      .where('seq', '>', seq)
      .orderBy('seq')
      .limit(limit)
      .execute();
    return rows.map((row) => ({ seq: row.seq, outcome: readOutcome(row) }));
  }

  /** What came later is counted, not what came before: it is asked for rows that ended just now. */
  async okPlace(runId: string, index: number): Promise<{ seq: number; nth: number; id: string } | null> {
    const later = sql`(SELECT COUNT(*) FROM outcomes l WHERE l.run_id = o.run_id AND l.seq > o.seq AND l.status = 'ok')`;
    const row = await this.#connection.kysely
      .selectFrom('outcomes as o')
      .innerJoin('run_totals as t', 't.run_id', 'o.run_id')
      .select(['o.seq', 'o.outcome_json', sql<number>`t.ok - ${later}`.as('nth')])
      .where('o.run_id', '=', runId)
      .where('o.idx', '=', index)
      .where('o.status', '=', 'ok')
      .executeTakeFirst();
    return row ? { seq: row.seq, nth: Number(row.nth), id: readOutcome(row).id } : null;
  }

  outputRows(runId: string, filter: { status: Outcome['status']; from: number; limit: number }): Promise<OutputRow[]> {
    return readOutputRows(this.#connection, runId, filter);
  }

  async control(runId: string): Promise<Control> {
    const control = (await this.controls([runId])).get(runId);
    if (!control) throw unknownRun(runId);
    return control;
  }

  async controls(runIds: readonly string[]): Promise<Map<string, Control>> {
    if (runIds.length === 0) return new Map();
    const query = this.#connection.kysely
      .selectFrom('controls')
      .selectAll()
      .where('run_id', 'in', [...runIds]);
    return new Map((await query.execute()).map((row) => [row.run_id, readControl(row)]));
  }

  async queues(usedSince: EpochMs): Promise<QueueRow[]> {
    const query = this.#connection.kysely.selectFrom('queues').selectAll().where('last_used_at', '>=', usedSince);
    return (await query.orderBy('name').execute()).map(readQueue);
  }

  async limits(gateKey: string): Promise<Learned | null> {
    const query = this.#connection.kysely.selectFrom('limits').select('learned_json').where('gate_key', '=', gateKey);
    const row = await query.executeTakeFirst();
    return row ? JSON.parse(row.learned_json) : null;
  }

  waits(runId: string, at: EpochMs): Promise<Wait[]> {
    return readWaits(this.#connection, runId, at);
  }

  failures(runId: string): Promise<FailureGroup[]> {
    return readFailures(this.#connection, runId);
  }

  hasAnswer(runId: string, role: Role): Promise<boolean> {
    return readHasAnswer(this.#connection, runId, role);
  }

  firstRows(runId: string, count: number): Promise<SampledRow[]> {
    return readFirstRows(this.#connection, runId, count);
  }

  taskVersions(runId: string): Promise<TaskVersion[]> {
    return readTaskVersions(this.#connection, runId);
  }

  begunRows(runId: string, from: number, to: number): Promise<BegunRow[]> {
    return readBegunRows(this.#connection, runId, from, to);
  }

  async shares(keys: readonly string[]): Promise<ShareRow[]> {
    if (keys.length === 0) return [];
    const query = this.#connection.kysely
      .selectFrom('shares')
      .selectAll()
      .where('share_key', 'in', [...keys]);
    return (await query.execute()).map(({ share_key, ...share }) => ({ key: share_key, ...share }));
  }

  async owners(): Promise<OwnerRow[]> {
    const rows = await this.#connection.kysely.selectFrom('owners').selectAll().orderBy('id').execute();
    return rows.map(({ id, home, temporal, lease_until }) => ({ id, home, temporal, leaseUntil: lease_until }));
  }

  #indexed(read: IndexedRead, runId: string, indexes: Indexes): Promise<Row[]> {
    if ('list' in indexes) return this.#connection.query(read.list, [runId, this.#connection.listParameter(indexes.list)]);
    return this.#connection.query(read.range, [runId, indexes.from, indexes.to]);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
