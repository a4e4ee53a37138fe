/**
 * A write is a generator that yields statements and gets their rows back. It says what to do once, for both databases: a synchronous
 * driver runs it in the writer thread (libsql), an asynchronous one ahead of its answers (PostgreSQL).
 */
import type { NanoUsd, Outcome, Usage } from '../../core/model.js';
import { type Row, SQL, type Statement, type Value } from './statements.js';

export type Step = readonly [statement: Statement, parameters: readonly Value[]];
export type Operation<T> = Generator<Step, T, Row[]>;

export function runSync<T>(operation: Operation<T>, execute: (step: Step) => Row[]): T {
  let next = operation.next();
  while (!next.done) next = operation.next(execute(next.value));
  return next.value;
}

/** What one operation adds to a run's totals. */
export interface TotalsChange {
  ok?: number;
  failed?: number;
  filtered?: number;
  seq?: number;
  calls?: number;
  tries?: number;
  limited?: number;
  doubtful?: number;
  open?: number;
  settledNano?: NanoUsd;
  reservedNano?: NanoUsd;
  doubtfulNano?: NanoUsd;
  /** Answered calls whose cost nobody knows. */
  unpriced?: number;
  usage?: Usage | null;
}

export function addTotals(runId: string, change: TotalsChange): Step {
  const { usage } = change;
  return [
    SQL.addTotals,
    [
      runId,
      change.ok ?? 0,
      change.failed ?? 0,
      change.filtered ?? 0,
      change.seq ?? 0,
      change.calls ?? 0,
      change.tries ?? 0,
      change.limited ?? 0,
      change.doubtful ?? 0,
      change.open ?? 0,
      change.settledNano ?? 0,
      change.reservedNano ?? 0,
      change.doubtfulNano ?? 0,
      usage?.input ?? 0,
      usage?.cached ?? 0,
      usage?.output ?? 0,
      usage?.reasoning ?? 0,
      change.unpriced ?? 0,
    ],
  ];
}

/** The four columns of token counts, in the order of the statements; null: the provider said none. */
export function tokenValues(usage: Usage | null): Value[] {
  return usage ? [usage.input, usage.cached, usage.output, usage.reasoning] : [null, null, null, null];
}

/** A text of others as both databases take it: without NUL and halves of surrogate pairs. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '');
}

/** Money that an operation books where its call was admitted. `slot` is null for a call of before the ledger, and for a simulated one. */
export function* book(
  slot: Value | undefined,
  { settledNano = 0, reservedNano = 0, doubtfulNano = 0 }: TotalsChange,
): Operation<void> {
  if (typeof slot !== 'number' || (settledNano === 0 && reservedNano === 0 && doubtfulNano === 0)) return;
  yield [SQL.book, [slot, settledNano, reservedNano, doubtfulNano]];
}

/** Records a seed's end unless it has one; the run is known to exist. Returns what the totals gain; null when the seed had an outcome. */
export function* insertOutcome(runId: string, outcome: Outcome): Operation<TotalsChange | null> {
  const { index, status, cause, fromTurn, turns } = outcome;
  const parameters = [runId, index, status, cause ?? null, fromTurn, turns, JSON.stringify(outcome)];
  const inserted = yield [SQL.insertOutcome, parameters];
  return inserted.length === 0 ? null : { [status]: 1, seq: 1 };
}
