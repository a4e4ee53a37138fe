import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findOrStartHost } from '../../src/client/host/process.js';
import { hostEnvironment, loadConfig, plainEnvironment, temporalEnvironment } from '../../src/config.js';
import { ensureHome } from '../../src/home.js';
import { freePorts } from '../../src/host/ports.js';
import { resolveTemporalBinary } from '../../src/host/temporal/binary.js';
import { TemporalServer } from '../../src/host/temporal/server.js';
import { clusterConnectionSettings, connectTemporal, unanswered } from '../../src/temporal-connection.js';
import { endHomes, FIXTURE, newConfig, newFolder } from './host-support.js';

afterEach(async () => {
  delete process.env['TEMPORAL_ADDRESS'];
  await endHomes();
});

describe('clusterConnectionSettings', () => {
  it('variables -> address, namespace, key, TLS', () => {
    const env = {
      TEMPORAL_ADDRESS: 'cluster:7233',
      TEMPORAL_NAMESPACE: 'team',
      TEMPORAL_API_KEY: 'k',
      TEMPORAL_TLS: 'true',
      HOME: '/none',
    };
    expect(clusterConnectionSettings(env)).toMatchObject({
      address: 'cluster:7233',
      namespace: 'team',
      apiKey: 'k',
      tls: expect.anything(),
    });
    expect(clusterConnectionSettings({ HOME: '/none' })).toEqual({ address: 'localhost:7233', namespace: 'default' });
  });

  it('a profile of temporal.toml -> its values; a missing one -> E_TEMPORAL_CONFIG', () => {
    const file = join(newFolder(), 'temporal.toml');
    writeFileSync(file, '[profile.prod]\naddress = "prod:7233"\nnamespace = "p"\n');
    const env = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'prod' };
    expect(clusterConnectionSettings(env)).toMatchObject({ address: 'prod:7233', namespace: 'p' });
    expect(() => clusterConnectionSettings({ ...env, TEMPORAL_PROFILE: 'none' })).toThrow(/E_TEMPORAL_CONFIG/);
  });
});

describe('connectTemporal', () => {
  it('nothing listens, or it never answers -> E_TEMPORAL_UNREACHABLE in time, with what to do', async () => {
    const [port] = (await freePorts(1)) as [number];
    const refused = connectTemporal({ address: `127.0.0.1:${port}`, namespace: 'default' });
    await expect(refused).rejects.toMatchObject({ code: 'E_TEMPORAL_UNREACHABLE', exitCode: 4 });
    const mute = createServer(() => undefined);
    await new Promise<void>((resolve) => mute.listen(port, '127.0.0.1', resolve));
    const started = Date.now();
    await expect(connectTemporal({ address: `127.0.0.1:${port}`, namespace: 'default' })).rejects.toThrow(/TEMPORAL_ADDRESS/);
    expect(Date.now() - started).toBeLessThan(10_000);
    mute.close();
  });
});

describe('a host with an existing cluster', () => {
  it('TEMPORAL_ADDRESS of a live server -> used, none spawned; an unknown namespace or a dead address -> exit 4', async () => {
    const clusterConfig = await newConfig();
    const binary = await resolveTemporalBinary(clusterConfig);
    const cluster = await TemporalServer.start({
      config: clusterConfig,
      paths: ensureHome(clusterConfig.home),
      binary,
      onProgress: () => undefined,
    });
    try {
      process.env['TEMPORAL_ADDRESS'] = cluster.address;
      const config = await newConfig({ externalTemporal: true });
      const info = await findOrStartHost(config, { command: FIXTURE });
      expect(info).toMatchObject({ temporalAddress: cluster.address, uiUrl: null });
      const elsewhere = connectTemporal({ address: cluster.address, namespace: 'none' });
      await expect(elsewhere).rejects.toMatchObject({ code: 'E_TEMPORAL_UNREACHABLE' });
    } finally {
      await cluster.stop();
    }
    const [port] = (await freePorts(1)) as [number];
    process.env['TEMPORAL_ADDRESS'] = `127.0.0.1:${port}`;
    const starting = findOrStartHost(await newConfig({ externalTemporal: true }), { command: FIXTURE });
    await expect(starting).rejects.toMatchObject({ code: 'E_TEMPORAL_UNREACHABLE', exitCode: 4 });
  });
});

describe('environments', () => {
  it('hostEnvironment: a changed configuration -> the host loads the same', () => {
    const config = {
      ...loadConfig({}, '/work'),
      home: '/h',
      temporalPort: 17_000,
      idleMs: 5,
      taskRoots: ['/a', '/b'],
      temporalBin: '/t',
      databaseUrl: 'postgres://x',
    };
    expect(loadConfig(hostEnvironment(config, {}), '/elsewhere')).toEqual({ ...config, cacheDir: loadConfig({}).cacheDir });
  });

  it('plainEnvironment, temporalEnvironment: keys of models are left out', () => {
    const env = { PATH: '/bin', OPENAI_API_KEY: 'secret', TEMPORAL_ADDRESS: 'a:1', HOME: '/u', TEMPORAL_API_KEY: 't' };
    expect(plainEnvironment(env)).toEqual({ PATH: '/bin', HOME: '/u' });
    expect(temporalEnvironment(env)).toEqual({ TEMPORAL_ADDRESS: 'a:1', HOME: '/u', TEMPORAL_API_KEY: 't' });
  });
});

describe('unanswered', () => {
  const settings = { address: 'cluster:7233', namespace: 'team' };
  const fault = (code: number) => Object.assign(new Error('said'), { code, details: 'no connection', metadata: {} });

  it.each([
    ['the connection was closed', 1],
    ['no answer in time', 4],
    ['nobody is there', 14],
  ])("%s -> E_TEMPORAL_UNREACHABLE with the address, exit 4, also as the cause of the SDK's error", (_, code) => {
    for (const error of [fault(code), new Error('Failed to describe', { cause: fault(code) })]) {
      const told = unanswered(settings, error);
      expect(told).toMatchObject({ exitCode: 4, problems: [{ code: 'E_TEMPORAL_UNREACHABLE' }] });
      expect(told?.message).toContain('cluster:7233 (namespace team): no connection');
    }
  });

  it('an answer that refuses, our own mistake -> null', () => {
    expect(unanswered(settings, fault(5))).toBeNull();
    expect(unanswered(settings, new Error('said', { cause: fault(3) }))).toBeNull();
    expect(unanswered(settings, new TypeError('x is not a function'))).toBeNull();
  });
});
