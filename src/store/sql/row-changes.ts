/** Rows that change while their run rests: which were begun, their new content, and the end of what was done for the old one. */
import type { Outcome, RunState } from '../../core/model.js';
import type { BegunRow, RowChange } from '../port/changed-rows.js';
import { LATE, OUTDATED } from './doubt-charge.js';
import { addTotals, type Operation, type TotalsChange } from './operation.js';
import type { ReadConnection } from './read-connection.js';
import { appendSeeds, type SeedTuple } from './run-operations.js';
import { statement } from './statements.js';
import { restingRun } from './task-versions.js';

const ROWS = 'run_id = ?1 AND idx >= ?2 AND idx < ?3';

const BEGUN = statement(
  'begunRows',
  `SELECT s.idx, MAX(o.status) AS status, MAX(o.seq) AS seq, MIN(c.epoch) AS first_epoch, MAX(c.epoch) AS last_epoch,
    MAX(CASE WHEN c.finish = 'length' THEN 1 ELSE 0 END) AS cut
    FROM seeds s LEFT JOIN outcomes o ON o.run_id = s.run_id AND o.idx = s.idx
    LEFT JOIN calls c ON c.run_id = s.run_id AND c.idx = s.idx AND (c.state = 'answered'
      OR (c.state = 'doubtful' AND o.idx IS NULL AND (c.code IS NULL OR c.code NOT IN ('${LATE}', '${OUTDATED}'))))
    WHERE s.run_id = ?1 AND s.idx >= ?2 AND s.idx < ?3 AND (o.idx IS NOT NULL OR c.idx IS NOT NULL)
    GROUP BY s.idx ORDER BY s.idx`,
);
const DROP_ANSWERS = statement(
  'supersedeOutdated',
  `UPDATE calls SET state = 'superseded', code = '${OUTDATED}' WHERE ${ROWS} AND state = 'answered'`,
);
const DROP_DOUBTS = statement(
  'outdateDoubtful',
  `UPDATE calls SET code = '${OUTDATED}' WHERE ${ROWS} AND state = 'doubtful' AND (code IS NULL OR code <> '${LATE}')`,
);
const DROP_OUTCOMES = statement('deleteOutdated', `DELETE FROM outcomes WHERE ${ROWS} RETURNING status`);
const OUTCOME = statement('outcomeJson', 'SELECT outcome_json FROM outcomes WHERE run_id = ?1 AND idx = ?2');
const RENAME = statement('renameOutcome', 'UPDATE outcomes SET outcome_json = ?3 WHERE run_id = ?1 AND idx = ?2');
/** Its files are not those of its rows any more, and a start must not take it for done. */
const INTERRUPT = statement(
  'interruptCompleted',
  `UPDATE runs SET state = 'interrupted', reason = 'user', message = ?2, ended_at = NULL, published_at = NULL
    WHERE id = ?1 AND state = 'completed'`,
);

/** The statements of this file, for the test of their plans. */
export const ROW_CHANGES = [DROP_ANSWERS, DROP_DOUBTS, DROP_OUTCOMES, OUTCOME, RENAME, INTERRUPT];

export async function readBegunRows(connection: ReadConnection, runId: string, from: number, to: number): Promise<BegunRow[]> {
  return (await connection.query(BEGUN, [runId, from, to])).map((row) => ({
    index: Number(row['idx']),
    status: row['status'] as BegunRow['status'],
    seq: row['seq'] === null ? null : Number(row['seq']),
    epochs: row['first_epoch'] === null ? null : [Number(row['first_epoch']), Number(row['last_epoch'])],
    cut: Number(row['cut']) === 1,
  }));
}

export function* changeRows(
  change: Omit<RowChange, 'seeds' | 'whileIn'> & { seeds: readonly SeedTuple[]; whileIn: readonly RunState[] },
): Operation<boolean> {
  const { runId, seeds, anew, whileIn } = change;
  const { state, epoch, openCalls } = yield* restingRun(runId);
  if (!whileIn.includes(state) || epoch !== change.epoch || openCalls > 0) return false;
  if (seeds.length === 0 && anew.length === 0) return true;
  yield* appendSeeds({ runId, seeds });
  const dropped: Required<Pick<TotalsChange, Outcome['status']>> = { ok: 0, failed: 0, filtered: 0 };
  for (const [from, to] of spansOf(anew)) {
    yield [DROP_ANSWERS, [runId, from, to]];
    yield [DROP_DOUBTS, [runId, from, to]];
    for (const { status } of yield [DROP_OUTCOMES, [runId, from, to]]) dropped[status as Outcome['status']] -= 1;
  }
  yield addTotals(runId, dropped);
  const begunAnew = new Set(anew);
  for (const [index, idJson] of seeds) if (!begunAnew.has(index)) yield* rename(runId, index, JSON.parse(idJson));
  yield [INTERRUPT, [runId, `rows of it were changed; go on with: swarm resume ${runId}`]];
  return true;
}

/** Indexes that follow one another, as from..to (exclusive). */
function spansOf(indexes: readonly number[]): [from: number, to: number][] {
  const spans: [number, number][] = [];
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last && last[1] === index) last[1] = index + 1;
    else spans.push([index, index + 1]);
  }
  return spans;
}

/** The id of a row may be made from its content, and be another one when an equal row changed. */
function* rename(runId: string, index: number, id: string): Operation<void> {
  const [row] = yield [OUTCOME, [runId, index]];
  if (!row) return;
  const outcome = JSON.parse(String(row['outcome_json'])) as Outcome;
  if (outcome.id !== id) yield [RENAME, [runId, index, JSON.stringify({ ...outcome, id })]];
}
