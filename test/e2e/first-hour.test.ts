/**
 * A first hour, typed exactly as the screens say: every command after the first comes from a hint of the one before, and goes through a
 * shell. No hint is a dead end, and none pays for a row that is done.
 */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../../scripts/paths.mjs';
import { FrontDoor } from '../support/front-door.js';
import { type Provider, paidTwice, SIM_TASK_PRICE } from '../support/provider.js';
import { SwarmHome } from '../support/swarm-home.js';

interface Typed {
  code: number;
  /** Both streams. */
  said: string;
}

let home: SwarmHome;
let provider: Provider;

beforeAll(async () => {
  // As in a plain shell: nothing says that npm started it.
  home = await SwarmHome.create({ npm_command: '' });
  provider = await home.provider(['--latency', '150']);
});
afterAll(() => home.close());

/** Types a line into a shell in the folder of the home. */
function type(line: string, env: NodeJS.ProcessEnv = {}): Promise<Typed> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', line], { cwd: home.folder, env: { ...home.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), said: `${stdout}${stderr}` });
    });
  });
}

/** `swarm`, as this clone calls it. */
const SWARM = `node ${join(ROOT, 'dist', 'programs', 'swarm.js')}`;

/** The part of a screen that is typed next. */
function hint(said: string, pattern: RegExp): string {
  const [, found] = pattern.exec(said) ?? [];
  if (found === undefined) throw new Error(`no hint ${pattern} in:\n${said}`);
  return found;
}

/** A copy of the quick start's folder, with the provider of this test. */
function copyExample(name: string, keys = ''): { task: string; change(from: string | RegExp, to: string): void; folder: string } {
  const folder = join(home.folder, name);
  cpSync(join(ROOT, 'examples', 'quickstart'), folder, { recursive: true });
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  const file = join(folder, 'task.yaml');
  const change = (from: string | RegExp, to: string) => writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
  change('worker_model: sim/quick', `worker_model: m\nworker_api_base: ${provider.url}\n${keys}`);
  return { task: `'${name}/task.yaml'`, change, folder };
}

it('a copy of the example, mistyped three times -> each fix works as it is said', async () => {
  const { task, change } = copyExample('my folder');
  const { code, said } = await type(`${SWARM} rn ${task}`);
  expect(code).toBe(2);
  const verb = hint(said, /did you mean "?(\w+)"?/);

  change('prompt_template', 'promt_template');
  const key = hint((await type(`${SWARM} ${verb} ${task}`)).said, /did you mean (prompt_template)/);
  change('promt_template', key);
  change('{{topic}}', '{{topc}}');
  const checked = await type(`${SWARM} check ${task}`);
  change('{{topc}}', hint(checked.said, /did you mean (\{\{topic\}\})/));
  expect((await type(`${SWARM} check ${task}`)).code).toBe(0);

  change('workers: 8', 'workers: 8\nworker_api_key_env: MY_FIRST_KEY');
  const keyless = await type(`${SWARM} check ${task}`);
  expect(keyless.code).toBe(5);
  expect(keyless.said).toMatch(/20 rows, at most 20 calls/);
  const refused = await type(`${SWARM} ${verb} ${task}`);
  expect(refused.code).toBe(5);
  const exported = hint(refused.said, /fix: (export MY_FIRST_KEY=)/);
  const done = await type(`${exported}sk-first-0123456789; ${SWARM} ${verb} ${task}`);
  expect([done.code, done.said]).toEqual([0, expect.stringContaining('20: 20 ok, 0 failed')]);
  expect(paidTwice(provider.billed())).toEqual([]);
}, 120_000);

