/** A host that dies while a program waits for what it asked of it: the program is not told of it, the next host does it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RunHandle, Swarm } from '../../src/client/api.js';
import { connect } from '../../src/client/index.js';
import type { Provider } from '../support/provider.js';
import { SwarmHome } from '../support/swarm-home.js';

const ROWS = 400;

let home: SwarmHome;
let provider: Provider;
let swarm: Swarm;

beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '400']);
  for (const [name, value] of Object.entries(home.env)) if (value !== undefined) vi.stubEnv(name, value);
  swarm = await connect({ home: home.home });
});

afterAll(async () => {
  await swarm?.close();
  vi.unstubAllEnvs();
  await home?.close();
});

/** A host is up, and killed so many ms after it was asked. */
async function killedAmid<T>(ms: number, ask: () => Promise<T>): Promise<T> {
  await home.run(['start']);
  const asked = ask();
  asked.catch(() => undefined);
  await sleep(ms);
  await home.killHost();
  return await asked;
}

it.each([5, 40])(
  'a host killed %i ms after a start, a pause, a resize, a resume, a cancel -> each of them is done',
  async (ms) => {
    const seeds = Array.from({ length: ROWS }, (_, index) => `Name a use for object ${index}.`);
    const task = { worker_model: 'm', worker_api_base: provider.url, workers: 4, batch_size: 20 };
    const { path } = home.task(`amid-${ms}`, task, seeds);
    const run: RunHandle = await killedAmid(ms, () => swarm.start(path));
    expect(['staged', 'running']).toContain((await run.progress()).state);
    await killedAmid(ms, () => run.pause());
    expect((await run.progress()).state).toBe('paused');
    await killedAmid(ms, () => run.resize({ concurrency: 3 }));
    await killedAmid(ms, () => run.resume());
    // A next epoch may be on its way.
    expect(['staged', 'running']).toContain((await run.progress()).state);
    await killedAmid(ms, () => run.cancel());
    expect((await run.result()).state).toBe('cancelled');
  },
);
