/** Real processes: a provider without room, or money that is held or gone, teaches the gate no lower limit; a field that is refused ends the run. */
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Learned } from '../../src/core/gate/learned.js';
import { type AnsweringServer, completion, json, startAnsweringServer } from '../llm/answering-server.js';
import { type Provider, paidTwice } from '../support/provider.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

let home: SwarmHome;
let provider: Provider;
let server: AnsweringServer;

beforeAll(async () => {
  server = await startAnsweringServer();
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '60', '--rpm', '3000', '--burst', '10', '--hidden-limits']);
});
afterAll(async () => {
  await home?.close();
  await server?.close();
});

/** What was learned of the provider, as the next run will know it. */
function learned(): Learned {
  const database = new Database(join(home.home, 'store.db'), { readonly: true });
  try {
    const rows = database.prepare('select learned_json from limits').all() as { learned_json: string }[];
    const kept = rows.map((row) => JSON.parse(row.learned_json) as Learned).filter(({ pace }) => pace !== null);
    expect(kept).toHaveLength(1);
    return kept[0] as Learned;
  } finally {
    database.close();
  }
}

/** Either may have been raised: where the rate is far below the true one, two calls at a time are held back by it. */
function expectNoLower(before: Learned, after: Learned): void {
  expect(after.pace).toBeGreaterThanOrEqual(before.pace ?? Number.POSITIVE_INFINITY);
  expect(after.window ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(before.window ?? Number.POSITIVE_INFINITY);
}

/** So many that what was learned holds them back: a limit that they met then would be learned. */
const WIDE = 40;
const ROWS = 40;
const STORM = ['in_flight_budget', '503', '529', '498'];

it('a rate was learned; a storm of refusals for money and overload, and an account that is empty for a while -> it is not lowered', async () => {
  const model = { worker_model: 'm', worker_api_base: provider.url };
  const first = home.task(
    'learns',
    { ...model, workers: WIDE },
    Array.from({ length: 300 }, (_, n) => `First ${n}`),
  );
  await home.run(['run', first.path]);
  const before = learned();
  expect(before.pace).toBeLessThan(100);

  // Refused to the very end: what was lowered has no time to recover.
  const refused = (faults: readonly string[], name: string) =>
    Array.from({ length: ROWS }, (_, n) => `[[sim fault=${faults[n % faults.length]}*1]] ${name} ${n}`);
  const rows = refused(STORM, 'Storm');
  const storm = home.task('storm', { ...model, workers: WIDE }, rows);
  // The same provider, and no limit of its own any more: nothing else could lower what is known of it.
  await provider.stop();
  provider = await home.provider(['--latency', '60', '--port', new URL(provider.url).port]);
  expect(endEvent(await home.run(['run', storm.path, '--json']))).toMatchObject({ state: 'completed', ok: ROWS });
  expect(provider.calls().filter(({ billed }) => !billed).length).toBe(ROWS);
  expect(paidTwice(provider.billed())).toEqual([]);
  expectNoLower(before, learned());

  const spent = Array.from({ length: 30 }, (_, n) => `${n === 9 ? '[[sim fault=credit_balance_exhausted*1]] ' : ''}Money ${n}`);
  const money = home.task('money', { ...model, workers: WIDE }, spent);
  const end = endEvent(await home.run(['run', money.path, '--json'], 5));
  expect(end).toMatchObject({ state: 'paused', reason: 'billing', failed: 0 });
  expect(endEvent(await home.run(['run', money.path, '--json']))).toMatchObject({ run: end.run, state: 'completed', ok: 30 });
  expectNoLower(before, learned());

  // The same storm of a limit: it would be seen. The rate may have risen meanwhile.
  const raised = learned();
  const limit = home.task('limit', { ...model, workers: WIDE }, refused(['429'], 'Limit').slice(0, 12));
  expect(endEvent(await home.run(['run', limit.path, '--json']))).toMatchObject({ state: 'completed', ok: 12 });
  expect(learned().pace).toBeLessThan(raised.pace ?? 0);
});

it.each([
  ['one worker', 1, 1],
  ['eight', 8, 8],
])(
  'a field that the model does not take, %s -> the run ends with what was in flight, and names the key to change',
  async (_name, workers, most) => {
    server.received.length = 0;
    const refusal = {
      type: 'error',
      error: { type: 'invalid_request_error', message: '`temperature` is deprecated for this model.' },
    };
    server.answer((request, ...rest) =>
      json(request.body.includes('"temperature"') ? refusal : completion(), request.body.includes('"temperature"') ? 400 : 200)(
        request,
        ...rest,
      ),
    );
    const model = { worker_model: 'm', worker_api_base: server.base, workers };
    const rows = Array.from({ length: 40 }, (_, n) => `row ${n}`);
    const files = home.task(`field-${workers}`, { ...model, temperature: 0.3 }, rows);
    const ended = await home.run(['run', files.path], 2);
    expect(server.received.length).toBeLessThanOrEqual(most);
    const told = `${ended.stdout}\n${ended.stderr}`.replace(/\s+/g, ' ');
    expect(told).toContain('E_MODEL_PARAM: HTTP 400: temperature is refused, change it in the task or take it out');
    const mended = home.task(`field-${workers}`, model, rows);
    await home.run(['run', mended.path]);
    expect(mended.out.ok()).toHaveLength(40);
  },
);
