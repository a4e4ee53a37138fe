/** What a provider's own records say of doubtful calls, in one step. */

import type { Reconciliation } from '../port/reconciliation.js';
import { addTotals, book, type Operation, storable, type TotalsChange, tokenValues } from './operation.js';
import { type Row, SQL, type Value } from './statements.js';

/** Code of a call that was billed though its answer is lost. */
export const RECONCILED = 'E_CALL_RECONCILED';
/** Code of a doubtful call that was not billed. */
const UNBILLED = 'E_CALL_UNBILLED';

function* change(runId: string, call: Row, more: TotalsChange): Operation<void> {
  const changed = { ...more, doubtful: -1, doubtfulNano: -Number(call['reserved_nano']) };
  yield addTotals(runId, changed);
  yield* book(call['ledger_slot'], changed);
}

export function* reconcile({ runId, settled, released, at }: Reconciliation): Operation<{ settled: number; released: number }> {
  const done = { settled: 0, released: 0 };
  for (const { index, turn, attempt, costNano, model, usage } of settled) {
    const paid: Value[] = [runId, index, turn, attempt, RECONCILED, storable(model), ...tokenValues(usage), costNano, at];
    const [call] = yield [SQL.paidDoubtful, paid];
    if (!call) continue;
    yield* change(runId, call, { calls: 1, settledNano: costNano, usage });
    done.settled += 1;
  }
  for (const { index, turn, attempt } of released) {
    const key = [runId, index, turn, attempt];
    const [before] = yield [SQL.callState, key];
    const [call] = yield [SQL.endDoubtful, [...key, 'failed', UNBILLED, before?.['is_try'] ?? 0, at]];
    if (!call) continue;
    yield* change(runId, call, {});
    done.released += 1;
  }
  return done;
}
