/**
 * Bad tasks, each started by the command, by the library and over plain Temporal: the same codes and texts, whoever asks. What differs is
 * advice alone, and stands in the table. No call is made.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MAIN_QUEUE } from '../../src/core/names.js';
import { resolveTemporalBinary } from '../../src/host/temporal/binary.js';
import { endHomes, newConfig } from '../host/host-support.js';
import type { Provider } from '../support/provider.js';
import { LIBRARY, SwarmHome } from '../support/swarm-home.js';

interface Told {
  code: string;
  place?: { file?: string; line?: number; column?: number };
  found: string;
  allowed?: string;
  fix?: string;
}
interface Refusal {
  problems: Told[];
  exitCode: number;
}

interface BadTask {
  title: string;
  codes: string[];
  /** Text of task.yaml; BASE stands for the provider's address. Null: no such file. */
  task: string | Buffer | null;
  seeds?: string | Buffer;
  /** @default 2 */
  exit?: number;
  /** What else is in the folder: a folder when it ends with a slash. */
  files?: Record<string, string>;
  /** Advice for who starts workflows by hand, by code, where it is another. */
  byTemporal?: Record<string, RegExp>;
  /** The same for the command, which can be typed. */
  byCommand?: Record<string, RegExp>;
}

const GOOD = 'prompt_template: "{{seed}}"\nworker_model: m\nworker_api_base: BASE\nseeds_file: seeds.jsonl\n';
const ROW = '"one"\n"two"\n';
const AT_THE_HOST = /export .* where the host starts \(then swarm stop; swarm start\), or where the workers start/;
const ANOTHER_FOLDER = /^give the task another output_dir; or on that machine: swarm run TASK with --fork/;
const AS_TYPED = /^to go on in this one and keep the rows that are done: swarm run /;

