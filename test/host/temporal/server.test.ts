import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config.js';
import { ensureHome } from '../../../src/home.js';
import { isListening, LOOPBACK } from '../../../src/host/ports.js';
import { resolveTemporalBinary } from '../../../src/host/temporal/binary.js';
import { TemporalServer } from '../../../src/host/temporal/server.js';
import { SEARCH_ATTRIBUTES } from '../../../src/host/temporal/settings.js';
import { connectTemporal } from '../../../src/temporal-connection.js';
import { endHomes, isAlive, newConfig, until } from '../host-support.js';

/** Only what never happens reaches it. */
const PATIENCE_MS = 60_000;
const servers: TemporalServer[] = [];
const listeners: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  for (const listener of listeners.splice(0)) listener.close();
  await endHomes();
});

async function startServer(config: Config, lines: string[] = []): Promise<TemporalServer> {
  const binary = await resolveTemporalBinary(config);
  const server = await TemporalServer.start({
    config,
    paths: ensureHome(config.home),
    binary,
    onProgress: (line) => lines.push(line),
  });
  servers.push(server);
  return server;
}

async function stop(server: TemporalServer): Promise<void> {
  servers.splice(servers.indexOf(server), 1);
  await server.stop();
}

async function take(port: number): Promise<void> {
  const listener = createServer();
  listeners.push(listener);
  await new Promise<void>((resolve) => listener.listen(port, LOOPBACK, resolve));
}

const keyOf = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

