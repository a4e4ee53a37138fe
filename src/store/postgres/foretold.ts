/**
 * What statements of the hot path will answer. It need not be right: whoever goes on with it compares it with the real answer before the
 * commit. It is right for almost all calls: no cap is reached, a turn is called for the first time, and the call that ends is one that this
 * process has begun.
 */
import type { Step } from '../sql/operation.js';
import { type Row, SQL, type Statement, type Value } from '../sql/statements.js';

/** Newest call of a turn, as this process wrote it. */
interface WrittenCall {
  attempt: number;
  reservedNano: Value;
  slot: Value;
}

/** Calls that are kept in mind. Of others the answers are waited for. */
const KEPT_CALLS = 20_000;

const answering = new WeakMap<Statement, boolean>();

/** Whether a statement has rows to answer with. */
function answers(statement: Statement): boolean {
  let known = answering.get(statement);
  if (known === undefined) {
    known = /^SELECT|\bRETURNING\b/.test(statement.text);
    answering.set(statement, known);
  }
  return known;
}

/** The answer of a statement that has none; null for others. */
export function certainAnswer([statement]: Step): Row[] | null {
  return answers(statement) ? null : [];
}

const turnOf = ([runId, index, turn]: readonly Value[]) => `${runId}/${index}/${turn}`;

export class Foretold {
  readonly #calls = new Map<string, WrittenCall>();
  /** Caps of a run, which are asked for before each call without a price. */
  readonly #caps = new Map<Value, Row[]>();

  /** Rows that the statement will answer; null when nobody can say. */
  answer(step: Step): Row[] | null {
    const [statement, values] = step;
    const call = this.#calls.get(turnOf(values));
    const [runId = null, index = null, , attempt = null] = values;
    switch (statement) {
      case SQL.hasTotals:
      case SQL.reserve:
        return [{ run_id: runId }];
      case SQL.insertCall:
        return Number(attempt) > (call?.attempt ?? 0) ? [{ attempt }] : [];
      case SQL.answerFirst:
      case SQL.answerOpen:
      case SQL.endOpen:
      case SQL.spendOpen:
        return call?.attempt === attempt ? [{ reserved_nano: call.reservedNano, ledger_slot: call.slot }] : null;
      case SQL.insertOutcome:
        return [{ idx: index }];
      case SQL.caps:
        return this.#caps.get(runId) ?? null;
      default:
        return certainAnswer(step);
    }
  }

  /** Keeps in mind what was really answered. */
  learn([statement, values]: Step, rows: Row[]): void {
    switch (statement) {
      case SQL.insertCall: {
        if (rows.length === 0) return;
        if (this.#calls.size >= KEPT_CALLS) this.#calls.clear();
        const [, , , attempt, , , reservedNano = null, , slot = null] = values;
        this.#calls.set(turnOf(values), { attempt: Number(attempt), reservedNano, slot });
        return;
      }
      case SQL.answerFirst:
      case SQL.answerOpen:
        // Nobody calls an answered turn again.
        this.#calls.delete(turnOf(values));
        return;
      case SQL.caps:
        if (this.#caps.size >= KEPT_CALLS) this.#caps.clear();
        this.#caps.set(values[0] ?? null, rows);
    }
  }
}