const TASKS: BadTask[] = [
  {
    title: 'no such file',
    codes: ['E_TASK_NOT_FOUND'],
    task: null,
    files: { 'tusk.yaml': 'x' },
    byTemporal: { E_TASK_NOT_FOUND: /; a path that is not given in full is looked for in \// },
  },
  { title: 'a folder in its place', codes: ['E_TASK_UNREADABLE'], task: null, files: { 'task.yaml/': '' } },
  { title: 'an empty file', codes: ['E_TASK_EMPTY'], task: '' },
  { title: 'no YAML', codes: ['E_YAML_SYNTAX'], task: 'prompt_template: "open\nworker_model: [m\n' },
  { title: 'a list', codes: ['E_TASK_SHAPE'], task: '- prompt_template\n' },
  { title: 'binary', codes: ['E_ENCODING'], task: Buffer.from([0, 255, 254, 1, 2, 0, 0, 128]) },
  { title: 'a misspelt key', codes: ['E_TASK_UNKNOWN_KEY'], task: `${GOOD}wrokers: 4\n` },
  { title: 'a wrong type', codes: ['E_TASK_TYPE'], task: `${GOOD}name: [a]\n` },
  { title: 'out of range', codes: ['E_TASK_RANGE'], task: `${GOOD}worker_max_tokens: 0\n` },
  { title: 'no such kind of task', codes: ['E_TASK_ENUM'], task: `${GOOD}task_type: genration\n` },
  { title: 'no such output format', codes: ['E_TASK_ENUM'], task: `${GOOD}output_format: xml\n` },
  { title: 'labels that are alike', codes: ['E_TASK_LABELS'], task: `${GOOD}task_type: classification\nlabels: [a, A.]\n` },
  { title: 'a schema with a misspelt keyword', codes: ['E_TASK_SCHEMA'], task: `${GOOD}output_schema: {requird: [a]}\n` },
  { title: 'no template', codes: ['E_TASK_MISSING'], task: GOOD.replace(/^prompt_template.*\n/, '') },
  { title: 'an open placeholder', codes: ['E_TEMPLATE_SYNTAX'], task: GOOD.replace('{{seed}}', '{{seed') },
  {
    title: 'a variable that no row has',
    codes: ['E_TEMPLATE_VAR'],
    task: GOOD.replace('{{seed}}', '{{city}}'),
    seeds: '{"town":"x"}\n',
  },
  {
    title: 'the same prompt for all rows',
    codes: ['E_TEMPLATE_CONSTANT'],
    task: GOOD.replace('{{seed}}', 'Say hello.'),
    byTemporal: { E_TEMPLATE_CONSTANT: /^add \{\{seed\}\}; or on that machine: swarm run TASK --allow-constant-prompt$/ },
  },
  { title: 'no such seeds file', codes: ['E_SEEDS_NOT_FOUND'], task: GOOD.replace('seeds.jsonl', 'sheds.jsonl') },
  {
    title: 'no key seeds_file',
    codes: ['E_TASK_MISSING'],
    task: GOOD.replace(/seeds_file.*\n/, ''),
    byTemporal: { E_TASK_MISSING: /^add a line "seeds_file: \.\.\." to the task$/ },
  },
  {
    title: 'seeds of no known format',
    codes: ['E_SEED_FORMAT'],
    task: GOOD.replace('.jsonl', '.xlsx'),
    files: { 'seeds.xlsx': 'x' },
  },
  { title: 'a row of broken JSON', codes: ['E_SEED_JSON'], task: GOOD, seeds: '"one"\n{"a": \n' },
  { title: 'two rows with one id', codes: ['E_SEED_DUP_ID'], task: GOOD, seeds: '{"id":"a","x":1}\n{"id":"a","x":2}\n' },
  { title: 'a row that is a number', codes: ['E_SEED_TYPE'], task: GOOD, seeds: '"one"\n7\n' },
  { title: 'no row at all', codes: ['E_SEEDS_EMPTY'], task: GOOD, seeds: '\n\n' },
  { title: 'rows in another encoding', codes: ['E_ENCODING'], task: GOOD, seeds: Buffer.from('"caf\xe9"\n', 'latin1') },
  { title: 'plain http', codes: ['E_API_BASE_PLAINTEXT'], task: GOOD.replace('BASE', 'http://example.com/v1') },
  {
    title: 'an unknown provider',
    codes: ['E_TASK_ENUM'],
    task: GOOD.replace(/worker_model.*\n.*\n/, 'worker_model: nobody/m\n'),
  },
  { title: 'a key in a header', codes: ['E_TASK_HEADER'], task: `${GOOD}headers: {Authorization: Bearer sk-1}\n` },
  { title: 'a cap and no price', codes: ['E_PRICE_UNKNOWN'], task: `${GOOD}max_cost: 1\n` },
  {
    title: 'a cap under one call with the shortest prompt',
    codes: ['E_CAP_TOO_SMALL'],
    task: `${GOOD}max_cost: 0.0005\nworker_max_tokens: 10\nprice: {input: 1, output: 1}\n`,
    seeds: `"${'long '.repeat(200)}"\n"${'longer '.repeat(200)}"\n`,
  },
  {
    title: 'a key that is not set',
    codes: ['E_KEY_MISSING'],
    task: `${GOOD}worker_api_key_env: NOT_SET\n`,
    exit: 5,
    byTemporal: { E_KEY_MISSING: AT_THE_HOST },
  },
  {
    title: 'a key with a line end in it',
    codes: ['E_KEY_FORMAT'],
    task: `${GOOD}worker_api_key_env: ODD_KEY\n`,
    exit: 5,
    byTemporal: { E_KEY_FORMAT: AT_THE_HOST },
  },
  {
    title: 'an answer longer than the window',
    codes: ['E_TASK_RANGE'],
    task: GOOD.replace(/worker_model.*\n.*\n/, 'worker_model: openai/gpt-4o-mini\nworker_max_tokens: 900000\n'),
  },
  { title: 'a file in place of the folder', codes: ['E_OUT_DIR'], task: `${GOOD}output_dir: there\n`, files: { there: 'x' } },
  {
    title: 'a folder in that of another run',
    codes: ['E_OUT_NESTED'],
    task: `${GOOD}output_dir: run/in\n`,
    files: { 'run/': '', 'run/.durable-swarm.json': '{}' },
  },
  {
    title: 'five faults at once',
    codes: ['E_OUT_DIR', 'E_TASK_RANGE', 'E_KEY_MISSING', 'E_SEED_TYPE', 'E_SEED_JSON'],
    task: 'prompt_template: "{{seed}}"\nworker_model: openai/gpt-4o-mini\nworker_api_key_env: NOT_SET\nworker_max_tokens: 900000\nmax_cost: 1\nseeds_file: seeds.jsonl\noutput_dir: there\n',
    seeds: '7\n{"a": \n',
    files: { there: 'x' },
    byTemporal: { E_KEY_MISSING: AT_THE_HOST },
  },
  {
    title: 'a folder with a run of another task',
    codes: ['E_OUT_MISMATCH'],
    task: `${GOOD.replace('{{seed}}', 'Tell {{seed}}')}output_dir: ../staged/out\n`,
    byCommand: { E_OUT_MISMATCH: AS_TYPED },
    byTemporal: { E_OUT_MISMATCH: ANOTHER_FOLDER },
  },
  {
    title: 'a folder with a run of other rows',
    codes: ['E_SEEDS_CHANGED'],
    task: `${GOOD}output_dir: ../staged/out\n`,
    seeds: '"one"\n"three"\n',
    byCommand: { E_SEEDS_CHANGED: /^for a new folder beside it: swarm run / },
    byTemporal: { E_SEEDS_CHANGED: ANOTHER_FOLDER },
  },
];

let home: SwarmHome;
let provider: Provider;
let client: Client;
let address: string;
const paths = new Map<string, string>();

beforeAll(async () => {
  home = await SwarmHome.create({ ODD_KEY: 'sk-a\nb', OPENAI_API_KEY: 'sk-long-enough-to-be-one' });
  provider = await home.provider();
  for (const { title, task, seeds = ROW, files = {} } of [
    ...TASKS,
    { title: 'staged', task: `${GOOD}output_dir: out\n` },
  ] as BadTask[]) {
    const dir = join(home.folder, title.replaceAll(' ', '-'));
    mkdirSync(dir);
    for (const [name, text] of Object.entries(files)) {
      if (name.endsWith('/')) mkdirSync(join(dir, name));
      else writeFileSync(join(dir, name), text);
    }
    paths.set(title, join(dir, 'task.yaml'));
    if (task !== null)
      writeFileSync(join(dir, 'task.yaml'), typeof task === 'string' ? task.replace('BASE', provider.url) : task);
    writeFileSync(join(dir, 'seeds.jsonl'), seeds);
  }
  // It stays, however long the other starters take.
  await home.run(['start']);
  await home.run(['run', pathOf('staged')]);
  provider.forget();
  const host = home.host();
  if (host === null) throw new Error('the host is gone');
  address = host.temporalAddress;
  const { namespace } = host;
  client = new Client({ connection: await Connection.connect({ address }), namespace });
});
afterAll(async () => {
  await client?.connection.close();
  await home?.close();
  await endHomes();
});

function pathOf(title: string): string {
  return paths.get(title) as string;
}

/** As told, with the paths as the command shows them: it works in the folder of the tasks. */
function shown({ problems, exitCode }: Refusal): Refusal {
  return { problems: JSON.parse(JSON.stringify(problems).replaceAll(`${home.folder}/`, '')) as Told[], exitCode };
}

async function byCommand(title: string): Promise<Refusal> {
  const { stdout, stderr, code } = await home.swarm(['run', pathOf(title), '--json']).ended;
  const line = stdout.split('\n').find((text) => text.startsWith('{"event":"error"'));
  if (line === undefined) throw new Error(`${title}: exit ${code}\n${stdout}\n${stderr}`);
  const { problems, exit_code } = JSON.parse(line) as { problems: Told[]; exit_code: number };
  expect(exit_code).toBe(code);
  return shown({ problems, exitCode: exit_code });
}

/** All tasks, one after the other, by a program. */
async function byLibrary(titles: readonly string[]): Promise<Map<string, Refusal>> {
  const program = join(home.folder, 'start-all.mjs');
  writeFileSync(
    program,
    `import { connect } from ${JSON.stringify(pathToFileURL(LIBRARY).href)};
const swarm = await connect();
const told = [];
for (const path of JSON.parse(process.argv[2]))
  told.push(await swarm.start(path).then(() => null, ({ problems, exitCode }) => ({ problems, exitCode })));
await swarm.close();
process.stdout.write(JSON.stringify(told));
`,
  );
  const { stdout, stderr } = await home.node([program, JSON.stringify(titles.map(pathOf))]).ended;
  const told = JSON.parse(stdout || 'null') as (Refusal | null)[] | null;
  return new Map(
    titles.map((title, at) => {
      const refusal = told?.[at];
      if (!refusal) throw new Error(`${title}: the library started it\n${stderr}`);
      return [title, shown(refusal)];
    }),
  );
}

async function byTemporal(title: string): Promise<Refusal> {
  const workflowId = title.replaceAll(' ', '-');
  const start = { taskQueue: MAIN_QUEUE, workflowId, args: [{ task: pathOf(title) }] };
  const error = await client.workflow.execute('swarmRun', start).catch((caught: unknown) => caught);
  if (!(error instanceof WorkflowFailedError)) throw new Error(`${title}: ${JSON.stringify(error)}`);
  // The workflow's failure is that of its first activity.
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause) cause = cause.cause;
  const [details] = (cause as { details: Refusal[] }).details;
  return shown(details as Refusal);
}

