/** Rows whose answers are to have a form: repairs are turns like others, paid once, and go on after a restart. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnswerForm } from '../../../src/core/conversation/answer-form.js';
import { repairPrompt } from '../../../src/core/conversation/answer-form.js';
import type { Task } from '../../../src/schema/task-types.js';
import { fileStore } from '../file-store.js';
import { COST, reply, type Setup, setup, textOf, WORST } from '../turn-setup.js';

const opened = fileStore();
const open: Setup[] = [];
const processOf = async (...more: Parameters<typeof setup> extends [unknown, ...infer Rest] ? Rest : never) => {
  const made = await setup(opened.store, ...more);
  open.push(made);
  return made;
};
let part: Setup;
beforeEach(async () => {
  part = await processOf();
});
afterEach(() => {
  for (const one of open.splice(0)) {
    one.close();
    expect(one.adapter.left).toBe(0);
  }
});

const outputSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'], additionalProperties: false };
const TASK: Partial<Task> = { outputSchema, maxRepairs: 1 };
const statesOf = async (run: string) =>
  (await part.store.calls(run, { list: [0] })).map(({ turn, attempt, state }) => [turn, attempt, state]);

describe('an answer that does not meet the schema', () => {
  it('a repair shows why -> a second turn, and the value is the output; both are paid for', async () => {
    const { context, row } = await part.run(1, TASK);
    part.adapter.next(reply('{"n":"1"}'), reply('```json\n{"n": 1}\n```'));
    expect(await part.take(context, 0)).toMatchObject({ kind: 'go-on' });
    const { history } = await seen(row.id);
    const end = await part.take(context, 0, history);
    expect(end).toMatchObject({
      kind: 'done',
      outcome: { status: 'ok', outputJson: '{"n":1}', fromTurn: 2, turns: 2, costNano: 2 * COST },
    });
    const [first, second] = part.adapter.calls;
    expect(first?.answerSchema).toEqual({ name: 'answer', strict: true, schema: outputSchema });
    expect(second?.answerSchema).toEqual(first?.answerSchema);
    expect(textOf(first?.messages[0])).toContain(JSON.stringify(outputSchema));
    expect(second?.messages.map(textOf).slice(1)).toEqual(['Say row 0', '{"n":"1"}', repairPrompt(TASK, '/n must be integer')]);
    expect(await part.store.outputRows(row.id, { status: 'ok', from: 0, limit: 9 })).toMatchObject([{ outputJson: '{"n":1}' }]);
  });

  it('the process dies behind the first answer -> another one sends the repair, and nothing twice', async () => {
    const { context, row } = await part.run(1, TASK);
    part.adapter.next(reply('no JSON'));
    expect(await part.take(context, 0)).toMatchObject({ kind: 'go-on' });
    const other = await processOf();
    other.adapter.next(reply('{"n":2}'));
    const there = await other.contexts.phase(row.id, 1);
    const { history } = await seen(row.id);
    expect(await other.take(there, 0, history)).toMatchObject({ kind: 'done', outcome: { status: 'ok', outputJson: '{"n":2}' } });
    expect(await statesOf(row.id)).toEqual([
      [1, 1, 'answered'],
      [2, 1, 'answered'],
    ]);
  });

  it('the process dies behind the last answer, before the outcome was stored -> the same outcome, without a call', async () => {
    const { row } = await part.run(1, TASK);
    const { context } = { context: await part.contexts.phase(row.id, 1) };
    part.adapter.next(reply('no'), reply('{"n":3}'));
    await part.take(context, 0);
    // An answer that is stored alone, as by a process that died.
    const { history } = await seen(row.id);
    await part.take(context, 0, history);
    const other = await processOf();
    const before = await seen(row.id);
    expect(before.history.steps).toHaveLength(2);
    const end = await other.take(await other.contexts.phase(row.id, 1), 0, before.history);
    expect(end).toMatchObject({ kind: 'done', outcome: { status: 'ok', outputJson: '{"n":3}', turns: 2 } });
    expect(other.adapter.calls).toHaveLength(0);
  });

  it('never -> cause schema after max_repairs, with its last answer; a retry begins anew', async () => {
    const { context, row } = await part.run(1, TASK);
    part.adapter.next(reply('{"n":"1"}'), reply('{"m":1}'));
    await part.take(context, 0);
    const end = await part.take(context, 0, (await seen(row.id)).history);
    const failed = { status: 'failed', cause: 'schema', code: 'E_ROW_SCHEMA', turns: 2, fromTurn: 2 };
    expect(end).toMatchObject({ kind: 'done', outcome: failed });
    expect(await part.store.outputRows(row.id, { status: 'failed', from: 0, limit: 9 })).toMatchObject([
      { output: '{"m":1}', ...failed },
    ]);
    expect(await part.store.reopenFailed(row.id, 'schema')).toBe(1);
    expect((await statesOf(row.id)).map(([, , state]) => state)).toEqual(['superseded', 'superseded']);
    await part.store.openEpoch(row.id, { workflowId: 'again', executionId: `${row.id}-again` }, Date.now());
    const again = await part.contexts.phase(row.id, 2);
    part.adapter.next(reply('{"n":4}'));
    expect(await part.take(again, 0)).toMatchObject({ outcome: { status: 'ok', outputJson: '{"n":4}', turns: 1 } });
    expect((await statesOf(row.id)).filter(([, , state]) => state === 'answered')).toEqual([[1, 2, 'answered']]);
  });

  it('no money for the repair -> the run stops before it; it is never sent', async () => {
    const { context } = await part.run(1, TASK, WORST + COST - 1);
    part.adapter.next(reply('no'));
    expect(await part.take(context, 0)).toMatchObject({ kind: 'go-on' });
    expect(await part.take(context, 0, (await seen(context.run.id)).history)).toMatchObject({ kind: 'stop', cause: 'capped' });
  });

  it('an answer that was cut short -> truncated, without a repair', async () => {
    const { context } = await part.run(1, TASK);
    part.adapter.next(reply('{"n":1', { finish: 'length' }));
    expect(await part.take(context, 0)).toMatchObject({ outcome: { status: 'failed', cause: 'truncated' } });
  });

  it('the rest of an answer -> is asked for without the schema', async () => {
    const { context, row } = await part.run(1, { ...TASK, onTruncate: 'continue' });
    part.adapter.next(reply('{"n":', { finish: 'length' }), reply('5}'));
    await part.take(context, 0);
    const end = await part.take(context, 0, (await seen(row.id)).history);
    expect(end).toMatchObject({ outcome: { status: 'ok', outputJson: '{"n":5}', fromTurn: 1, turns: 2 } });
    expect(part.adapter.calls.map(({ answerSchema }) => answerSchema === null)).toEqual([false, true]);
  });

  it('a check that takes long -> the answer is durable before it ends; then the row, without another call', async () => {
    let checked = 0;
    const slow: AnswerForm = {
      sent: () => null,
      check: async () => {
        checked += 1;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return { ok: true, json: '1' };
      },
    };
    const patient = await processOf({ answerForm: async () => slow });
    const { context, row } = await patient.run(1, TASK);
    patient.adapter.next(reply('1'));
    expect(await patient.take(context, 0)).toMatchObject({ kind: 'go-on' });
    expect(patient.events).toEqual(['intend', 'call', 'called', 'settle']);
    const end = await patient.take(context, 0, (await seen(row.id)).history);
    expect(end).toMatchObject({ kind: 'done', outcome: { status: 'ok', outputJson: '1' } });
    expect(patient.events.at(-1)).toBe('finish');
    expect(checked).toBe(2);
  });
});

describe('labels', () => {
  it('another word -> asked again; then the label as the task has it', async () => {
    const { context, row } = await part.run(1, { labels: ['Good', 'Bad'], maxRepairs: 1 });
    part.adapter.next(reply('neutral'), reply('**good**.'));
    await part.take(context, 0);
    const end = await part.take(context, 0, (await seen(row.id)).history);
    expect(end).toMatchObject({ outcome: { status: 'ok', outputJson: '"Good"' } });
    expect(part.adapter.calls.map(({ answerSchema }) => answerSchema)).toEqual([null, null]);
  });
});

/** What the store knows of the row's conversation. */
async function seen(run: string) {
  const { historyOf } = await import('../../../src/activities/turn/history.js');
  const calls = await part.store.calls(run, { list: [0] });
  return { history: historyOf(calls, { epoch: 1, phase: 'map' }) };
}
