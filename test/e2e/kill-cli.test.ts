/** kill -9 of the command alone: the run does not need it, and nothing is paid for twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectPaidOnce } from '../support/paid-once.js';
import type { Provider } from '../support/provider.js';
import type { TaskFiles } from '../support/run-folder.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';
import { testRandom } from '../support/test-random.js';

const ROWS = 60;
const seeds = Array.from({ length: ROWS }, (_, index) => `Name a use for object ${index}.`);

let home: SwarmHome;
let provider: Provider;

beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '250']);
});
afterAll(() => home.close());
beforeEach(() => provider.forget());

function task(name: string, sliceSize: number): TaskFiles {
  return home.task(name, { worker_model: 'm', worker_api_base: provider.url, workers: 8, batch_size: sliceSize }, seeds);
}

describe.each([
  ['slices', 20],
  ['a child per seed', 1],
])('command killed, %s', (grain, sliceSize) => {
  it('attached, `swarm run` again -> joins the run that went on, 0 calls paid twice', async () => {
    const files = task(`again-${sliceSize}`, sliceSize);
    const cli = home.swarm(['run', files.path, '--json']);
    const run = await home.runId(cli);
    await provider.untilBilled(testRandom(`command killed, ${grain}`).whole(1, ROWS - 20));
    cli.kill('SIGKILL');
    const host = home.hostPid();
    const billed = provider.billed().length;
    await provider.untilBilled(billed + 8);
    const ended = await home.run(['run', files.path, '--json']);
    expect(endEvent(ended)).toMatchObject({ run, state: 'completed', ok: ROWS });
    expect(home.hostPid()).toBe(host);
    expectPaidOnce(provider, files, ROWS);
  });

  it('attached, `swarm watch` -> follows the run to its end', async () => {
    const files = task(`watch-${sliceSize}`, sliceSize);
    const cli = home.swarm(['run', files.path, '--json']);
    const run = await home.runId(cli);
    await provider.untilBilled(testRandom(`command killed and watched, ${grain}`).whole(1, ROWS - 20));
    cli.kill('SIGKILL');
    expect(endEvent(await home.run(['watch', run, '--json']))).toMatchObject({ run, state: 'completed', ok: ROWS });
    expectPaidOnce(provider, files, ROWS);
  });
});

it('detached: the command returns at once, the run goes on without it; `swarm run` again -> its end', async () => {
  const files = task('detached', 20);
  const { stdout } = await home.run(['run', files.path, '--detach']);
  const run = stdout.trim();
  expect((await home.status(run)).state).toBe('running');
  expect(endEvent(await home.run(['run', files.path, '--json']))).toMatchObject({ run, ok: ROWS });
  expectPaidOnce(provider, files, ROWS);
});

it('detached, command killed while it starts the run -> the run is there once, or not at all', async () => {
  const files = task('killed-start', 20);
  const cli = home.swarm(['run', files.path, '--detach']);
  await cli.says(/rows, at most/);
  await sleep(testRandom('killed while starting').whole(0, 150));
  cli.kill('SIGKILL');
  await home.run(['run', files.path]);
  expectPaidOnce(provider, files, ROWS);
});
