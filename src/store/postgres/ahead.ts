/**
 * Performs writes ahead of their answers. The statements of a group leave in the order in which they would one after the other, but where
 * an answer can be foretold the next statement does not wait for it: a group is one round trip, not several for each write. What was
 * foretold is compared with what came. When anything differs the group is rolled back and performed again, and the write that it concerns
 * waits for its answers then. So what is committed is always what the same statements do one by one: caps, stops and counts hold as they
 * do there.
 */
import { isDeepStrictEqual } from 'node:util';
import { startOperation, type Write } from '../sql/all-operations.js';
import type { Step } from '../sql/operation.js';
import type { Row } from '../sql/statements.js';
import { isAway } from '../store-errors.js';
import { certainAnswer, type Foretold } from './foretold.js';

type Answer = { rows: Row[] } | { cause: unknown };

interface Sent {
  write: Write;
  step: Step;
  /** Null: its write waits for the answer. */
  foretold: Row[] | null;
  answer: Promise<Answer>;
}

/** Sends a statement, behind those that were sent before. Resolves with its answer. */
export type Send = (step: Step) => Promise<Row[]>;

export interface Group {
  /** Performed from the front: at least one, and no more once `forMs` have passed. */
  writes: readonly Write[];
  forMs: number;
  /** Those that wait for their answers. */
  patient: Pick<WeakSet<Write>, 'has'>;
}

/** Values of the performed writes; or, when nothing may be committed, the writes whose answers were foretold wrong. */
export type Performed = { values: unknown[] } | { wrong: ReadonlySet<Write> };

/** Throws what a write threw, or the server said, when all was as foretold up to there. */
export async function performAhead({ writes, forMs, patient }: Group, foretold: Foretold, send: Send): Promise<Performed> {
  const sent: Sent[] = [];
  const perform = async (write: Write): Promise<unknown> => {
    const operation = startOperation(write);
    let next = operation.next();
    while (!next.done) {
      const step = next.value;
      const rows = patient.has(write) ? certainAnswer(step) : foretold.answer(step);
      const answer = send(step).then(
        (came): Answer => ({ rows: came }),
        (cause: unknown): Answer => ({ cause }),
      );
      sent.push({ write, step, foretold: rows, answer });
      next = operation.next(rows ?? rowsOf(await answer));
    }
    return next.value;
  };

  const values: unknown[] = [];
  let failure: { cause: unknown } | null = null;
  try {
    const until = performance.now() + forMs;
    for (const write of writes) {
      if (values.length > 0 && performance.now() > until) break;
      values.push(await perform(write));
    }
  } catch (cause) {
    failure = { cause };
  }
  const { wrong, refused } = await compare(sent);
  failure = refused ?? failure;
  // What failed may have failed because of what was foretold wrong before it; a connection that is gone is gone.
  if (failure && (wrong.size === 0 || isAway(failure.cause))) throw failure.cause;
  if (wrong.size > 0) return { wrong };
  for (const { step, answer } of sent) foretold.learn(step, rowsOf(await answer));
  return { values };
}

function rowsOf(answer: Answer): Row[] {
  if ('cause' in answer) throw answer.cause;
  return answer.rows;
}

/** Waits for the answers, up to the first statement that was refused: all after it were refused because of it. */
async function compare(sent: readonly Sent[]): Promise<{ wrong: Set<Write>; refused: { cause: unknown } | null }> {
  const wrong = new Set<Write>();
  for (const { write, foretold, answer } of sent) {
    const came = await answer;
    if ('cause' in came) return { wrong, refused: came };
    if (foretold && !isDeepStrictEqual(foretold, came.rows)) wrong.add(write);
  }
  return { wrong, refused: null };
}
