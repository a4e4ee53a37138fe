/** Bad input through the real command: the right exit code within 2 s, no host, no call. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Provider } from '../support/provider.js';
import { SwarmHome } from '../support/swarm-home.js';

const SECONDS = 2;

let home: SwarmHome;
let provider: Provider;

beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider();
});
afterAll(() => home.close());

interface BadInput {
  title: string;
  code: string;
  /** Text of task.yaml; BASE stands for the provider's address. Null: no such file. */
  task: string | Buffer | null;
  seeds?: string | Buffer;
  args?: string[];
  exit?: number;
  env?: NodeJS.ProcessEnv;
}

const GOOD = 'prompt_template: "{{seed}}"\nworker_model: m\nworker_api_base: BASE\nseeds_file: seeds.jsonl\n';
const ROW = '"one"\n"two"\n';
/** Each level names the one before nine times. */
const LAUGHS = Array.from({ length: 12 }, (_, level) => {
  const before = level === 0 ? '[x]' : `[${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`;
  return `a${level}: &a${level} ${before}\n`;
}).join('');

const inputs: BadInput[] = [
  { title: 'no such file', code: 'E_TASK_NOT_FOUND', task: null },
  { title: 'an empty file', code: 'E_TASK_EMPTY', task: '' },
  { title: 'not YAML', code: 'E_YAML_SYNTAX', task: 'prompt_template: "open\nworker_model: [m\n' },
  { title: 'binary', code: 'E_ENCODING', task: Buffer.from([0, 255, 254, 1, 2, 0, 0, 128]) },
  { title: 'an alias bomb', code: 'E_YAML_ALIAS', task: GOOD + LAUGHS },
  {
    title: 'a misspelt key',
    code: 'E_TASK_UNKNOWN_KEY',
    task: GOOD.replace('prompt_template', 'promt_template'),
    seeds: ROW,
  },
  { title: 'a key of the wrong type', code: 'E_TASK_RANGE', task: `${GOOD}workers: many\n`, seeds: ROW },
  {
    title: 'a variable that no row has',
    code: 'E_TEMPLATE_VAR',
    task: GOOD.replace('{{seed}}', '{{city}}'),
    seeds: '{"town":"x"}\n',
  },
  { title: 'seeds that are missing', code: 'E_SEEDS_NOT_FOUND', task: GOOD },
  { title: 'seeds with broken JSON', code: 'E_SEED_JSON', task: GOOD, seeds: '"one"\n{"a": \n' },
  { title: 'no seed at all', code: 'E_SEEDS_EMPTY', task: GOOD, seeds: '\n\n' },
  { title: 'two rows with one id', code: 'E_SEED_DUP_ID', task: GOOD, seeds: '{"id":"a","x":1}\n{"id":"a","x":2}\n' },
  {
    title: 'plain http to another machine',
    code: 'E_API_BASE_PLAINTEXT',
    task: GOOD.replace('BASE', 'http://example.com/v1'),
    seeds: ROW,
  },
  { title: 'a cap without a known price', code: 'E_PRICE_UNKNOWN', task: `${GOOD}max_cost: 1\n`, seeds: ROW },
  { title: 'a key in the file', code: 'E_TASK_HEADER', task: `${GOOD}headers: {Authorization: Bearer sk-1}\n`, seeds: ROW },
  { title: 'an option that does not exist', code: 'E_CLI_UNKNOWN', task: GOOD, seeds: ROW, args: ['--concurency', '3'] },
  { title: 'a limit of nothing', code: 'E_CLI_VALUE', task: GOOD, seeds: ROW, args: ['--limit', '0'] },
  { title: 'a key that is not set', code: 'E_KEY_MISSING', task: `${GOOD}worker_api_key_env: NOT_SET\n`, seeds: ROW, exit: 5 },
  {
    title: 'a key with a line end in it',
    code: 'E_KEY_FORMAT',
    task: `${GOOD}worker_api_key_env: ODD_KEY\n`,
    seeds: ROW,
    exit: 5,
    env: { ODD_KEY: 'sk-a\nb' },
  },
];

it.each(inputs)('$title -> named, exit code, under 2 s', async ({ title, code, task, seeds, args = [], exit = 2, env = {} }) => {
  const dir = join(home.folder, title.replaceAll(' ', '-'));
  mkdirSync(dir);
  const path = join(dir, 'task.yaml');
  if (task !== null) writeFileSync(path, typeof task === 'string' ? task.replace('BASE', provider.url) : task);
  if (seeds !== undefined) writeFileSync(join(dir, 'seeds.jsonl'), seeds);
  const ended = await home.run(['run', path, ...args], exit, env);
  process.stdout.write(`  ${title}: ${/E_[A-Z_]+/.exec(ended.stderr)?.[0]} in ${Math.round(ended.ms)} ms\n`);
  expect(ended.stdout).toBe('');
  expect(ended.stderr).toMatch(new RegExp(`^${code}\\b`, 'm'));
  expect(ended.stderr).not.toMatch(/E_BUG|^\s+at .*:\d+:\d+/m);
  expect(ended.ms).toBeLessThan(SECONDS * 1000);
});

it('after all of them -> no call was made and no host is running', () => {
  expect(provider.calls()).toEqual([]);
  expect(home.host()).toBeNull();
});
