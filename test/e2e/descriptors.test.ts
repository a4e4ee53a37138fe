/** More workers than file descriptors: the run is slower, not broken. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { paidTwice } from '../support/provider.js';
import { CLI, SwarmHome } from '../support/swarm-home.js';

const ROWS = 220;
/** What a command and its host need to start, and not many more. */
const FILES = 320;

let home: SwarmHome;
beforeAll(async () => {
  home = await SwarmHome.create();
});
afterAll(() => home.close());

it(`${ROWS} workers under ulimit -n ${FILES} -> every row, none failed, none paid twice, one host from start to end`, async () => {
  const provider = await home.provider(['--latency', '1000']);
  const seeds = Array.from({ length: ROWS }, (_, index) => `Say something about number ${index}.`);
  const files = home.task('few', { worker_model: 'm', worker_api_base: provider.url, workers: ROWS, batch_size: 55 }, seeds);
  const limited = spawn('bash', ['-c', `ulimit -n ${FILES}; exec "$@"`, 'bash', process.execPath, CLI, 'run', files.path], {
    cwd: home.folder,
    env: home.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  limited.stderr.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  const code = await new Promise((resolve) => limited.once('exit', resolve));
  expect(code, said).toBe(0);
  expect(files.out.ok().map(({ index }) => index)).toEqual(seeds.map((_, index) => index));
  const { calls, epochs } = files.out.receipt();
  expect(epochs).toBe(1);
  expect(calls).toMatchObject({ answered: ROWS, failed: 0, doubtful: 0 });
  expect(calls.limited).toBeGreaterThan(0);
  expect(paidTwice(provider.billed())).toEqual([]);
}, 120_000);
