/** A host that dies while a program waits for what it asked of it: the program is not told of it, the next host does it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RunHandle, Swarm } from '../../src/client/api.js';
import { connect } from '../../src/client/index.js';
import type { Provider } from '../support/provider.js';
import { SwarmHome } from '../support/swarm-home.js';

/** More than are done before the cancel, however slow the machine is. */
const ROWS = 4_000;
/** A step that takes this long hangs: the test says which, and what the store and Temporal know then. */
const STEP_MS = 100_000;

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

/** What `work` resolves to. Throws what is known of the run when it takes too long. */
async function inTime<T>(step: string, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(STEP_MS, undefined, { signal: over.signal }).then(async () => {
    const workflow =
      (await home.run(['temporal', 'workflow', 'list', '--query', 'ExecutionStatus="Running"'])).stdout.match(/\S+\/e\d+/)?.[0] ??
      '';
    const questions = [
      ['status', '--json'],
      ['temporal', 'workflow', 'list'],
      ['temporal', 'workflow', 'describe', '--workflow-id', workflow],
      ['temporal', 'workflow', 'show', '--workflow-id', workflow],
    ];
    const known = await Promise.all(questions.map((words) => home.run(words).catch(String)));
    throw new Error(`${step} hangs: ${JSON.stringify(known)}`);
  });
  late.catch(() => undefined);
  return await Promise.race([work, late]).finally(() => over.abort());
}

/** A host is up, and killed so many ms after it was asked. */
async function killedAmid<T>(step: string, ms: number, ask: () => Promise<T>): Promise<T> {
  await inTime(`start before ${step}`, home.run(['start']));
  const asked = ask();
  asked.catch(() => undefined);
  await sleep(ms);
  await home.killHost();
  return await inTime(step, asked);
}

it.each([5, 40])(
  'a host killed %i ms after a start, a pause, a resize, a resume, a cancel -> each of them is done',
  async (ms) => {
    const seeds = Array.from({ length: ROWS }, (_, index) => `Name a use for object ${index}.`);
    const task = { worker_model: 'm', worker_api_base: provider.url, workers: 4, batch_size: 20 };
    const { path } = home.task(`amid-${ms}`, task, seeds);
    const run: RunHandle = await killedAmid('start', ms, () => swarm.start(path));
    expect(['staged', 'running']).toContain((await run.progress()).state);
    await killedAmid('pause', ms, () => run.pause());
    expect((await run.progress()).state).toBe('paused');
    await killedAmid('resize', ms, () => run.resize({ concurrency: 3 }));
    await killedAmid('resume', ms, () => run.resume());
    // A next epoch may be on its way.
    expect(['staged', 'running']).toContain((await run.progress()).state);
    await killedAmid('cancel', ms, () => run.cancel());
    expect((await inTime('end', run.result())).state).toBe('cancelled');
  },
);