/** What is compared with the library's refusal: advice that is as in the table counts as the same. */
function likened(told: Refusal, library: Refusal, advice: Record<string, RegExp> = {}): Refusal {
  const problems = told.problems.map((problem, at) => {
    const asInTable = advice[problem.code]?.test(problem.fix ?? '') ?? false;
    const fix = asInTable ? library.problems[at]?.fix : problem.fix;
    return fix === undefined ? problem : { ...problem, fix };
  });
  return { ...told, problems };
}

it('thirty bad tasks by command, library and plain Temporal -> the same refusals, no call', async () => {
  const titles = TASKS.map(({ title }) => title);
  const library = byLibrary(titles);
  const temporal = Promise.all(titles.map(byTemporal));
  const command: Refusal[] = [];
  const left = [...titles.entries()];
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) command[next[0]] = await byCommand(next[1]);
  };
  await Promise.all([worker(), worker(), worker()]);
  const [inLibrary, overTemporal] = [await library, await temporal];
  const of = (title: string) => inLibrary.get(title) as Refusal;
  expect(titles.map((title) => ({ title, exit: of(title).exitCode, codes: of(title).problems.map(({ code }) => code) }))).toEqual(
    TASKS.map(({ title, codes, exit = 2 }) => ({ title, exit, codes })),
  );
  const expected = titles.map((title) => ({ title, ...of(title) }));
  const same = (told: readonly Refusal[], advice: 'byCommand' | 'byTemporal') =>
    TASKS.map((task, at) => ({ title: task.title, ...likened(told[at] as Refusal, of(task.title), task[advice]) }));
  expect(same(command, 'byCommand')).toEqual(expected);
  expect(same(overTemporal, 'byTemporal')).toEqual(expected);
  expect(TASKS.length).toBeGreaterThanOrEqual(30);
  expect(provider.calls()).toEqual([]);
});

it('the temporal program starts some of them -> it shows code, place, what was found and the advice', async () => {
  const { path } = await resolveTemporalBinary(await newConfig());
  const some = ['a misspelt key', 'an answer longer than the window', 'a key that is not set'];
  await Promise.all(
    some.map(async (title) => {
      const input = JSON.stringify({ task: pathOf(title) });
      const workflow = ['--task-queue', MAIN_QUEUE, '--type', 'swarmRun', '--workflow-id', `program ${title}`, '--input', input];
      const said = await new Promise<string>((resolve) => {
        const args = ['workflow', 'execute', ...workflow, '--address', address];
        execFile(path, args, { env: { HOME: home.folder } }, (_error, stdout, stderr) => resolve(stdout + stderr));
      });
      const { problems } = await byTemporal(title);
      for (const { code, found, fix } of problems) {
        expect(said).toContain(code);
        expect(said).toContain(found);
        expect(said).toContain(fix);
      }
    }),
  );
  expect(provider.calls()).toEqual([]);
});
