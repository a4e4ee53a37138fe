/** Faults that all rows share: what is paid for before the run pauses. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallResult } from '../../src/llm/port.js';
import type { RunSliceResult } from '../../src/workflows/activity-messages.js';
import { fileStore } from './file-store.js';
import { SHARED_FAULTS, simulateRandomFaults, simulateSharedFault } from './simulated-faults.js';
import { failure, reply, type Setup, setup } from './turn-setup.js';

const opened = fileStore();
let part: Setup;
beforeEach(async () => {
  part = await setup(opened.store);
});
afterEach(() => part.close());

const slice = (run: string, to: number) =>
  part.environment.run(part.activities.runSlice, {
    run,
    epoch: 1,
    from: 0,
    to,
    source: 'range' as const,
  }) as Promise<RunSliceResult>;

const ROWS = 300;
describe('a terminal refusal after good answers', () => {
  it.each([
    ['key', 'key', failure('key', { message: 'HTTP 401: revoked' })],
    ['money', 'billing', failure('billing', { message: 'HTTP 402: used up' })],
    [
      'model',
      'request',
      failure('request', { code: 'E_MODEL_UNKNOWN', refusal: { kind: 'request', of: 'model' }, message: 'HTTP 404: retired' }),
    ],
  ])('%s -> no call leaves after it was read, here and in another process; no row has failed', async (_name, cause, result) => {
    const other = await setup(opened.store);
    const { row } = await part.run(ROWS, { concurrency: 8 });
    const context = await other.contexts.phase(row.id, 1);
    let calls = 0;
    part.adapter.next(
      ...Array.from({ length: ROWS }, () => async (): Promise<CallResult> => {
        calls += 1;
        const mine = calls <= 20 ? reply('fine') : result;
        await new Promise((resolve) => setTimeout(resolve, 20));
        return mine;
      }),
    );
    const { stop } = await slice(row.id, ROWS);
    expect(stop).toBe(cause);
    expect(calls).toBeLessThanOrEqual(20 + 2 * 8);
    expect(await part.store.totals(row.id)).toMatchObject({ ok: 20, failed: 0, open: 0, reservedNano: 0 });
    // The other one has not looked since: the store refuses its intent.
    expect(await other.take(context, ROWS - 1)).toMatchObject({
      kind: 'stop',
      cause,
      message: expect.stringContaining(result.message),
    });
    expect(other.adapter.calls).toHaveLength(0);
    other.close();
    part.adapter.forget();
  });
});

describe('an outage', () => {
  const away = failure('transport', { code: 'E_CALL_CONNECT', message: 'no connection to a' });
  const overloaded = failure('overload', { code: 'E_OVERLOADED', status: 503, retryAfterMs: 1 });

  it('no answer of any kind for 10 min -> stops as unreachable; a refusal by a limit in between is an answer', async () => {
    const { context, row } = await part.run(3);
    const at = (minutes: number) => part.pass(start + minutes * 60_000);
    const start = part.deps.clock.now();
    const take = async (result: CallResult) => {
      part.adapter.next(result);
      return await part.take(context, 0);
    };
    expect((await take(reply('fine'))).kind).toBe('done');
    const meets = async (minutes: number, result: CallResult) => {
      at(minutes);
      part.adapter.next(result);
      return await part.take(context, 1);
    };
    expect((await meets(1, away)).kind).toBe('wait');
    expect((await meets(10, overloaded)).kind).toBe('wait');
    expect((await meets(10.5, failure('rate', { retryAfterMs: 1 }))).kind).toBe('wait');
    expect((await meets(12, away)).kind).toBe('wait');
    expect((await meets(21.5, away)).kind).toBe('wait');
    const message = 'no answer of any kind for 10 min; the last call met: no connection to a';
    expect(await meets(22.2, away)).toEqual({ kind: 'stop', cause: 'unreachable', message });
    expect(await part.store.totals(row.id)).toMatchObject({ ok: 1, failed: 0, open: 0 });
    expect((await part.store.control(row.id)).stop).toEqual({ cause: 'unreachable', message });
  });
});

describe('a fault that all rows share', () => {
  it.each(SHARED_FAULTS)('$name, after good answers -> paused after at most 20 rows and those in flight', async (fault) => {
    for (let seed = 0; seed < 3; seed += 1) {
      const { what, broken } = await simulateSharedFault(opened.store, fault, seed);
      expect(broken, what).toEqual([]);
    }
  });
});

describe('faults of 5 % of the calls', () => {
  // 16 wide, 64 wide, and 600 wide where refusals come at once: dozens of them before the first answer.
  it.each([1, 3, 50])('seed %i: they end in a row by chance -> the run goes on to its end', async (seed) => {
    const { what, broken } = await simulateRandomFaults(opened.store, seed);
    expect(broken, what).toEqual([]);
  });
});
