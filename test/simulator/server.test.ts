import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { costOf, SIM_PRICE } from '../../src/core/money/price.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { startSimulator } from '../../src/simulator/server.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: SimulatorOptions) {
  const simulator = await startSimulator({ latency: { kind: 'fixed', value: 0 }, ...options });
  const agent = new Agent({ connections: 20 });
  let open = true;
  const close = async () => {
    if (open) await simulator.close();
    open = false;
  };
  cleanups.push(close, () => agent.destroy());
  async function chat(content: string, more: object = {}) {
    const body = JSON.stringify({ model: 'sim-small', messages: [{ role: 'user', content }], max_tokens: 200, ...more });
    const answer = await request(`${simulator.url}/chat/completions`, {
      method: 'POST',
      body,
      dispatcher: agent,
      bodyTimeout: 2000,
      headersTimeout: 2000,
    });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  }
  return { simulator, chat, close, agent };
}

function logFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-sim-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return join(folder, 'calls.jsonl');
}

interface Line {
  e: string;
  n: number;
  [key: string]: unknown;
}

function readLog(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('simulator', () => {
  it('chat: twice the same -> the same bytes, with or without /v1', async () => {
    const { chat, simulator, agent } = await start({});
    const first = await chat('hello');
    expect(first.status).toBe(200);
    expect((await chat('hello')).text).toBe(first.text);
    const body = JSON.stringify({ model: 'sim-small', messages: [{ role: 'user', content: 'hello' }], max_tokens: 200 });
    const bare = await request(`http://127.0.0.1:${simulator.port}/chat/completions`, {
      method: 'POST',
      body,
      dispatcher: agent,
    });
    expect(await bare.body.text()).toBe(first.text);
    const models = await request(`${simulator.url}/models`, { dispatcher: agent });
    expect(((await models.body.json()) as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual([
      'sim-small',
      'sim-large',
    ]);
    const lost = await request(`${simulator.url}/nothing`, { dispatcher: agent });
    expect([lost.statusCode, JSON.parse(await lost.body.text()).error.code]).toEqual([404, 'unknown_url']);
  });

  it('chat: wrong requests -> 400 and 404 with OpenAI errors', async () => {
    const { chat } = await start({ models: ['sim-small'], contextWindow: 300 });
    expect(JSON.parse((await chat('x', { model: 'gone' })).text).error.code).toBe('model_not_found');
    expect(JSON.parse((await chat('x'.repeat(1000))).text).error.code).toBe('context_length_exceeded');
    expect((await chat('x', { messages: [] })).status).toBe(400);
  });

  it('chat: stream -> events', async () => {
    const { chat } = await start({});
    const answer = await chat('hello', { stream: true });
    expect(answer.headers['content-type']).toBe('text/event-stream');
    expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('limits: over rpm -> 429 with headers and a wait; hidden -> without', async () => {
    const open = await start({ rpm: 60 });
    const first = await open.chat('a');
    expect(first.headers['x-ratelimit-limit-requests']).toBe('60');
    const second = await open.chat('b');
    expect(second.status).toBe(429);
    expect(Number(second.headers['retry-after-ms'])).toBeGreaterThan(500);
    expect(second.headers['retry-after']).toBe('1');
    const hidden = await start({ rpm: 60, hiddenLimits: true });
    await hidden.chat('a');
    const refused = await hidden.chat('b');
    expect([refused.status, refused.headers['retry-after'], refused.headers['x-ratelimit-limit-requests']]).toEqual([
      429,
      undefined,
      undefined,
    ]);
  });

  it('server: a wait that is named whatever the true one is -> on every refusal, also of hidden limits', async () => {
    const options = { hiddenLimits: true, namedWaitMs: 5_000, retryAfter: 'seconds' } as const;
    const rate = await start({ ...options, rpm: 60 });
    await rate.chat('a');
    const places = await start({ ...options, maxInFlight: 1, latency: { kind: 'fixed', value: 500 } });
    const first = places.chat('a');
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const refused of [await rate.chat('b'), await places.chat('b')])
      expect([refused.status, refused.headers['retry-after']]).toEqual([429, '5']);
    await first;
  });

  it('limits: more in flight than allowed -> 429; tokens that never fit -> 413', async () => {
    const few = await start({ maxInFlight: 2, latency: { kind: 'fixed', value: 100 } });
    const statuses = await Promise.all(['a', 'b', 'c', 'd'].map(async (text) => (await few.chat(text)).status));
    expect(statuses.sort()).toEqual([200, 200, 429, 429]);
    const small = await start({ tpm: 100 });
    expect((await small.chat('a')).status).toBe(413);
  });

  it('faults: what is refused, altered or broken -> arrives so', async () => {
    const { chat } = await start({});
    const fault = (name: string) => chat(`[[sim fault=${name}]]`);
    expect((await fault('503')).headers['retry-after']).toBe('1');
    expect((await fault('502')).text).toContain('<html>');
    expect(JSON.parse((await fault('credit_balance_exhausted')).text).error.code).toBe('credit_balance_exhausted');
    expect(JSON.parse((await fault('retry_info')).text).error.details[0].retryDelay).toBe('2s');
    expect(JSON.parse((await fault('filter')).text).choices[0].finish_reason).toBe('content_filter');
    expect(JSON.parse((await fault('length')).text).choices[0].finish_reason).toBe('length');
    expect(JSON.parse((await fault('empty')).text).choices).toEqual([]);
    expect(JSON.parse((await fault('no_usage')).text).usage).toBeUndefined();
    expect(JSON.parse((await fault('negative_usage')).text).usage.prompt_tokens).toBe(-7);
    expect(JSON.parse((await fault('other_model')).text).model).toBe('sim-small-next');
    expect(JSON.parse((await fault('error200')).text).error.code).toBe('provider_error');
    const malformed = await fault('malformed');
    expect(malformed.status).toBe(200);
    expect(() => JSON.parse(malformed.text)).toThrow();
    expect((await fault('html')).headers['content-type']).toBe('text/html');
    const blanks = await fault('blanks');
    expect(blanks.text.startsWith('\n\n\n')).toBe(true);
    expect(JSON.parse(blanks.text).choices).toHaveLength(1);
    await expect(fault('reset')).rejects.toThrow();
    await expect(fault('truncated')).rejects.toThrow();
    await expect(fault('hang')).rejects.toThrow(/Timeout/);
    expect((await fault('gzip_bomb')).headers['content-encoding']).toBe('gzip');
  });

  it('faults: the first two attempts ordered -> the third is answered', async () => {
    const { chat } = await start({});
    const statuses: number[] = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await chat('row [[sim fault=500*2]]')).status);
    expect(statuses).toEqual([500, 500, 200]);
  });

  it('faults: shares -> the same calls fail in every run', async () => {
    const pattern = async () => {
      const { chat } = await start({ faults: [{ name: '500', share: 0.5 }] });
      const statuses: number[] = [];
      for (let i = 0; i < 40; i += 1) statuses.push((await chat(`row ${i % 20}`)).status);
      return statuses;
    };
    const first = await pattern();
    expect(new Set(first)).toEqual(new Set([200, 500]));
    expect(await pattern()).toEqual(first);
    expect(first.slice(0, 20)).not.toEqual(first.slice(20));
  });

  it('outage: inside the window -> reset and not billed; outside -> answered', async () => {
    const { chat, simulator } = await start({ outages: [{ forMs: 300_000, afterMs: 0 }] });
    await expect(chat('a')).rejects.toThrow();
    expect(simulator.stats()).toMatchObject({ calls: 0, billed: 0, reset: 1 });
    const later = await start({ outages: [{ forMs: 1000, afterMs: 300_000 }] });
    expect((await later.chat('a')).status).toBe(200);
  });

  it('storm: inside the window -> 429 with a wait, whatever the limits; outside -> answered', async () => {
    const { chat } = await start({ storms: [{ forMs: 300_000, afterMs: 0 }], hiddenLimits: true });
    const refused = await chat('a');
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    const later = await start({ storms: [{ forMs: 1000, afterMs: 300_000 }] });
    expect((await later.chat('a')).status).toBe(200);
  });

  it('port: taken -> E_PORT_BUSY, exit 4', async () => {
    const { simulator } = await start({});
    await expect(startSimulator({ port: simulator.port })).rejects.toMatchObject({ code: 'E_PORT_BUSY', exitCode: 4 });
    await expect(startSimulator({ log: join(tmpdir(), 'no-such-folder', 'log') })).rejects.toMatchObject({
      code: 'E_SIM_LOG',
      exitCode: 7,
    });
  });
});

describe('billing log', () => {
  it('log: answered, refused and broken calls -> what is billed adds up with the stats', async () => {
    const path = logFile();
    const { chat, simulator, close } = await start({ log: path });
    const answer = JSON.parse((await chat('a')).text);
    await chat('[[sim fault=429]]');
    await chat('[[sim fault=500]]');
    await chat('[[sim fault=reset]]').catch(() => {});
    await chat('x', { messages: [] });
    const stats = simulator.stats();
    await close();
    const lines = readLog(path);
    const calls = lines.filter(({ e }) => e === 'call');
    expect(calls.map(({ n, status, billed, fault }) => [n, status, billed, fault])).toEqual([
      [1, 200, true, null],
      [2, 429, false, '429'],
      [3, 500, false, '500'],
      [4, 0, true, 'reset'],
      [5, 400, false, null],
    ]);
    const { prompt_tokens: input, completion_tokens: output } = answer.usage;
    expect(calls[0]).toMatchObject({ prompt_tokens: input, completion_tokens: output, turn: 1, model: 'sim-small' });
    expect(calls[0]?.['cost_nano']).toBe(costOf(SIM_PRICE, { input, cached: 0, output }));
    expect(calls.reduce((sum, line) => sum + Number(line['cost_nano']), 0)).toBe(stats.costNano);
    expect(stats).toMatchObject({ calls: 5, billed: 2, refused: 3, inFlight: 0 });
    expect(lines.filter(({ e }) => e === 'end').map(({ n, end }) => [n, end])).toEqual([
      [1, 'sent'],
      [2, 'sent'],
      [3, 'sent'],
      [4, 'cut'],
      [5, 'sent'],
    ]);
  });

  it('log: clients killed with calls under way -> all billed, in order, ended as gone', async () => {
    const path = logFile();
    const { simulator, close } = await start({ log: path, latency: { kind: 'fixed', value: 30_000 } });
    const code = `for (let i = 0; i < 8; i++) fetch('${simulator.url}/chat/completions', { method: 'POST',
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'row ' + i }] }) });`;
    const client = spawn(process.execPath, ['-e', code], { stdio: 'ignore' });
    cleanups.push(() => client.kill('SIGKILL'));
    while (simulator.stats().inFlight < 8) await new Promise((resolve) => setTimeout(resolve, 5));
    client.kill('SIGKILL');
    while (simulator.stats().inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(simulator.stats()).toMatchObject({ billed: 8, gone: 8 });
    await close();
    const lines = readLog(path);
    expect(lines.filter(({ e, billed }) => e === 'call' && billed).map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(lines.filter(({ e, end }) => e === 'end' && end === 'gone')).toHaveLength(8);
    expect(new Set(lines.filter(({ e }) => e === 'call').map(({ row }) => row)).size).toBe(8);
  });

  it('log: two thousand calls at once -> one line each, numbers in order', async () => {
    const path = logFile();
    const { chat, close } = await start({ log: path });
    await Promise.all(Array.from({ length: 2000 }, (_, i) => chat(`row ${i}`)));
    await close();
    const numbers = readLog(path)
      .filter(({ e }) => e === 'call')
      .map(({ n }) => n);
    expect(numbers).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
  });
});
