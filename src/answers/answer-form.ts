/** How the answers of a task are checked: against its labels, or against its schema. */
import type { AnswerForm, SentSchema, Verdict } from '../core/conversation/answer-form.js';
import type { JsonSchema, Task } from '../schema/task-types.js';
import { checkingThread } from './checking-thread.js';
import { Labels } from './labels.js';
import { readAnswer } from './read-answer.js';
import { sentSchema } from './sent-schema.js';
import { schemasIn } from './subschemas.js';
import { validatorOf } from './validator.js';

/** A check may take so long. */
const CHECK_MS = 2_000;
/** Longer answers go to the thread, as all do whose schema may take long. */
const SHORT = 8 * 1024;
/** Keywords whose check may take much longer than the value is long. */
const SLOW = ['pattern', 'patternProperties', '$ref', '$dynamicRef'];

function formOfSchema(schema: JsonSchema): AnswerForm {
  const json = JSON.stringify(schema);
  const isSlow = [...schemasIn(schema)].some(({ schema: inner }) => SLOW.some((name) => name in inner));
  const validate = isSlow ? null : validatorOf(schema);
  const sent = new Map<string, SentSchema | null>();
  return {
    sent: (wire) => {
      const known = sent.get(wire);
      const found = known === undefined ? sentSchema(wire, schema) : known;
      sent.set(wire, found);
      return found;
    },
    check: async (text, cut): Promise<Verdict> => {
      // Even what reads as whole may be the beginning of more: 12 of 123.
      if (cut) return { ok: false, problem: 'it was cut short' };
      if (validate !== null && text.length <= SHORT) return readAnswer(text, validate);
      const answer = await checkingThread.run({ kind: 'check', schema: json, text }, CHECK_MS);
      if (answer === null || !('verdict' in answer))
        return { ok: false, problem: 'its check against output_schema took too long' };
      return answer.verdict;
    },
  };
}

/** Throws where the schema cannot be used; a task was checked for that before (`schemaFaults`). */
export function answerFormOf({ labels, multiLabel, outputSchema }: Task): AnswerForm {
  if (outputSchema !== undefined) return formOfSchema(outputSchema);
  const list = new Labels(labels ?? [], multiLabel === true);
  return { sent: () => null, check: async (text, cut): Promise<Verdict> => list.check(text, cut) };
}
