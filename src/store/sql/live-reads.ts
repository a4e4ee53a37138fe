/** Reads for those who look at a run while it goes on: what it waits for, and its first rows as a sample of all. */
import type { SampledRow } from '../../core/estimate.js';
import type { Wait } from '../../core/gate/wait.js';
import type { EpochMs, FailureGroup, Outcome } from '../../core/model.js';
import { spentOf } from '../../core/money/price.js';
import type { Role } from '../../core/phases.js';
import { OUTDATED } from './doubt-charge.js';
import type { ReadConnection } from './read-connection.js';
import type { Row, Statement } from './statements.js';

const WAITS: Statement = {
  name: 'waits',
  text: `SELECT w.wait_json FROM waits w JOIN owners o ON o.id = w.owner
    WHERE w.run_id = ?1 AND o.lease_until >= CAST(?2 AS BIGINT)`,
};

/** A row that made no call counts with nothing, and one that was done anew with its new calls. */
const FIRST_ROWS: Statement = {
  name: 'firstRows',
  text: `SELECT o.idx AS idx, COUNT(c.idx) AS calls, SUM(c.input_tokens) AS input, SUM(c.cached_tokens) AS cached,
    SUM(c.output_tokens) AS output, COUNT(c.idx) - COUNT(c.input_tokens) AS unmetered, SUM(c.unpriced) AS unpriced,
    SUM(c.cost_nano) AS cost, SUM(c.ended_at - c.started_at) AS ms, MIN(c.role) AS role, MAX(c.role) AS other_role FROM outcomes o LEFT JOIN calls c
    ON c.run_id = o.run_id AND c.idx = o.idx AND c.state IN ('answered', 'superseded')
    AND (c.code IS NULL OR c.code <> '${OUTDATED}')
    WHERE o.run_id = ?1 AND o.idx < CAST(?2 AS BIGINT) GROUP BY o.idx ORDER BY o.idx`,
};

/** Most runs without an answer have no call yet: that is known without looking for one. */
const ANSWER_OF: Statement = {
  name: 'answerOf',
  text: `SELECT run_id FROM run_totals WHERE run_id = ?1 AND calls > 0 AND EXISTS
    (SELECT 1 FROM calls c WHERE c.run_id = ?1 AND c.role = ?2 AND c.state IN ('answered', 'superseded'))`,
};

/** By the partial index on failed rows: the more failed, the longer it takes, however many rows there are. */
const FAILURES: Statement = {
  name: 'failures',
  text: `SELECT f.failed_rows, e.cause, e.idx, e.outcome_json FROM (
    SELECT cause, COUNT(*) AS failed_rows, MIN(idx) AS first_idx FROM outcomes WHERE run_id = ?1 AND status = 'failed' GROUP BY cause
  ) f JOIN outcomes e ON e.run_id = ?1 AND e.idx = f.first_idx`,
};

/** The causes of failed rows, the most frequent first. */
export async function readFailures(connection: ReadConnection, runId: string): Promise<FailureGroup[]> {
  const groups = (await connection.query(FAILURES, [runId])).map((row): FailureGroup => {
    const { id, code = '', message = '' }: Outcome = JSON.parse(String(row['outcome_json']));
    const example = { id, index: Number(row['idx']), code, message };
    return { cause: String(row['cause']), rows: Number(row['failed_rows']), example };
  });
  return groups.sort((a, b) => b.rows - a.rows || a.example.index - b.example.index);
}

export async function readWaits(connection: ReadConnection, runId: string, at: EpochMs): Promise<Wait[]> {
  return (await connection.query(WAITS, [runId, at])).map((row) => JSON.parse(String(row['wait_json'])));
}

export async function readHasAnswer(connection: ReadConnection, runId: string, role: Role): Promise<boolean> {
  return (await connection.query(ANSWER_OF, [runId, role])).length > 0;
}

export async function readFirstRows(connection: ReadConnection, runId: string, count: number): Promise<SampledRow[]> {
  return (await connection.query(FIRST_ROWS, [runId, count])).map(sampled);
}

function sampled(row: Row): SampledRow {
  const number = (name: string) => Number(row[name] ?? 0);
  return {
    index: number('idx'),
    calls: number('calls'),
    inputTokens: number('input'),
    cachedTokens: number('cached'),
    outputTokens: number('output'),
    unmetered: number('unmetered'),
    costNano: spentOf({ settledNano: number('cost'), unpriced: number('unpriced') }),
    ms: number('ms'),
    role: row['role'] === row['other_role'] ? (row['role'] as Role | null) : null,
  };
}
