import { expect, it } from 'vitest';
import { type Group, performAhead, type Send } from '../../src/store/postgres/ahead.js';
import { Foretold } from '../../src/store/postgres/foretold.js';
import type { Write } from '../../src/store/sql/all-operations.js';
import type { Step } from '../../src/store/sql/operation.js';
import { type Row, SQL } from '../../src/store/sql/statements.js';
import { intentOf, outcomeOf, settlementOf } from './databases.js';

/** What a database answers in which all is as it mostly is. */
function usual([{ text }, values]: Step): Row[] {
  const [runId = null, index = null, , attempt = null] = values;
  if (text === SQL.reserve.text) return [{ run_id: runId }];
  if (text === SQL.insertCall.text) return [{ attempt }];
  if (text === SQL.answerFirst.text) return [{ reserved_nano: 100, ledger_slot: null }];
  if (text === SQL.insertOutcome.text) return [{ idx: index }];
  return [];
}

/** A connection that answers when all that is on its way has arrived: each time is a round trip. */
function server(answer: (step: Step) => Row[] = usual) {
  const sent: string[] = [];
  let trips = 0;
  let travelling: (() => void)[] = [];
  const send: Send = (step) =>
    new Promise((resolve, reject) => {
      sent.push(step[0].name);
      if (travelling.length === 0) {
        setImmediate(() => {
          trips += 1;
          const arrived = travelling;
          travelling = [];
          for (const each of arrived) each();
        });
      }
      travelling.push(() => {
        try {
          resolve(answer(step));
        } catch (cause) {
          reject(cause);
        }
      });
    });
  return { send, sent, trips: () => trips };
}

const groupOf = (writes: Write[], patient: Write[] = []): Group => ({ writes, forMs: 10_000, patient: new Set(patient) });
const intend = (index: number): Write => ({ name: 'intend', input: intentOf('r', index, { simulated: true }) });
const settle = (index: number): Write => ({
  name: 'settle',
  input: settlementOf('r', index, { outcome: outcomeOf(index) }),
});
const rows = Array.from({ length: 20 }, (_, index) => index);

it('performAhead: 20 intents, then their answers -> one round trip each', async () => {
  const foretold = new Foretold();
  const { send, sent, trips } = server();
  const intents = await performAhead(groupOf(rows.map(intend)), foretold, send);
  expect(intents).toEqual({ values: rows.map(() => ({ kind: 'go', attempt: 1 })) });
  expect(trips()).toBe(1);
  expect(await performAhead(groupOf(rows.map(settle)), foretold, send)).toEqual({ values: rows.map(() => 'used') });
  expect(trips()).toBe(2);
  // In the order of one write after the other.
  expect(sent.slice(0, 4)).toEqual(['reserve', 'insertCall', 'reserve', 'insertCall']);
  expect(sent.slice(40, 45)).toEqual(['answerFirst', 'insertAnswer', 'insertOutcome', 'addTotals', 'answerFirst']);
});

it('performAhead: calls that another process wrote -> waits for what they held', async () => {
  const { send, trips } = server();
  expect(await performAhead(groupOf(rows.map(settle)), new Foretold(), send)).toEqual({ values: rows.map(() => 'used') });
  expect(trips()).toBe(rows.length + 1);
});

it('performAhead: no more writes than its time allows, at least one', async () => {
  const { send } = server();
  expect(await performAhead({ ...groupOf(rows.map(intend)), forMs: -1 }, new Foretold(), send)).toMatchObject({
    values: [{ kind: 'go' }],
  });
});

it('performAhead: an answer other than foretold -> its write is wrong, nothing is learned; patient -> it sees the real one', async () => {
  const foretold = new Foretold();
  const writes = rows.map(intend);
  const halted = ([{ name }, values]: Step) => name === 'reserve' && values[2] === 7;
  const { send } = server((step) => {
    if (halted(step)) return [];
    if (step[0].name === 'haltOf') return [{ paused: 1, cancelled: 0, stop_json: null }];
    return usual(step);
  });
  expect(await performAhead(groupOf(writes), foretold, send)).toEqual({ wrong: new Set([writes[7]]) });
  expect(foretold.answer([SQL.answerFirst, ['r', 3, 1, 1]])).toBeNull();
  const again = await performAhead(groupOf(writes, [writes[7] as Write]), foretold, send);
  const go = { kind: 'go', attempt: 1 };
  const expected = rows.map((index) => (index === 7 ? { kind: 'halted', cancelled: false, stop: null } : go));
  expect(again).toEqual({ values: expected });
  expect(foretold.answer([SQL.answerFirst, ['r', 3, 1, 1]])).toEqual([{ reserved_nano: 100, ledger_slot: null }]);
});

it('performAhead: refused by the server after a wrong guess -> wrong; with all as foretold, or without a connection -> thrown', async () => {
  const foretold = new Foretold();
  await performAhead(groupOf([intend(1), intend(2)]), foretold, server().send);
  const failing = (code: string, isAnswered: boolean) =>
    server((step) => {
      if (step[0].name === 'insertAnswer') throw Object.assign(new Error('no'), { code });
      return isAnswered && step[0].name === 'answerFirst' ? [] : usual(step);
    }).send;
  const writes = [settle(1), settle(2)];
  expect(await performAhead(groupOf(writes), foretold, failing('23505', true))).toEqual({ wrong: new Set([writes[0]]) });
  await expect(performAhead(groupOf(writes), foretold, failing('23505', false))).rejects.toMatchObject({ code: '23505' });
  await expect(performAhead(groupOf(writes), foretold, failing('57P01', true))).rejects.toMatchObject({ code: '57P01' });
});

it('performAhead: a turn that was called before -> looked at, without a wrong guess', async () => {
  const foretold = new Foretold();
  await performAhead(groupOf([intend(1)]), foretold, server().send);
  const { send } = server((step) => {
    if (step[0].name === 'insertCall' && step[1][3] === 1) return [];
    if (step[0].name === 'attemptsOfTurn') return [{ attempt: 1, state: 'limited', owner: 'me', reserved_nano: 100 }];
    return usual(step);
  });
  expect(await performAhead(groupOf([intend(1)]), foretold, send)).toEqual({ values: [{ kind: 'go', attempt: 2 }] });
});
