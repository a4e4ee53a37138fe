/**
 * What a call in doubt stays charged with: its reservation, the most that it can have cost; or, where the task says `doubtful:
 * settle_at_estimate`, the mean of the run's calls whose cost is known. The call stays on the list of doubtful ones either way.
 */
import type { NanoUsd } from '../../core/model.js';
import type { Task } from '../../schema/task-types.js';
import type { Attempt } from '../port/store.js';
import { addTotals, book, type Operation } from './operation.js';
import { SQL } from './statements.js';

type DoubtRule = ((heldNano: NanoUsd) => NanoUsd) | null;

/** Charge by reservation, for all calls of a run that end in doubt at once; null: they keep their reservation. */
export function* doubtRule(runId: string): Operation<DoubtRule> {
  const [row] = yield [SQL.doubtRule, [runId]];
  const task = row ? (JSON.parse(String(row['task_json'])) as Pick<Task, 'doubtful'>) : {};
  const calls = Number(row?.['priced'] ?? 0);
  // Before the first answer nothing is known to estimate by.
  if (task.doubtful !== 'settle_at_estimate' || calls === 0) return null;
  const meanNano = Math.ceil(Number(row?.['settled_nano']) / calls);
  return (heldNano) => Math.min(heldNano, meanNano);
}

/** Charges a call that is doubtful since this transaction; returns with how much. */
export function* chargeDoubt({ runId, index, turn, attempt }: Attempt, heldNano: NanoUsd, rule: DoubtRule): Operation<NanoUsd> {
  const chargedNano = rule === null ? heldNano : rule(heldNano);
  if (chargedNano !== heldNano) yield [SQL.chargeDoubtful, [runId, index, turn, attempt, chargedNano]];
  return chargedNano;
}

/** Code of a call whose answer came when the turn had another one already. */
export const LATE = 'E_CALL_LATE';
/** Code of a call whose row is done anew, since it is asked something else now: its answer is not used. */
export const OUTDATED = 'E_CALL_OUTDATED';

/** The run goes on, maybe with another rule, or with answers to estimate by: what its calls in doubt hold goes by it. */
export function* chargeAnew(runId: string): Operation<void> {
  const rule = yield* doubtRule(runId);
  if (rule === null) return;
  let changeNano = 0;
  for (const row of yield [SQL.doubtfulOf, [runId]]) {
    // What a late answer cost is known.
    if (row['code'] === LATE) continue;
    const held = Number(row['reserved_nano']);
    const key = { runId, index: Number(row['idx']), turn: Number(row['turn']), attempt: Number(row['attempt']) };
    const change = (yield* chargeDoubt(key, held, rule)) - held;
    yield* book(row['ledger_slot'], { doubtfulNano: change });
    changeNano += change;
  }
  if (changeNano !== 0) yield addTotals(runId, { doubtfulNano: changeNano });
}
