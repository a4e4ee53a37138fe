/** Conversations whose answers are to have a form: what is asked after one that has not, and how the row ends. */
import { describe, expect, it } from 'vitest';
import { type AnswerForm, answerNotes, MOST_PROBLEM, repairPrompt } from '../../../src/core/conversation/answer-form.js';
import { messageText } from '../../../src/core/conversation/message.js';
import {
  CONTINUE_PROMPT,
  type ConversationRules,
  checkedStep,
  nextStep,
  type Step,
  transcript,
} from '../../../src/core/conversation/next-step.js';
import { rowTexts } from '../../../src/core/row-texts.js';
import { aTask } from '../../activities/turn-setup.js';

const rules: ConversationRules = {
  systemPrompt: null,
  multiTurn: false,
  maxTurns: 1,
  followUp: 'Go on.',
  stopWhen: [],
  onTruncate: 'keep',
  outputSchema: { type: 'integer' },
  maxRepairs: 1,
};
const seed = { prompt: 'Hi' };
/** An answer that has the form is a number; it comes to the same number. */
const form: AnswerForm = {
  sent: () => null,
  check: async (text, cut) =>
    /^\d+$/.test(text) && !cut ? { ok: true, json: text } : { ok: false, problem: `${text} is wrong` },
};
const stop = (answer: string): Step => ({ answer, finish: 'stop' });
const cut = (answer: string): Step => ({ answer, finish: 'length' });
const step = (more: Partial<ConversationRules>, ...steps: Step[]) => checkedStep({ ...rules, ...more }, seed, steps, form);
const again = (problem: string) => repairPrompt(rules, problem);
const asked = async (more: Partial<ConversationRules>, ...steps: Step[]) => {
  const next = await step(more, ...steps);
  return 'messages' in next ? next.messages.map(messageText) : next.kind;
};

describe('nextStep: answers of a form', () => {
  it('an answer without its verdict -> it is asked for, whole; the same steps ask for the same', () => {
    const pieces = [cut('1'), stop('2')];
    expect(nextStep({ ...rules, onTruncate: 'continue' }, seed, pieces)).toEqual({
      kind: 'check',
      at: 1,
      text: '12',
      cut: false,
    });
    expect(nextStep(rules, seed, [cut('1')])).toEqual({ kind: 'check', at: 0, text: '1', cut: true });
  });

  it('an answer that has it -> ok, with what it comes to', async () => {
    expect(await step({}, stop('7'))).toEqual({ kind: 'ok', fromTurn: 1, output: '7', json: '7' });
  });

  it('one that has not -> a repair that shows why; then ok, from the turn of the repaired one', async () => {
    expect(await step({}, stop('a'))).toMatchObject({ kind: 'repair', problem: 'a is wrong' });
    expect(await asked({}, stop('a'))).toEqual(['Hi', 'a', again('a is wrong')]);
    expect(await step({}, stop('a'), stop('7'))).toEqual({ kind: 'ok', fromTurn: 2, output: '7', json: '7' });
  });

  it('max_repairs -> as many, and then the row fails with the last problem', async () => {
    const failed = (problem: string, fromTurn: number) => ({
      ...{ kind: 'failed', cause: 'schema', code: 'E_ROW_SCHEMA', message: problem, fromTurn },
    });
    expect(await step({ maxRepairs: 0 }, stop('a'))).toEqual(failed('a is wrong', 1));
    expect(await step({}, stop('a'), stop('b'))).toEqual(failed('b is wrong', 2));
    expect((await step({ maxRepairs: 2 }, stop('a'), stop('b'))).kind).toBe('repair');
    expect(await step({ maxRepairs: 2 }, stop('a'), stop('b'), stop('c'))).toEqual(failed('c is wrong', 3));
  });

  it('an answer that was cut short -> truncated, without a repair', async () => {
    const truncated = { kind: 'failed', cause: 'truncated', code: 'E_ROW_TRUNCATED' };
    expect(await step({}, cut('12'))).toMatchObject({ ...truncated, fromTurn: 1 });
    expect(await step({}, stop('a'), cut('12'))).toMatchObject({ ...truncated, fromTurn: 2 });
  });

  it('on_truncate continue -> the rest is asked for, as text, before anything is checked', async () => {
    const more = { onTruncate: 'continue' } as const;
    expect(await step(more, cut('1'))).toMatchObject({ kind: 'ask', rest: true });
    expect(await asked(more, cut('1'))).toEqual(['Hi', '1', CONTINUE_PROMPT]);
    expect(await step(more, cut('1'), stop('2'))).toEqual({ kind: 'ok', fromTurn: 1, output: '12', json: '12' });
    expect(await asked(more, cut('a'), stop('b'))).toEqual(['Hi', 'a', CONTINUE_PROMPT, 'b', again('ab is wrong')]);
  });

  it('several turns -> only the answer that ends them is checked; repairs do not count to max_turns', async () => {
    const more = { multiTurn: true, maxTurns: 2 };
    expect(await asked(more, stop('a'))).toEqual(['Hi', 'a', 'Go on.']);
    expect(await asked(more, stop('a'), stop('b'))).toEqual(['Hi', 'a', 'Go on.', 'b', again('b is wrong')]);
    expect(await step(more, stop('a'), stop('b'), stop('3'))).toEqual({ kind: 'ok', fromTurn: 3, output: '3', json: '3' });
    expect(await step({ ...more, stopWhen: [{ equals: '5' }] }, stop('5'))).toMatchObject({ kind: 'ok', json: '5' });
  });

  it('the text that ends a conversation, behind a label -> is no part of the label; within JSON it stays', () => {
    const more = { multiTurn: true, maxTurns: 5, stopWhen: [{ contains: '[DONE]' }] };
    const { outputSchema: _, ...without } = rules;
    const labels = nextStep({ ...without, ...more, labels: ['a'] }, seed, [stop('a [DONE]')]);
    expect(labels).toMatchObject({ kind: 'check', text: 'a' });
    expect(nextStep({ ...rules, ...more }, seed, [stop('"a [DONE]"')])).toMatchObject({ kind: 'check', text: '"a [DONE]"' });
  });

  it('empty and filtered answers -> fail as ever', async () => {
    expect(await step({}, stop(' '))).toMatchObject({ cause: 'empty' });
    expect(await step({}, { answer: 'x', finish: 'filter' })).toMatchObject({ cause: 'content_filter' });
  });

  it('transcript -> the questions that were sent, repairs among them', async () => {
    const steps = [stop('a'), stop('7')];
    await step({}, ...steps);
    expect(transcript(rules, seed, steps).map(messageText)).toEqual(['Hi', 'a', again('a is wrong'), '7']);
  });

  it('the same answers after a restart -> the same question', async () => {
    expect(await asked({}, stop('a'))).toEqual(await asked({}, JSON.parse(JSON.stringify(stop('a')))));
  });
});