it('Ctrl-C with options, more rows, a fork twice -> each way on as it is said; no row is paid twice', async () => {
  provider.forget();
  const { task, folder } = copyExample('my-rows');
  const typed = ['run', 'my-rows/task.yaml', '--out', 'my rows out', '--limit', '15', '--concurrency', '2', '--max-cost', '0.3'];
  const priced = join(folder, 'task.yaml');
  writeFileSync(priced, `${readFileSync(priced, 'utf8')}\nprice: ${JSON.stringify(SIM_TASK_PRICE)}\n`);
  const first = home.swarm(typed);
  await provider.untilBilled(3);
  first.kill('SIGINT');
  const stopped = await first.ended;
  expect(stopped.code).toBe(130);
  const on = hint(stopped.stderr, /Go on with: {2}(.+) {3}or/);
  expect(on).toMatch(/ --out 'my rows out' --limit 15 --concurrency 2 --max-cost 0\.3$/);
  const rest = await type(on);
  expect([rest.code, rest.said]).toEqual([0, expect.stringContaining('15: 15 ok, 0 failed')]);
  expect(provider.billed()).toHaveLength(15);

  // The rest, then a row that is new: what check says is what run says.
  const all = `${SWARM} run ${task} --out 'my rows out'`;
  expect((await type(all)).code).toBe(0);
  expect(provider.billed()).toHaveLength(20);
  const seeds = join(folder, 'seeds.jsonl');
  writeFileSync(seeds, `${readFileSync(seeds, 'utf8')}{"topic":"tides","reader":"sailor"}\n`);
  const refused = await type(all);
  const checked = await type(all.replace(' run ', ' check '));
  expect([refused.code, checked.code]).toEqual([2, 2]);
  const fork = hint(refused.said, /for a new folder beside it: (.+?); to start over/);
  expect(hint(checked.said, /for a new folder beside it: (.+?); to start over/)).toBe(fork);

  // The output is deleted, and the folder moved: both go on as they are found, without a call.
  provider.forget();
  writeFileSync(seeds, readFileSync(seeds, 'utf8').replace(/\n.*sailor.*\n$/, '\n'));
  const output = join(home.folder, 'my rows out', 'output.jsonl');
  const bytes = readFileSync(output);
  rmSync(output);
  expect((await type(all)).code).toBe(0);
  expect(readFileSync(output).equals(bytes)).toBe(true);
  const moved = await type(`mv 'my rows out' moved && ${all.replace("'my rows out'", 'moved')}`);
  expect([moved.code, moved.said]).toEqual([0, expect.stringContaining('Already finished')]);
  expect(provider.calls()).toEqual([]);
  await type("mv moved 'my rows out'");
  expect((await type(all)).code).toBe(0);
  writeFileSync(seeds, `${readFileSync(seeds, 'utf8')}{"topic":"tides","reader":"sailor"}\n`);

  const forked = await type(fork);
  expect([forked.code, forked.said]).toEqual([0, expect.stringContaining('21: 21 ok, 0 failed')]);
  const again = await type(fork);
  expect([again.code, again.said]).toEqual([0, expect.stringContaining('Already finished, no call is made')]);
  expect(provider.billed()).toHaveLength(21);
}, 120_000);

it('a cap that is reached -> the command with a higher one goes on, and so does the run', async () => {
  provider.forget();
  const { task } = copyExample('my-cap', `price: ${JSON.stringify(SIM_TASK_PRICE)}\nworker_max_tokens: 200`);
  let { code, said } = await type(`${SWARM} run ${task} --concurrency 3 --max-cost 0.0002`);
  expect(code).toBe(3);
  for (let raises = 0; code === 3; raises += 1) {
    expect(raises).toBeLessThan(4);
    const raised = await type(hint(said, /such as: (.+ --max-cost \S+)$/m));
    expect(raised.code).toBe(0);
    const run = hint(said, /^run +(\S+)/m);
    ({ code, said } = await type(`${SWARM} watch ${run}`));
  }
  expect([code, said]).toEqual([0, expect.stringContaining('20: 20 ok, 0 failed')]);
  expect(paidTwice(provider.billed())).toEqual([]);
}, 120_000);

it('a key that the provider refuses, then a copied folder -> the way on works, done rows are not paid again', async () => {
  provider.forget();
  const door = await FrontDoor.open(provider.url);
  door.rule = ({ key }) => (key === 'the-right-one' ? null : '401');
  try {
    const { task, change, folder } = copyExample('keyed', 'worker_api_key_env: MY_KEY\nworker_max_tokens: 31\n');
    change(provider.url, door.url);
    const refused = await type(`${SWARM} run ${task} --yes`, { MY_KEY: 'a-wrong-one' });
    expect(refused.code).toBe(5);
    expect(refused.said).toContain('MY_KEY');
    const next = hint(refused.said, /go on when it is mended: (.*)$/m);
    const resumed = await type(next, { MY_KEY: 'the-right-one' });
    expect(resumed.code).toBe(0);
    const done = await type(hint(resumed.said, /Look at it with: (.*)$/m));
    expect([done.code, done.said]).toEqual([0, expect.stringContaining('20 ok')]);
    expect(provider.calls().length).toBe(20);
    expect(paidTwice(provider.billed())).toEqual([]);

    cpSync(folder, join(home.folder, 'keyed copy'), { recursive: true });
    const copied = await type(`${SWARM} run 'keyed copy/task.yaml' --yes`, { MY_KEY: 'the-right-one' });
    expect([copied.code, copied.said]).toEqual([2, expect.stringMatching(/copy[\s\S]*keyed/)]);
    expect(provider.calls().length).toBe(20);
    const file = join(home.folder, 'keyed copy', 'task.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('worker_max_tokens: 31', 'worker_max_tokens: 32'));
    const own = await type(`${SWARM} run 'keyed copy/task.yaml' --yes`, { MY_KEY: 'the-right-one' });
    expect([own.code, own.said]).toEqual([0, expect.stringContaining('20 ok')]);
  } finally {
    await door.close();
  }
}, 120_000);
