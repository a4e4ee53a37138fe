/** A row that went through an earlier phase: what of it belongs to the later one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { historyOf, nextTurn } from '../../../src/activities/turn/history.js';
import { onceIndex, type Phase, type PhaseRules, TASK_PHASES } from '../../../src/core/phases.js';
import type { Task } from '../../../src/schema/task-types.js';
import { callRow } from '../../outputs/run-double.js';
import { fileStore } from '../file-store.js';
import { COST, failure, reply, type Setup, setup, textOf, USAGE, until, WORST } from '../turn-setup.js';

const MAP: Phase = { name: 'map', role: 'worker', kind: 'map', over: 'rows' };
const AGAIN: Phase = { name: 'again', role: 'orchestrator', kind: 'map', over: 'rows' };
const REVIEW: Phase = { name: 'review', role: 'orchestrator', kind: 'once', activity: 'review' };
const GUIDE = { provider: 'other', model: 'guide', apiBase: 'http://127.0.0.1:9/v2', apiKeyEnv: null };

function rulesOf(...phases: Phase[]): PhaseRules {
  const useOf: PhaseRules['useOf'] = (task, role) => {
    const use = TASK_PHASES.useOf(task, role);
    return role === 'worker' ? use : { ...use, model: GUIDE, queue: 'llm.other.guide', maxTokens: 9 };
  };
  return { phasesOf: () => phases, useOf };
}

const opened = fileStore();
const open: Setup[] = [];
afterEach(() => {
  for (const part of open.splice(0)) part.close();
});
async function partOf(...phases: Phase[]): Promise<Setup> {
  const part = await setup(opened.store, { phases: rulesOf(...phases) });
  open.push(part);
  return part;
}

describe('historyOf', () => {
  const calls = [
    callRow(0, 1, { answer: 'one', usage: USAGE, costNano: 5 }),
    callRow(0, 2, { state: 'failed', isTry: true }),
    callRow(0, 2, { attempt: 2, state: 'failed', isTry: true, phase: 'again' }),
    callRow(0, 2, { attempt: 3, state: 'limited', phase: 'again' }),
  ];

  it('two phases -> answers, tries and waits are those of its own; turns, cost and failures go on', () => {
    expect(historyOf(calls, { epoch: 1, phase: 'again' })).toMatchObject({
      ...{ steps: [], before: 1, tries: 1, waits: 1, failures: 2, costNano: 5, usage: USAGE },
    });
    expect(historyOf(calls, { epoch: 1, phase: 'map' })).toMatchObject({
      ...{ steps: [{ answer: 'one' }], before: 0, tries: 1, waits: 0, failures: 2, costNano: 5 },
    });
  });

  it('the next turn -> after the last answered one, whatever the phase', () => {
    const [map, again] = ['map', 'again'].map((phase) => historyOf(calls, { epoch: 1, phase }));
    expect([map, again].map((history) => history && nextTurn(history))).toEqual([2, 2]);
    const later = historyOf([...calls, callRow(0, 2, { attempt: 4, phase: 'again' })], { epoch: 1, phase: 'again' });
    expect([later.before, later.steps.length, nextTurn(later), later.tries, later.waits]).toEqual([1, 1, 3, 0, 0]);
  });
});

describe('a later phase over rows', () => {
  let part: Setup;
  beforeEach(async () => {
    part = await partOf(MAP, AGAIN);
  });

  /** Two rows, of which the first was answered in the first phase, and has no outcome. */
  async function goneThrough(task: Partial<Task> = {}): Promise<string> {
    const { row } = await part.run(2, task);
    const key = { runId: row.id, index: 0, turn: 1 };
    const intent = {
      ...key,
      epoch: 1,
      phase: 'map',
      role: 'worker',
      owner: 'other',
      reservedNano: WORST,
      at: Date.now(),
    } as const;
    await part.store.intend(intent);
    const answered = { answer: 'not good', finish: 'length', servedModel: 'served', usage: USAGE, costNano: 7 } as const;
    await part.store.settle({ ...key, attempt: 1, ...answered, at: Date.now() });
    return row.id;
  }

  it('a fresh conversation with the model of its role -> its own turns are the output, the cost is the row’s', async () => {
    const id = await goneThrough({ multiTurn: true, maxTurns: 2 });
    part.adapter.next(reply('better'), reply('best', { servedModel: 'guide-1' }));
    const end = { ok: 1, failed: 0, undone: 0 };
    const slice = { run: id, epoch: 1, phase: 'again', from: 0, to: 1, source: 'range' as const };
    expect(await part.environment.run(part.activities.runSlice, slice)).toMatchObject(end);
    expect(part.adapter.calls.map(({ model, maxTokens, messages }) => [model.model, maxTokens, messages.map(textOf)])).toEqual([
      ['guide', 9, ['Say row 0']],
      ['guide', 9, ['Say row 0', 'better', 'Go on.']],
    ]);
    expect(await part.store.outputRows(id, { status: 'ok', from: 0, limit: 1 })).toMatchObject([
      { fromTurn: 3, turns: 3, attempts: 3, output: 'best', model: 'guide-1', costNano: 7 + 2 * COST },
    ]);
    expect((await part.store.calls(id, { list: [0] })).map(({ turn, phase, role }) => [turn, phase, role])).toEqual([
      [1, 'map', 'worker'],
      [2, 'again', 'orchestrator'],
      [3, 'again', 'orchestrator'],
    ]);
  });

  it('a turn of it fails -> tried again as its own; the answers before are kept', async () => {
    const id = await goneThrough();
    part.adapter.next(failure('transport'), reply('good'));
    const turn = { run: id, epoch: 1, phase: 'again', index: 0 };
    expect(await part.environment.run(part.activities.runTurn, turn)).toMatchObject({ kind: 'wait' });
    part.pass(Date.now() + 60_000);
    expect(await part.environment.run(part.activities.runTurn, turn)).toMatchObject({ kind: 'done', status: 'ok' });
    expect(await part.store.outcome(id, 0)).toMatchObject({ fromTurn: 2, turns: 2, attempts: 3 });
  });

  it('each phase has its gate; a stop of one holds for all', async () => {
    const id = await goneThrough();
    const [map, again] = [await part.contexts.phase(id, 1), await part.contexts.phase(id, 1, 'again')];
    expect([map.phase.name, again.phase.name, map.gate === again.gate]).toEqual(['map', 'again', false]);
    part.adapter.next(failure('key', { code: 'E_KEY_REFUSED' }));
    for (const [index, phase] of ['again', 'map'].entries()) {
      const turn = { run: id, epoch: 1, phase, index };
      expect(await part.environment.run(part.activities.runTurn, turn), phase).toEqual({ kind: 'stop', cause: 'key' });
    }
    expect(part.adapter.calls).toHaveLength(1);
  });

  it('a phase that the task does not have -> an error, no call', async () => {
    const id = await goneThrough();
    await expect(part.contexts.phase(id, 1, 'other')).rejects.toThrow('no phase other');
  });
});