describe('answerNotes', () => {
  const system = (more: object, content: object = {}) =>
    rowTexts(aTask({ promptTemplate: 'x', ...more }))(content).rules.systemPrompt;

  it('labels, schema, languages, words -> said before system_prompt, the same for all rows', () => {
    const given = { systemPrompt: 'For {{who}}.', promptTemplate: 'x' };
    expect(system({ ...given, labels: ['a', 'b'] }, { who: 'me' })).toBe(
      'Reply with exactly one of these labels:\n- a\n- b\n\nFor me.',
    );
    expect(system({ ...given, outputSchema: { type: 'object' } }, { who: 'you' })).toBe(
      'Reply with one JSON value that meets this JSON Schema, and with nothing else:\n{"type":"object"}\n\nFor you.',
    );
    expect(system({ targetLanguage: 'German', sourceLanguage: 'en', systemPrompt: 'Be kind.' })).toBe(
      'Translate from en into German.\n\nBe kind.',
    );
    expect(system({ targetLanguage: 'de-AT', systemPrompt: null })).toBe('Translate into de-AT.');
    expect(system({ maxWords: 20, labels: ['a'], multiLabel: true })).toMatch(
      /^Use at most 20 words\.\n\nReply with a JSON array/,
    );
  });

  it('none of them -> nothing is said, and the task goes as it is', () => {
    expect(answerNotes(aTask())).toBe('');
    expect(system({ systemPrompt: null })).toBeNull();
  });

  it('repairPrompt -> what is wrong, and what to reply', () => {
    expect(repairPrompt({ labels: ['a'] }, 'x')).toMatch(/^Your answer cannot be used: x\nReply again with one label/);
    expect(repairPrompt({ labels: ['a'], multiLabel: true }, 'x')).toMatch(/a JSON array of labels/);
    expect(repairPrompt({ outputSchema: {} }, 'y'.repeat(MOST_PROBLEM)).length).toBeLessThan(MOST_PROBLEM + 200);
  });
});
