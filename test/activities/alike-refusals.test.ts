/** What is wrong for every row, told from what is one row's own. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallResult } from '../../src/llm/port.js';
import { fileStore } from './file-store.js';
import { failure, gatekeeper, reply, type Setup, setup, until } from './turn-setup.js';

const opened = fileStore();
let part: Setup;
beforeEach(async () => {
  part = await setup(opened.store);
});
afterEach(() => {
  part.close();
  expect(part.adapter.left).toBe(0);
});

const refused = (text = 'HTTP 400: Invalid request') =>
  failure('request', { code: 'E_REQUEST_REFUSED', status: 400, suspect: 'request', message: text });
const FIELD = { kind: 'request', of: 'field' } as const;
const page = () =>
  failure('transport', {
    code: 'E_CALL_BODY',
    status: 200,
    suspect: 'address',
    wanted: 'messages',
    message: 'HTTP 200, the body is not a completion but a page: Sign in',
    mayHaveBeenBilled: true,
  });

describe('a refusal of what was asked', () => {
  it('one row, before slower answers -> that row fails once one is here, the others go on', async () => {
    const { context, row } = await part.run(3);
    const slow = gatekeeper<CallResult>();
    const slower = gatekeeper<CallResult>();
    part.adapter.next(
      () => slow.promise,
      () => slower.promise,
      refused(),
    );
    const ends = [0, 1, 2].map((index) => part.take(context, index));
    await until('all three are sent', () => part.adapter.calls.length === 3);
    slow.open(reply('one'));
    slower.open(reply('two'));
    const outcomes = (await Promise.all(ends)).map((end) => (end.kind === 'done' ? end.outcome : null));
    expect(outcomes.map((outcome) => outcome?.status).sort()).toEqual(['failed', 'ok', 'ok']);
    expect(outcomes.find((outcome) => outcome?.status === 'failed')).toMatchObject({
      cause: 'refused',
      code: 'E_REQUEST_REFUSED',
      message: 'HTTP 400: Invalid request',
    });
    expect(context.of.stop).toBeNull();
    expect(await part.store.totals(row.id)).toMatchObject({ ok: 2, failed: 1, open: 0 });
  });

  it('one worker, the first two rows refused -> they fail by name, the third is answered, the run passes', async () => {
    const { context } = await part.run(4, { concurrency: 1 });
    part.adapter.next(refused(), refused(), reply('three'), refused());
    expect(await part.take(context, 0)).toMatchObject({
      kind: 'done',
      outcome: { id: 's0', status: 'failed', cause: 'refused' },
    });
    expect(await part.take(context, 1)).toMatchObject({ kind: 'done', outcome: { id: 's1', status: 'failed' } });
    expect(await part.take(context, 2)).toMatchObject({ kind: 'done', outcome: { status: 'ok' } });
    expect(await part.take(context, 3)).toMatchObject({ kind: 'done', outcome: { status: 'failed' } });
  });

  it('one worker, three rows refused alike and none answered -> the run stops and names them, no other call', async () => {
    const { context } = await part.run(4, { concurrency: 1 });
    part.adapter.next(refused(), refused(), refused());
    await part.take(context, 0);
    await part.take(context, 1);
    const stop = {
      kind: 'stop',
      cause: 'request',
      message: 'E_REQUEST_REFUSED: rows s0, s1, s2 were refused alike, and no row was answered: HTTP 400: Invalid request',
    };
    expect(await part.take(context, 2)).toEqual(stop);
    expect(await part.take(context, 3)).toEqual(stop);
  });

  it('all in flight are refused alike -> no row fails for it, the run stops once the last one is here', async () => {
    const { context, row } = await part.run(5, { concurrency: 4 });
    const first = gatekeeper<CallResult>();
    const last = gatekeeper<CallResult>();
    part.adapter.next(...[first, first, first, last].map((gate) => () => gate.promise));
    const ends = [0, 1, 2, 3].map((index) => part.take(context, index));
    await until('all four are sent', () => part.adapter.calls.length === 4);
    first.open(refused());
    const late = part.take(context, 4);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(part.adapter.calls).toHaveLength(4);
    last.open(refused());
    for (const end of await Promise.all([...ends, late])) expect(end).toMatchObject({ kind: 'stop', cause: 'request' });
    expect(await part.store.totals(row.id)).toMatchObject({ ok: 0, failed: 0, open: 0, reservedNano: 0 });
  });

  it('three are refused and the slowest is answered -> the three fail, the run goes on', async () => {
    const { context } = await part.run(5, { concurrency: 4 });
    const first = gatekeeper<CallResult>();
    const last = gatekeeper<CallResult>();
    part.adapter.next(...[first, first, first, last].map((gate) => () => gate.promise), reply('five'));
    const ends = [0, 1, 2, 3].map((index) => part.take(context, index));
    await until('all four are sent', () => part.adapter.calls.length === 4);
    first.open(refused());
    last.open(reply('four'));
    const statuses = (await Promise.all(ends)).map((end) => (end.kind === 'done' ? end.outcome.status : end.kind));
    expect(statuses.sort()).toEqual(['failed', 'failed', 'failed', 'ok']);
    expect(await part.take(context, 4)).toMatchObject({ kind: 'done', outcome: { status: 'ok' } });
  });

  it('rows refused in different ways -> not alike', async () => {
    const { context } = await part.run(4, { concurrency: 1 });
    const other = failure('row', { code: 'E_ROW_REFUSED', status: 422, suspect: 'request' });
    part.adapter.next(refused(), other, refused(), other);
    for (let index = 0; index < 4; index++) expect(await part.take(context, index)).toMatchObject({ kind: 'done' });
  });

  it('a refusal that names a field we send -> the run stops at once', async () => {
    const { context } = await part.run(2);
    const field = { key: 'temperature', name: 'temperature', sure: false };
    part.adapter.next(
      failure('request', { code: 'E_MODEL_PARAM', status: 400, refusal: FIELD, field, message: 'temperature is refused' }),
    );
    const stop = { kind: 'stop', cause: 'request', message: 'E_MODEL_PARAM: temperature is refused' };
    expect(await part.take(context, 0)).toEqual(stop);
    expect(await part.take(context, 1)).toEqual(stop);
  });

  it('a sentence about a field after good answers with the same -> that row fails, the run goes on', async () => {
    const { context } = await part.run(3, { concurrency: 1 });
    const field = { key: 'worker_max_tokens', name: 'max_tokens', sure: false };
    part.adapter.next(
      reply('one'),
      failure('request', { code: 'E_MODEL_PARAM', status: 400, refusal: FIELD, field }),
      reply('three'),
    );
    await part.take(context, 0);
    expect(await part.take(context, 1)).toMatchObject({ kind: 'done', outcome: { status: 'failed', code: 'E_MODEL_PARAM' } });
    expect(await part.take(context, 2)).toMatchObject({ kind: 'done', outcome: { status: 'ok' } });
  });
});

describe('an address that answers with something else', () => {
  it('three rows get a page and none an answer -> the run stops with E_ENDPOINT and says what came', async () => {
    const { context, row } = await part.run(4, { concurrency: 3 });
    part.adapter.next(page(), page(), page());
    const ends = await Promise.all([0, 1, 2].map((index) => part.take(context, index)));
    const stop = ends.find((end) => end.kind === 'stop');
    expect(stop).toMatchObject({ cause: 'request' });
    const { message } = stop as { message: string };
    expect(message).toMatch(/^E_ENDPOINT: no messages at this address, check worker_api_base: rows s\d, s\d, s\d got none/);
    expect(message).toContain('HTTP 200, the body is not a completion but a page: Sign in');
    expect(await part.take(context, 3)).toMatchObject({ kind: 'stop' });
    // What cannot be read may have been billed.
    expect(await part.store.totals(row.id)).toMatchObject({ failed: 0, doubtful: 3 });
  });

  it('one worker -> no wait for an outage: it stops with the third row', async () => {
    const { context } = await part.run(9, { concurrency: 1 });
    part.adapter.next(page(), page(), page(), page(), page());
    let end = await part.take(context, 0);
    for (const index of [0, 1, 1, 2]) {
      if (end.kind === 'wait') part.pass(end.until);
      end = await part.take(context, index);
    }
    expect(end).toMatchObject({ kind: 'stop', message: expect.stringContaining('rows s0, s1, s2 got none') });
  });

  it('an answer among them -> pages are a passing fault of their rows', async () => {
    const { context } = await part.run(5, { concurrency: 1 });
    part.adapter.next(reply('one'), page(), page(), page(), page());
    await part.take(context, 0);
    for (let index = 1; index < 5; index++) expect(await part.take(context, index)).toMatchObject({ kind: 'wait' });
    expect(context.of.stop).toBeNull();
  });
});