describe('a phase after the rows', () => {
  it('the last outcome -> is not published ahead: the run is not over', async () => {
    const part = await partOf(MAP, REVIEW);
    part.adapter.next(reply('a'));
    const { id } = await part.opens(1);
    await until('it is done', async () => (await part.store.totals(id)).ok === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(part.events).not.toContain('publish');
    expect((await part.store.run(id))?.state).toBe('running');
  });

  it('beginPhase: a once-phase -> its activity and model; the run says where it is', async () => {
    const part = await partOf(MAP, REVIEW);
    const { row } = await part.run(1);
    const rows = { kind: 'range', items: 1 } as const;
    expect(await part.activities.beginPhase({ run: row.id, epoch: 1, phase: 'review', rows })).toEqual({
      ...{ name: 'review', role: 'orchestrator', kind: 'once', activity: 'review' },
      use: { model: 'other/guide', queue: 'llm.other.guide', timeoutMs: 5_000, callMs: null, turns: 1, sliceSize: 'auto' },
    });
    expect((await part.store.run(row.id))?.phase).toBe('review');
    expect(await part.store.queues(0)).not.toContainEqual(expect.objectContaining({ name: 'llm.other.guide' }));
  });

  it('beginPhase: over rows -> those of the epoch; its first calls go out at once', async () => {
    const part = await partOf(REVIEW, MAP);
    const { row } = await part.run(2);
    part.adapter.next(reply('a'), reply('b'));
    // Somebody who says that there are more gets none.
    const rows = { kind: 'range', items: 1e15 } as const;
    const begun = await part.activities.beginPhase({ run: row.id, epoch: 1, phase: 'map', rows });
    expect(begun).toMatchObject({
      name: 'map',
      kind: 'map',
      source: { kind: 'range', items: 2 },
      use: { queue: 'llm.openai.asked' },
    });
    await until('both are done', async () => (await part.store.totals(row.id)).ok === 2);
  });

  it('a cap of a row -> does not hold a conversation beside the rows', async () => {
    const part = await partOf(REVIEW, MAP);
    const { row } = await part.run(1);
    await part.store.setControl(row.id, { rowCapNano: WORST - 1 });
    const context = await part.contexts.phase(row.id, 1, 'review');
    const texts = { prompt: 'Please review', rules: context.run.task };
    const about = { index: onceIndex([REVIEW, MAP], REVIEW), id: 'review', content: '', texts };
    part.adapter.next(reply('fine'));
    const empty = historyOf([], { epoch: 1, phase: 'review' });
    expect(await part.turns.take(context, about, empty)).toMatchObject({ kind: 'done', outcome: { status: 'ok' } });
    expect(await part.store.outcomesAfter(row.id, 0, 9)).toEqual([]);
    expect(await part.take(await part.contexts.phase(row.id, 1, 'map'), 0)).toMatchObject({ outcome: { cause: 'capped' } });
  });
});
