/**
 * Rows with their outcome, in pages. A run's end waits for all of them, so each page is one prepared statement with as few values as can
 * be: a value costs more to bring out of the database than to find there.
 */

import { answerText } from '../../core/conversation/message.js';
import { parseExactJson } from '../../core/exact-json.js';
import type { Outcome } from '../../core/model.js';
import type { OutputRow } from '../port/store.js';
import type { ReadConnection } from './read-connection.js';
import { readOutcome } from './rows.js';
import type { Row, Statement } from './statements.js';

type Status = Outcome['status'];

const ANSWER = 'a.run_id = c.run_id AND a.idx = c.idx AND a.turn = c.turn AND a.attempt = c.attempt';
/** The answer of the last turn, which for most rows is the only one. */
const WITH_LAST_ANSWER = `LEFT JOIN calls c ON c.run_id = o.run_id AND c.idx = o.idx AND c.turn = o.turns AND c.state = 'answered'
  AND c.turn >= o.from_turn LEFT JOIN answers a ON ${ANSWER}`;

/** The status is written out: with a parameter no partial index fits. */
function pageOf(status: Status): Statement {
  return {
    name: `outputRows_${status}`,
    text: `SELECT o.outcome_json, s.content_json, a.answer_json FROM outcomes o
      JOIN seeds s ON s.run_id = o.run_id AND s.idx = o.idx ${WITH_LAST_ANSWER}
      WHERE o.run_id = ?1 AND o.status = '${status}' AND o.idx >= ?2 ORDER BY o.idx LIMIT ?3`,
  };
}

const PAGES: Record<Status, Statement> = { ok: pageOf('ok'), failed: pageOf('failed'), filtered: pageOf('filtered') };
/** Answers of the turns before the last one. */
const EARLIER: Statement = {
  name: 'earlierAnswers',
  text: `SELECT c.idx, a.answer_json FROM outcomes o JOIN calls c ON c.run_id = o.run_id AND c.idx = o.idx JOIN answers a ON ${ANSWER}
    WHERE o.run_id = ?1 AND o.idx >= ?2 AND o.idx <= ?3
    AND c.state = 'answered' AND c.turn >= o.from_turn AND c.turn < o.turns ORDER BY c.idx, c.turn`,
};

export async function readOutputRows(
  connection: ReadConnection,
  runId: string,
  { status, from, limit }: { status: Status; from: number; limit: number },
): Promise<OutputRow[]> {
  const rows = (await connection.query(PAGES[status], [runId, from, limit])).map((row) => outputRow(row, status));
  const [first, last] = [rows[0], rows.at(-1)];
  if (first && last && rows.some(({ fromTurn, turns }) => fromTurn < turns)) {
    const earlier = joined(await connection.query(EARLIER, [runId, first.index, last.index]));
    for (const row of rows) if (row.output !== null) row.output = (earlier.get(row.index) ?? '') + row.output;
  }
  return rows;
}

/** Of failed rows only those have their answer that failed because of it. */
function outputRow(row: Row, status: Status): OutputRow {
  const answer = row['answer_json'];
  const outcome = readOutcome({ outcome_json: String(row['outcome_json']) });
  const hasNone = status === 'failed' && outcome.cause !== 'schema';
  const text = typeof answer === 'string' ? answerText(JSON.parse(answer)) : null;
  const output = hasNone ? null : (text ?? (status === 'failed' ? null : ''));
  return Object.assign(outcome, {
    seed: parseExactJson(String(row['content_json'])),
    output,
  });
}

/** Output by index: the answers of its turns, in their order. */
function joined(answers: readonly Row[]): Map<number, string> {
  const outputs = new Map<number, string>();
  for (const { idx, answer_json } of answers) {
    const index = Number(idx);
    outputs.set(index, (outputs.get(index) ?? '') + answerText(JSON.parse(String(answer_json))));
  }
  return outputs;
}
