/** Prompts and answers stay out of the workflow histories; API keys stay out of everything. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isAlive } from '../host/host-support.js';
import type { Provider } from '../support/provider.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const KEY_NAME = 'CANARY_PROVIDER_KEY';
const KEY = 'sk-canary-4f9d7c21aa90b3e8';
const PROMPT = 'canary-prompt-77ab';
const seeds = Array.from({ length: 20 }, (_, index) => `${PROMPT} row ${index}`);

let home: SwarmHome;
let provider: Provider;
/** Refuses each row with a message that repeats the key, as some providers do. */
let talkative: Server;
let seenKeys: string[];
let answers: string[];
const runs: string[] = [];

beforeAll(async () => {
  home = await SwarmHome.create();
  provider = await home.provider(['--latency', '150']);
  seenKeys = [];
  talkative = createServer((request, response) => {
    const sent = String(request.headers.authorization);
    seenKeys.push(sent);
    request.resume().on('end', () => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `bad input for ${sent} (${KEY})`, code: 'bad_input' } }));
    });
  });
  await new Promise<void>((resolve) => talkative.listen(0, '127.0.0.1', resolve));

  // The host is started by a process that has no key: runs hand it over.
  await home.run(['start']);
  answers = [];
  for (const [name, slice] of [
    ['seeds', 1],
    ['slices', 10],
  ] as const) {
    const files = home.task(name, { ...keys(provider.url), batch_size: slice, workers: 8 }, seeds);
    const program = home.swarm(['run', files.path, '--json'], { [KEY_NAME]: KEY });
    await provider.untilBilled(1);
    expect(commandLines().filter((line) => line.includes(KEY))).toEqual([]);
    const ended = await program.ended;
    expect(endEvent(ended)).toMatchObject({ state: 'completed', ok: seeds.length });
    runs.push(endEvent(ended).run);
    answers.push(...files.out.ok().map(({ output }) => String(output)));
    provider.forget();
  }
});
afterAll(async () => {
  talkative?.close();
  await home?.close();
});

function keys(url: string) {
  return { worker_model: 'm', worker_api_base: url, worker_api_key_env: KEY_NAME };
}

/** Command lines of all processes of this machine that can be read. */
function commandLines(): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readIfThere(`/proc/${pid}/cmdline`).toString('latin1'));
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

/** All files of the home and of the tasks: databases with their logs, our logs, outputs. Not the provider's own book. */
function files(): { path: string; bytes: Buffer }[] {
  return readdirSync(home.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('provider-'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, bytes: readFileSync(path) }));
}

function holding(text: string, among = files()): string[] {
  return among.filter(({ bytes }) => bytes.includes(text)).map(({ path }) => path.slice(home.folder.length));
}

/** All bytes of a value as Temporal's client decodes it. */
function flatten(value: unknown, into: Buffer[] = []): Buffer[] {
  if (value instanceof Uint8Array) into.push(Buffer.from(value));
  else if (typeof value === 'string') into.push(Buffer.from(value));
  else if (value !== null && typeof value === 'object') for (const part of Object.values(value)) flatten(part, into);
  return into;
}

async function histories(): Promise<{ id: string; bytes: Buffer }[]> {
  const connection = await Connection.connect({ address: home.host()?.temporalAddress ?? '' });
  try {
    const client = new Client({ connection });
    const found: { id: string; bytes: Buffer }[] = [];
    for await (const { workflowId, runId, searchAttributes, memo } of client.workflow.list()) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      found.push({ id: workflowId, bytes: Buffer.concat(flatten([history.events, searchAttributes, memo])) });
    }
    return found;
  } finally {
    await connection.close();
  }
}

it('histories of all workflows, and the database they are in -> no prompt, no answer, no key', async () => {
  const all = await histories();
  expect(all.length).toBeGreaterThan(seeds.length);
  // The search sees into histories: the ids of the runs are there.
  for (const run of runs) expect(all.some(({ bytes }) => bytes.includes(run))).toBe(true);
  const databases = files().filter(({ path }) => /temporal-.*\.db/.test(path));
  expect(databases.some(({ bytes }) => runs.every((run) => bytes.includes(run)))).toBe(true);
  expect(answers).toHaveLength(2 * seeds.length);
  for (const secret of [PROMPT, KEY, ...answers]) {
    expect(all.filter(({ bytes }) => bytes.includes(secret)).map(({ id }) => id)).toEqual([]);
    expect(holding(secret, databases)).toEqual([]);
  }
});

it('logs of host and server -> no prompt, no answer', () => {
  const logs = files().filter(({ path }) => path.endsWith('.log'));
  expect(logs.length).toBeGreaterThan(1);
  for (const secret of [PROMPT, ...answers]) expect(holding(secret, logs)).toEqual([]);
});

it('a key that only the starter has -> the calls have it; no file, no command line and no environment of the host has', async () => {
  const pid = home.hostPid();
  expect(isAlive(pid)).toBe(true);
  expect(readIfThere(`/proc/${pid}/environ`).includes('SWARM_HOME')).toBe(true);
  expect(readIfThere(`/proc/${pid}/environ`).includes(KEY)).toBe(false);
  // The prompt is where it belongs, so the search finds what is there.
  expect(holding(PROMPT).some((path) => path.startsWith('/home/store.db'))).toBe(true);
  for (const form of [KEY, Buffer.from(KEY).toString('base64')]) expect(holding(form)).toEqual([]);
});

it('a provider that repeats the key in its refusals -> failed rows without the key, nowhere else either', async () => {
  const base = `http://127.0.0.1:${(talkative.address() as AddressInfo).port}/v1`;
  const ok = home.task('talkative', keys(base), seeds.slice(0, 3));
  const ended = await home.swarm(['run', ok.path, '--json'], { [KEY_NAME]: KEY }).ended;
  expect(seenKeys[0]).toBe(`Bearer ${KEY}`);
  expect(ended.code).not.toBe(0);
  expect(ended.stdout + ended.stderr).toContain('bad input for');
  expect(ended.stdout + ended.stderr).not.toContain(KEY);
  expect(holding(KEY)).toEqual([]);
  for (const { bytes } of await histories()) expect(bytes.includes(KEY)).toBe(false);
});
