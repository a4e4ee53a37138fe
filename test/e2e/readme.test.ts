/** README.md's own task, commands and program, as they stand there, by real processes on the simulated provider. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { firstBlock, firstTask } from '../../scripts/first-task.mjs';
import { ROOT } from '../../scripts/paths.mjs';
import { endEvent, LIBRARY, SwarmHome } from '../support/swarm-home.js';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const TASK = 'my-task/task.yaml';

let home: SwarmHome;

beforeAll(async () => {
  home = await SwarmHome.create();
  const { task, rows } = firstTask(README);
  mkdirSync(join(home.folder, 'my-task'));
  writeFileSync(join(home.folder, TASK), task);
  writeFileSync(join(home.folder, 'my-task', 'reviews.jsonl'), rows);
});
afterAll(() => home.close());

it('the first task: two rows, the rest, once more -> each answer is paid once; what comes out is where and what README.md says', async () => {
  expect(README).toContain(`swarm run ${TASK} --limit 2`);
  await home.run(['check', TASK]);
  const first = endEvent(await home.run(['run', TASK, '--limit', '2', '--json']));
  const rest = endEvent(await home.run(['run', TASK, '--json']));
  const again = endEvent(await home.run(['run', TASK, '--json']));
  expect([first, rest, again].map(({ ok }) => ok)).toEqual([2, 3, 3]);
  expect(again.cost_usd).toBe(rest.cost_usd);

  const folder = join(home.folder, 'my-task', 'out', 'reviews');
  const [line = ''] = readFileSync(join(folder, 'output.jsonl'), 'utf8').split('\n');
  const shown = /^\{"id":"r1".*\}$/m.exec(README.slice(README.indexOf('A line of')))?.[0] ?? '';
  const { output, ...facts } = JSON.parse(shown) as { output: string };
  expect(JSON.parse(line)).toMatchObject(facts);
  expect(line).toContain(`"output":"${output.replace(/ \.\.\.$/, ' ')}`);
  expect(readFileSync(join(folder, 'failed.jsonl'), 'utf8')).toBe('');
  expect(JSON.parse(readFileSync(join(folder, 'receipt.json'), 'utf8'))).toMatchObject({ calls: { answered: 3, doubtful: 0 } });
  await home.run(['retry', rest.run]);
});

it('the program: from a file -> tells both rows and the file with the answers', async () => {
  const program = firstBlock(README, 'js').replace("'durable-swarm'", JSON.stringify(LIBRARY));
  writeFileSync(join(home.folder, 'start.mjs'), program);
  const { code, stdout } = await home.node(['start.mjs']).ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^a ok /m);
  expect(stdout).toMatch(/^b ok /m);
  expect(stdout).toMatch(/out\/greetings\/output\.jsonl$/m);
});
