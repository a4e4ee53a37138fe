/**
 * What another user of this machine can do by plain Temporal: no key arrives anywhere else, no task but the user's own is taken, no cap is
 * raised. As root the other user is a real one; else the same commands come from this one.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, constants, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveTemporalBinary } from '../../src/host/temporal/binary.js';
import { endHomes, newConfig } from '../host/host-support.js';
import { type Provider, SIM_TASK_PRICE } from '../support/provider.js';
import { SwarmHome } from '../support/swarm-home.js';

const root = process.getuid?.() === 0;
/** `nobody` on most systems; no account is needed. */
const OTHER = 65_534;
const KEYS = {
  AWS_SECRET_ACCESS_KEY: 'canary-aws-55f1c0',
  OPENAI_API_KEY: 'sk-canary-openai-8801',
  OTHER_GATEWAY_KEY: 'canary-gw-1277',
};

let home: SwarmHome;
let provider: Provider;
let theirs: Server;
/** Authorization of each request that came to the other user's server. */
let arrived: string[];
let base: string;
let tools: string;
let binary: string;
let started = 0;

beforeAll(async () => {
  tools = mkdtempSync(join(tmpdir(), 'swarm-other-user-'));
  chmodSync(tools, 0o755);
  binary = join(tools, 'temporal');
  copyFileSync((await resolveTemporalBinary(await newConfig())).path, binary, constants.COPYFILE_FICLONE);
  chmodSync(binary, 0o755);
  arrived = [];
  theirs = createServer((request, response) => {
    arrived.push(String(request.headers.authorization ?? 'none'));
    request.resume().on('end', () => {
      const message = { role: 'assistant', content: 'here' };
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'x',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage,
        }),
      );
    });
  });
  await new Promise<void>((resolve) => theirs.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(theirs.address() as AddressInfo).port}/v1`;
  home = await SwarmHome.create(KEYS);
  provider = await home.provider(['--latency', '400']);
  await home.run(['start']);
});
afterAll(async () => {
  theirs?.close();
  await home?.close();
  await endHomes();
  rmSync(tools, { recursive: true, force: true });
});

/** The temporal CLI, as another user and without anything of the home. */
async function other(...args: string[]): Promise<{ code: number | null; said: string }> {
  const address = home.host()?.temporalAddress ?? '';
  const child = spawn(binary, [...args, '--address', address], {
    cwd: tools,
    env: { PATH: process.env['PATH'], HOME: tools },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(root ? { uid: OTHER, gid: OTHER } : {}),
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}

function execute(input: object): Promise<{ code: number | null; said: string }> {
  started += 1;
  const workflow = ['--task-queue', 'durable-swarm', '--type', 'swarmRun', '--workflow-id', `theirs-${started}`];
  return other('workflow', 'execute', ...workflow, '--input', JSON.stringify(input));
}

const PRICED = { worker_model: 'any-model', price: SIM_TASK_PRICE };

describe('with no variable set', () => {
  it('foreign bases, keys and models -> refused at once, with the variable that allows it; no key arrives', async () => {
    const prompts = ['x'];
    const inputs: [object, string][] = [
      [{ prompts, model: 'm', apiBase: base, apiKeyEnv: 'AWS_SECRET_ACCESS_KEY' }, 'SWARM_TEMPORAL_MODELS'],
      [{ prompts, model: 'openai/gpt-4o-mini', apiBase: base }, 'SWARM_TEMPORAL_MODELS'],
      [{ prompts, model: 'sim/quick', apiBase: base, apiKeyEnv: 'OPENAI_API_KEY' }, 'SWARM_TEMPORAL_BASES'],
      [{ prompts, model: 'openai/gpt-4o-mini' }, 'SWARM_TEMPORAL_MODELS'],
    ];
    for (const [input, variable] of inputs) {
      const { code, said } = await execute(input);
      expect(code, said).not.toBe(0);
      expect(said).toContain('E_INPUT_REFUSED');
      expect(said).toContain(variable);
    }
    expect(arrived).toEqual([]);
  });

  it('bad shapes -> refused at once; prompts for the simulated provider -> done', async () => {
    expect((await execute([])).said).toContain('E_RUN_INPUT');
    expect((await execute({ prompts: ['x'], headers: {} })).said).toContain('E_RUN_INPUT');
    const good = await execute({ prompts: ['one', 'two'] });
    expect(good.said).toContain('"state":"completed"');
    expect(good.code).toBe(0);
  });

  it('a task file of the user -> done as typed; one that anybody may write, or of another user -> E_TASK_OWNER', async () => {
    const files = home.task('mine', { ...PRICED, worker_api_base: provider.url }, ['a', 'b']);
    expect(await execute({ task: files.path })).toMatchObject({ code: 0 });
    expect(files.out.ok()).toHaveLength(2);
    const open = home.task('open', { ...PRICED, worker_api_base: base, worker_api_key_env: 'AWS_SECRET_ACCESS_KEY' }, ['a']);
    chmodSync(open.path, 0o666);
    expect((await execute({ task: open.path })).said).toContain('E_TASK_OWNER');
    chmodSync(open.path, 0o644);
    if (root) {
      chownSync(open.path, OTHER, OTHER);
      expect((await execute({ task: open.path })).said).toContain('E_TASK_OWNER');
    }
    expect(arrived).toEqual([]);
  });

  it('an Update that raises or lifts a cap -> refused; one that lowers it holds; swarm resize raises it', async () => {
    const files = home.task(
      'capped',
      { ...PRICED, worker_api_base: provider.url, workers: 1, max_cost: 0.5 },
      Array.from({ length: 60 }, (_, row) => `row ${row}`),
    );
    const program = home.swarm(['run', files.path, '--json']);
    const run = await home.runId(program);
    const update = (size: object) =>
      other('workflow', 'update', 'execute', '--workflow-id', `${run}/e1`, '--name', 'resize', '--input', JSON.stringify(size));
    for (const size of [{ maxCost: 5 }, { maxCost: null }, { concurrency: 1, maxCost: 0.6 }]) {
      const { code, said } = await update(size);
      expect(code, said).not.toBe(0);
      expect(said).toMatch(/may not raise it|not take it away/);
    }
    expect((await home.status(run)).max_cost_usd).toBe(0.5);
    expect(await update({ maxCost: 0.25 })).toMatchObject({ code: 0 });
    expect((await home.status(run)).max_cost_usd).toBe(0.25);
    await home.run(['resize', run, '--max-cost', '2', '--concurrency', '4']);
    expect(await home.status(run)).toMatchObject({ max_cost_usd: 2, concurrency: 4 });
    await home.run(['cancel', run]);
    await program.ended;
  });
});

describe('with a base and a key on the lists', () => {
  it('its own key goes there, that of a known provider never', async () => {
    await home.run(['stop']);
    const lists = {
      SWARM_TEMPORAL_MODELS: '*',
      SWARM_TEMPORAL_BASES: base,
      SWARM_TEMPORAL_KEYS: 'OTHER_GATEWAY_KEY',
      SWARM_TEMPORAL_MAX_COST: '0.01',
    };
    await home.run(['start'], 0, lists);
    const prompts = ['x'];
    expect((await execute({ prompts, model: 'm', apiBase: base, apiKeyEnv: 'AWS_SECRET_ACCESS_KEY' })).said).toContain(
      'SWARM_TEMPORAL_KEYS',
    );
    expect((await execute({ prompts, model: 'openai/m', apiBase: base })).said).toContain('OPENAI_API_KEY may not be sent to');
    expect((await execute({ prompts, model: 'm', apiBase: base })).code).toBe(0);
    // Its price is not known, so no cap could hold.
    expect((await execute({ prompts, model: 'm', apiBase: base, apiKeyEnv: 'OTHER_GATEWAY_KEY' })).said).toContain(
      'E_PRICE_UNKNOWN',
    );
    const priced = { prompts, model: 'gpt-4o-mini', apiBase: base, apiKeyEnv: 'OTHER_GATEWAY_KEY' };
    expect((await execute(priced)).said).toMatch(/"state":"completed"|E_PRICE_UNKNOWN/);
    expect(arrived.filter((key) => key.includes(KEYS.AWS_SECRET_ACCESS_KEY) || key.includes(KEYS.OPENAI_API_KEY))).toEqual([]);
  });
});
