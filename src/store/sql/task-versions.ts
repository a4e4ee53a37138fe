/** Versions of a run's task: changing it, and what was done under each. */
import type { EpochMs, RunState } from '../../core/model.js';
import { unknownRun } from '../../core/run-errors.js';
import { storedTask } from '../../schema/stored-task.js';
import type { TaskChange, TaskVersion } from '../port/task-versions.js';
import type { Operation } from './operation.js';
import type { ReadConnection } from './read-connection.js';
import { statement } from './statements.js';

const RESTING = statement(
  'restingTask',
  `SELECT runs.state, runs.epoch, runs.task_fingerprint, run_totals.seq, run_totals.open_calls FROM runs JOIN run_totals ON run_totals.run_id = runs.id
    WHERE runs.id = ?1 AND runs.dropped = 0`,
);
/** The task that the run began with. */
const KEEP_FIRST = statement(
  'keepFirstTask',
  `INSERT INTO task_versions (run_id, version, from_epoch, from_seq, task_fingerprint, task_json, changed_json, at)
    SELECT id, 1, 1, 0, task_fingerprint, task_json, '[]', created_at FROM runs
    WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM task_versions WHERE run_id = ?1)`,
);
const KEEP_NEXT = statement(
  'keepNextTask',
  `INSERT INTO task_versions (run_id, version, from_epoch, from_seq, task_fingerprint, task_json, changed_json, at)
    VALUES (?1, (SELECT MAX(version) + 1 FROM task_versions WHERE run_id = ?1), ?2, ?3, ?4, ?5, ?6, ?7)`,
);
const TAKE_OVER = statement('takeOverTask', 'UPDATE runs SET task_json = ?2, task_fingerprint = ?3 WHERE id = ?1');

const VERSIONS = statement(
  'taskVersions',
  `SELECT v.version, v.task_fingerprint, v.task_json, v.changed_json, v.from_epoch, v.from_seq, v.at, o.status, COUNT(o.idx) AS done_rows
    FROM task_versions v LEFT JOIN outcomes o ON o.run_id = v.run_id AND o.seq > v.from_seq AND NOT EXISTS (
      SELECT 1 FROM task_versions later WHERE later.run_id = v.run_id AND later.version > v.version AND later.from_seq < o.seq)
    WHERE v.run_id = ?1
    GROUP BY v.version, v.task_fingerprint, v.task_json, v.changed_json, v.from_epoch, v.from_seq, v.at, o.status ORDER BY v.version`,
);

export const dropTaskVersions = statement('dropTaskVersions', 'DELETE FROM task_versions WHERE run_id = ?1');

/** What decides whether a run may be changed. Throws E_RUN_UNKNOWN. */
export function* restingRun(
  runId: string,
): Operation<{ state: RunState; epoch: number; taskFingerprint: string; seq: number; openCalls: number }> {
  const [run] = yield [RESTING, [runId]];
  if (!run) throw unknownRun(runId);
  const taskFingerprint = String(run['task_fingerprint']);
  const [epoch, seq, openCalls] = [Number(run['epoch']), Number(run['seq']), Number(run['open_calls'])];
  return { state: run['state'] as RunState, epoch, taskFingerprint, seq, openCalls };
}

export function* changeTask({ at, ...change }: TaskChange & { at: EpochMs }): Operation<boolean> {
  const { runId, task, taskFingerprint, changed, whileIn } = change;
  const run = yield* restingRun(runId);
  if (!whileIn.includes(run.state) || run.openCalls > 0) return false;
  // Another start has changed it already.
  if (run.taskFingerprint === taskFingerprint) return true;
  const taskJson = JSON.stringify(task);
  yield [KEEP_FIRST, [runId]];
  const from = [run.epoch + 1, run.seq];
  yield [KEEP_NEXT, [runId, ...from, taskFingerprint, taskJson, JSON.stringify(changed), at]];
  yield [TAKE_OVER, [runId, taskJson, taskFingerprint]];
  return true;
}

export async function readTaskVersions(connection: ReadConnection, runId: string): Promise<TaskVersion[]> {
  const versions = new Map<number, TaskVersion>();
  for (const row of await connection.query(VERSIONS, [runId])) {
    const number = Number(row['version']);
    const version = versions.get(number) ?? {
      taskFingerprint: String(row['task_fingerprint']),
      task: storedTask(String(row['task_json'])),
      changed: JSON.parse(String(row['changed_json'])),
      fromEpoch: Number(row['from_epoch']),
      fromSeq: Number(row['from_seq']),
      at: Number(row['at']),
      ...{ ok: 0, failed: 0, filtered: 0 },
    };
    versions.set(number, version);
    const { status } = row;
    if (status === 'ok' || status === 'failed' || status === 'filtered') version[status] = Number(row['done_rows']);
  }
  return [...versions.values()];
}
