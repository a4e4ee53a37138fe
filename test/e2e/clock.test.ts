/** The clock of the machine is set while a run goes on, and between two hosts: calls go on at their rate, rows are paid once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectPaidOnce } from '../support/paid-once.js';
import { mostInWindow, type Provider } from '../support/provider.js';
import { noSettableClock, SettableClock } from '../support/settable-clock.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const missing = noSettableClock();
const PER_MINUTE = 1_200;
const PER_SECOND = PER_MINUTE / 60;
const HOUR = 3_600;

let home: SwarmHome;
let provider: Provider;
let clock: SettableClock;

beforeAll(async () => {
  if (missing !== null) return;
  clock = new SettableClock();
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '100']);
});

afterAll(async () => {
  await home?.close();
  clock?.close();
});

function task(name: string, rows: number) {
  const seeds = Array.from({ length: rows }, (_, index) => `Name a use for object ${index} of ${name}.`);
  const keys = { worker_model: 'm', worker_api_base: provider.url, requests_per_minute: PER_MINUTE, batch_size: 50 };
  return home.task(name, keys, seeds);
}

const named = (name: string) => (missing === null ? name : `${name} (skipped: ${missing})`);

it.skipIf(missing !== null)(
  named('back by an hour, forward by two, back by two minutes amid a run -> it never stands still, and its rate holds'),
  async () => {
    const files = task('amid', 240);
    const run = home.swarm(['run', files.path, '--json'], clock.env);
    for (const [step, at] of [
      [-HOUR, 40],
      [2 * HOUR, 100],
      [-120, 160],
    ] as const) {
      await provider.untilBilled(at);
      clock.step(step);
      // A second until the processes see it; then a second's worth of calls, in whatever time a busy machine needs.
      await sleep(1_500);
      await provider.untilBilled(provider.billed().length + PER_SECOND, 20_000);
    }
    const ended = await run.ended;
    expect(endEvent(ended)).toMatchObject({ state: 'completed', ok: 240 });
    expectPaidOnce(provider, files, 240);
    // A step forward may bring the second's worth of a pause with it.
    expect(mostInWindow(provider.billed(), 60_000)).toBeLessThanOrEqual(240);
    expect(mostInWindow(provider.billed(), 5_000)).toBeLessThanOrEqual(PER_SECOND * 7.5);
    const status = await home.status(endEvent(ended).run);
    expect(status).toMatchObject({ state: 'completed', doubtful: 0 });
  },
  90_000,
);

it.skipIf(missing !== null)(
  named('a host that starts an hour before its predecessor ended -> the next run begins at once'),
  async () => {
    await home.run(['stop'], 0, clock.env);
    clock.step(-HOUR);
    provider.forget();
    const files = task('after', 40);
    const run = home.swarm(['run', files.path, '--json'], clock.env);
    await provider.untilBilled(1, 30_000);
    await provider.untilBilled(40, 10_000);
    expect(endEvent(await run.ended)).toMatchObject({ state: 'completed', ok: 40 });
    expectPaidOnce(provider, files, 40);
  },
  90_000,
);
