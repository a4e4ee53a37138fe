/** What stops all calls of runs: in the transaction of what was found, so that no intent of any process is written after it. */
import type { Outcome } from '../../core/model.js';
import { usesOf } from '../../core/phases.js';
import { mayBeSystematic, type RunStop, type StopScope, systematicStop } from '../../core/run-stop.js';
import { type ModelRef, PAUSE_AFTER, type Task } from '../../schema/task-types.js';
import type { Alike, Halted, Intent } from '../port/intents.js';
import { type Operation, storable } from './operation.js';
import { SQL } from './statements.js';

function stopJson({ cause, message }: RunStop): string {
  return JSON.stringify({ cause, message: storable(message) });
}

/** Without a key a refusal says nothing of other models. */
function concerns(scope: StopScope, mine: ModelRef, other: ModelRef): boolean {
  if (mine.provider !== other.provider || mine.apiBase !== other.apiBase || mine.apiKeyEnv !== other.apiKeyEnv) return false;
  return (scope === 'key' && mine.apiKeyEnv !== null) || mine.model === other.model;
}

/** Those of other homes have keys of their own, even under the same name. */
export function* stopRuns(runId: string, { of, model, ...stop }: RunStop & { of: StopScope; model: ModelRef }): Operation<void> {
  yield [SQL.stopRun, [runId, stopJson(stop)]];
  if (of === 'run') return;
  for (const { id, task_json } of yield [SQL.runningTasks, [runId]]) {
    const uses = usesOf(JSON.parse(String(task_json)) as Task);
    if (id !== runId && uses.some((use) => concerns(of, model, use.model))) yield [SQL.stopRun, [id ?? null, stopJson(stop)]];
  }
}

/**
 * Counts a row that failed. The run stops when it is one too many of the same kind in a row and no call is under way: refusals come back
 * sooner than answers, so of many calls that began together the first to end may all be refused.
 */
export function* countAlike(runId: string, outcome: Outcome): Operation<void> {
  if (!mayBeSystematic(outcome)) return;
  const [totals] = yield [SQL.countAlike, [runId, outcome.code ?? outcome.cause ?? '']];
  const [run] = yield [SQL.taskOf, [runId]];
  if (!totals || !run) return;
  const { pauseAfter = PAUSE_AFTER } = JSON.parse(String(run['task_json'])) as Task;
  if (Number(totals['open_calls']) === 0) yield* stopAlike(runId, { rows: Number(totals['alike_rows']), outcome, pauseAfter });
}

function* stopAlike(
  runId: string,
  { rows, outcome, pauseAfter }: { rows: number; outcome: Outcome; pauseAfter: number | null },
): Operation<void> {
  const stop = systematicStop(rows, outcome, pauseAfter);
  if (stop !== null) yield [SQL.stopRun, [runId, stopJson(stop)]];
}

/** Whether a call has to wait for those under way, which may end the row of failures; with none left that may, the run stops. */
export function* weighAlike({ runId, pauseAfter = PAUSE_AFTER }: Intent): Operation<Halted | Alike | null> {
  if (pauseAfter === null) return null;
  const [totals] = yield [SQL.alikeRows, [runId]];
  const rows = Number(totals?.['alike_rows'] ?? 0);
  if (rows < pauseAfter) return null;
  if (Number(totals?.['open_calls']) > 0) return { kind: 'alike' };
  const [last] = yield [SQL.lastAlike, [runId]];
  if (last) yield* stopAlike(runId, { rows, outcome: JSON.parse(String(last['outcome_json'])) as Outcome, pauseAfter });
  return yield* haltOf(runId);
}

/** Why no call of the run may begin; null when it may. */
export function* haltOf(runId: string): Operation<Halted | null> {
  const [row] = yield [SQL.haltOf, [runId]];
  if (!row) return null;
  const stop = row['stop_json'] === null ? null : (JSON.parse(String(row['stop_json'])) as RunStop);
  const halted: Halted = { kind: 'halted', cancelled: row['cancelled'] === 1, stop };
  return halted.cancelled || stop !== null || row['paused'] === 1 ? halted : null;
}

/** The next epoch, or a resume, begins anew. */
export function* forgetStop(runId: string): Operation<void> {
  yield [SQL.endStop, [runId]];
  yield [SQL.forgetAlike, [runId]];
}
