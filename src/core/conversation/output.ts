/** From the stored calls of rows to what comes out of them: the text of the last whole answer, which may have come in pieces. */
import { type Answer, answerText } from './message.js';

/** A stored turn, as far as the output goes by it. */
export interface StoredTurn {
  turn: number;
  state: string;
  answer: Answer | null;
}

/** The output of a row: the text of its answered turns `fromTurn` to `turns`. `calls` are its own, in order of turn. */
export function outputOf(calls: Iterable<StoredTurn>, { fromTurn, turns }: { fromTurn: number; turns: number }): string {
  let output = '';
  for (const { turn, state, answer } of calls) {
    if (state === 'answered' && turn >= fromTurn && turn <= turns) output += answerText(answer ?? '');
  }
  return output;
}

/** Calls of each row; their order within a row stays. */
export function callsByRow<Call extends { index: number }>(calls: readonly Call[]): Map<number, Call[]> {
  const rows = new Map<number, Call[]>();
  for (const call of calls) {
    const list = rows.get(call.index);
    if (list) list.push(call);
    else rows.set(call.index, [call]);
  }
  return rows;
}