describe('TemporalServer', () => {
  it('start -> the namespace keeps 72 h and takes our search attributes at once', async () => {
    const server = await startServer(await newConfig());
    const connection = await connectTemporal({ address: server.address, namespace: server.namespace });
    try {
      const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(72 * 3600);
      const client = new Client({ connection });
      const pairs = SEARCH_ATTRIBUTES.map((name) => ({ key: keyOf(name), value: name }));
      await client.workflow.start('nobody', {
        taskQueue: 'none',
        workflowId: 'w',
        typedSearchAttributes: new TypedSearchAttributes(pairs),
      });
      const described = await client.workflow.getHandle('w').describe();
      expect(described.typedSearchAttributes.get(keyOf('SwarmPhase'))).toBe('SwarmPhase');
    } finally {
      await connection.close();
    }
  });

  it('a home whose path has signs of URLs -> its database is in it, and is found again', async () => {
    const config = await newConfig();
    const home = join(config.home, 'a#b?mode=memory&c%41 d');
    const first = await startServer({ ...config, home });
    const connection = await connectTemporal({ address: first.address, namespace: 'default' });
    await new Client({ connection }).workflow.start('nobody', { taskQueue: 'none', workflowId: 'kept' });
    await connection.close();
    await stop(first);
    expect(readdirSync(home).some((name) => /^temporal-[\d.]+\.db$/.test(name))).toBe(true);
    expect(readdirSync(config.home)).toEqual([basename(home)]);
    const second = await startServer({ ...config, home });
    const again = await connectTemporal({ address: second.address, namespace: 'default' });
    const described = await new Client({ connection: again }).workflow.getHandle('kept').describe();
    await again.close();
    expect(described.status.name).toBe('RUNNING');
  });

  it('a taken port -> the next free one, said and remembered for the next start', async () => {
    const config = await newConfig();
    await take(config.temporalPort);
    const lines: string[] = [];
    const first = await startServer(config, lines);
    expect(first.address).not.toBe(`${LOOPBACK}:${config.temporalPort}`);
    expect(lines.join('\n')).toContain(`port ${config.temporalPort} or its UI port is taken`);
    await stop(first);
    for (const listener of listeners.splice(0)) listener.close();
    expect((await startServer(config)).address).toBe(first.address);
  });

  it('a taken UI port -> another pair', async () => {
    const config = await newConfig();
    await take(config.temporalPort + 1000);
    const server = await startServer(config);
    expect(server.uiUrl).not.toBe(`http://${LOOPBACK}:${config.temporalPort + 1000}`);
    expect((await fetch(server.uiUrl ?? '')).status).toBe(200);
  });

  it('killed -> back on the same port with its data, with another pid', async () => {
    const lines: string[] = [];
    const server = await startServer(await newConfig(), lines);
    const connection = await Connection.connect({ address: server.address });
    try {
      const client = new Client({ connection });
      await client.workflow.start('nobody', { taskQueue: 'none', workflowId: 'kept' });
      const killed = server.pid as number;
      process.kill(killed, 'SIGKILL');
      await until('the server is back', () => lines.some((line) => line.includes('is back at')), PATIENCE_MS);
      expect(server.pid).not.toBe(killed);
      expect(server.restarts).toBe(1);
      await until(
        'the workflow is there',
        async () => (await client.workflow.getHandle('kept').describe()).status.name === 'RUNNING',
      );
    } finally {
      await connection.close();
    }
  });

  it('killed, and its port is taken for a moment -> waits for it, back on the same port', async () => {
    const lines: string[] = [];
    const server = await startServer(await newConfig(), lines);
    const port = Number(server.address.split(':')[1]);
    process.kill(server.pid as number, 'SIGKILL');
    await until('it is down', () => server.pid === null);
    await take(port);
    await until('the wait is told', () => lines.some((line) => line.includes('not free yet')), PATIENCE_MS);
    for (const listener of listeners.splice(0)) listener.close();
    await until('the server is back', () => lines.some((line) => line.includes('is back at')), PATIENCE_MS);
    expect(server.restarts).toBe(1);
    expect(await isListening(port)).toBe(true);
  }, 90_000);

  it('it starts no more -> gives up after ten tries with E_TEMPORAL_START and its last lines', async () => {
    const config = await newConfig();
    const paths = ensureHome(config.home);
    const { path, serverVersion } = await resolveTemporalBinary(config);
    // The real server until it is told otherwise.
    const script = join(config.home, 'server.sh');
    writeFileSync(script, `#!/bin/sh\nif [ -e broken ]; then echo "no more"; exit 3; fi\nexec "${path}" "$@"\n`, { mode: 0o755 });
    const binary = { path: script, serverVersion };
    const server = await TemporalServer.start({ config, paths, binary, onProgress: () => undefined });
    servers.push(server);
    writeFileSync(join(config.home, 'broken'), '');
    process.kill(server.pid as number, 'SIGKILL');
    const error = await server.gaveUp;
    expect(error).toMatchObject({ code: 'E_TEMPORAL_START', exitCode: 4 });
    expect(error.message).toContain('10 times in a row');
    expect(error.message).toContain('no more');
    expect(server.restarts).toBe(10);
  }, 90_000);

  it('a server left behind by a killed host and leash -> ended before the database is opened again', async () => {
    // The guard of the Web UI would end with the host, which here is this process.
    const config = await newConfig({ webUi: null });
    const first = await startServer(config);
    const left = first.pid as number;
    const leash = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${left}/status`, 'utf8'))?.[1]);
    // Stopped, it is what a killed leash leaves: a server that nobody watches.
    process.kill(leash, 'SIGSTOP');
    const lines: string[] = [];
    const second = await startServer(config, lines);
    expect(lines.join('\n')).toContain(`ended a Temporal server (pid ${left})`);
    expect(isAlive(left)).toBe(false);
    expect(second.address).toBe(first.address);
    servers.splice(servers.indexOf(first), 1);
    const stopping = first.stop();
    process.kill(leash, 'SIGCONT');
    await stopping;
  });

  it('a binary that is no server -> E_TEMPORAL_START with its last lines', async () => {
    const config = await newConfig();
    const starting = TemporalServer.start({
      config,
      paths: ensureHome(config.home),
      binary: { path: '/bin/echo', serverVersion: '1.31.2' },
      onProgress: () => undefined,
    });
    await expect(starting).rejects.toMatchObject({ code: 'E_TEMPORAL_START', exitCode: 4 });
  });
});
