import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SwarmError } from '../../src/core/errors.js';
import { Clients } from '../../src/host/clients.js';
import { readJsonFile, writeJsonFile } from '../../src/host/json-file.js';
import { Keyring } from '../../src/host/keyring.js';
import { openHostLog } from '../../src/host/log.js';
import { freePorts, isListening, isPortFree } from '../../src/host/ports.js';
import { RotatingFile } from '../../src/host/rotating-file.js';
import { Startup, type StartupEnd } from '../../src/host/startup.js';
import { databaseFileName, serverArguments } from '../../src/host/temporal/settings.js';
import { endHomes, newFolder } from './host-support.js';

afterEach(async () => {
  vi.useRealTimers();
  await endHomes();
});

describe('Clients', () => {
  it('idleMs: grows while nobody needs the host, is 0 while attached or kept', () => {
    vi.useFakeTimers();
    const clients = new Clients();
    vi.advanceTimersByTime(100);
    expect(clients.idleMs()).toBe(100);
    const connection = {};
    clients.attach(connection, 'r');
    vi.advanceTimersByTime(100);
    expect(clients.idleMs()).toBe(0);
    clients.detach(connection, 'r');
    vi.advanceTimersByTime(50);
    expect(clients.idleMs()).toBe(50);
    clients.kept = true;
    expect(clients.idleMs()).toBe(0);
  });

  it('runs: two clients of one run -> named once, until the last has gone', () => {
    const clients = new Clients();
    const [one, two] = [{}, {}];
    clients.attach(one, 'b');
    clients.attach(two, 'b');
    clients.attach(two, 'a');
    clients.attach(two, null);
    expect(clients.runs).toEqual(['a', 'b']);
    clients.gone(two);
    expect(clients.runs).toEqual(['b']);
    clients.gone(one);
    expect(clients.count).toBe(0);
  });
});

describe('Startup', () => {
  const follow = (startup: Startup) => {
    const lines: string[] = [];
    const ends: StartupEnd['kind'][] = [];
    const stop = startup.follow({ onLine: (line) => lines.push(line), onEnd: (end) => ends.push(end.kind) });
    return { lines, ends, stop };
  };

  it('follow: a late follower gets the lines so far and the end once', () => {
    const startup = new Startup();
    startup.say('a');
    const late = follow(startup);
    const left = follow(startup);
    left.stop();
    startup.say('b');
    expect(startup.told).toBe(false);
    startup.finish({ kind: 'failed', error: new SwarmError({ code: 'E_X', found: 'x' }) });
    startup.finish({ kind: 'stopping' });
    expect(late).toMatchObject({ lines: ['a', 'b'], ends: ['failed'] });
    expect(left).toMatchObject({ lines: ['a'], ends: [] });
    expect(startup.told).toBe(true);
    expect(follow(startup)).toMatchObject({ lines: [], ends: ['failed'] });
  });

  it('finish: ready, then stopping -> new followers are told stopping', () => {
    const startup = new Startup();
    startup.finish({ kind: 'ready', info: {} as never, settings: {} as never });
    expect(follow(startup).ends).toEqual(['ready']);
    startup.finish({ kind: 'stopping' });
    expect(follow(startup).ends).toEqual(['stopping']);
  });
});

describe('Keyring', () => {
  it('get: a handed-over value counts before the environment, unknown -> undefined', () => {
    const keyring = new Keyring((name) => ({ A: 'from-environment' })[name]);
    expect(keyring.get('A')).toBe('from-environment');
    keyring.hand({ A: 'from-client' });
    expect(keyring.get('A')).toBe('from-client');
    expect(keyring.get('B')).toBeUndefined();
  });

  it('redact: plain, JSON, URL and base64 forms of every value seen', () => {
    const keyring = new Keyring((name) => (name === 'E' ? 'environment-key' : undefined));
    const odd = 'a"b/c d\\e';
    keyring.hand({ K: odd, SHORT: 'abc' });
    keyring.get('E');
    for (const form of [
      odd,
      JSON.stringify(odd),
      encodeURIComponent(odd),
      Buffer.from(odd).toString('base64'),
      'environment-key',
    ]) {
      expect(keyring.redact(`x ${form} y`)).not.toContain(form.replaceAll('"', '').slice(0, 8));
      expect(keyring.redact(`x ${form} y`)).toContain('[key]');
    }
    expect(keyring.redact('abc')).toBe('abc');
  });
});

describe('log files', () => {
  it('openHostLog: a key in a message or an error -> not in the file; mode 0600', () => {
    const path = join(newFolder(), 'host.log');
    const keyring = new Keyring(() => undefined);
    keyring.hand({ K: 'canary-12345' });
    const log = openHostLog(path, 'nonsense', keyring);
    log.info('started with canary-12345');
    log.error({ err: new Error('refused canary-12345') }, 'call failed');
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain('canary-12345');
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).msg),
    ).toEqual(['started with [key]', 'call failed']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('RotatingFile: full -> the old text is moved aside, one generation is kept', () => {
    const path = join(newFolder(), 'x.log');
    const file = new RotatingFile(path, 10);
    for (const text of ['first-line\n', 'second-line\n', 'third\n']) file.write(text);
    file.close();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('second-line\n');
    expect(readFileSync(path, 'utf8')).toBe('third\n');
  });
});

describe('json files', () => {
  it('writeJsonFile: read back, private, no leftovers; a torn file reads as null', () => {
    const path = join(newFolder(), 'x.json');
    writeJsonFile(path, { a: 1 });
    writeJsonFile(path, { a: 2 });
    expect(readJsonFile(path)).toEqual({ a: 2 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(existsSync(`${path}.${process.pid}.tmp`)).toBe(false);
    expect(readJsonFile(`${path}.none`)).toBeNull();
  });
});

describe('ports', () => {
  it('freePorts: different, free, and nobody listens', async () => {
    const ports = await freePorts(3);
    expect(new Set(ports).size).toBe(3);
    for (const port of ports) {
      expect(await isPortFree(port)).toBe(true);
      expect(await isListening(port)).toBe(false);
    }
  });
});

describe('server settings', () => {
  const ui = { address: '127.8.9.10', port: 2 };
  const args = serverArguments({ port: 1, ui, httpPort: 3, metricsPort: 4 }, 't.db');
  const valuesOf = (flag: string) => args.filter((_, index) => args[index - 1] === flag);

  it('serverArguments: loopback, one partition, quick task queues, allowed hosts', () => {
    expect(valuesOf('--ip')).toEqual(['127.0.0.1']);
    expect(valuesOf('--ui-ip')).toEqual(['127.8.9.10']);
    expect(valuesOf('--sqlite-pragma')).toEqual(['journal_mode=WAL', 'synchronous=NORMAL']);
    expect(valuesOf('--dynamic-config-value')).toEqual(
      expect.arrayContaining([
        'history.transferProcessorMaxPollRPS=2000',
        'history.timerProcessorMaxPollRPS=2000',
        'history.visibilityProcessorMaxPollRPS=2000',
        'matching.numTaskqueueReadPartitions=1',
        'matching.numTaskqueueWritePartitions=1',
        'frontend.httpAllowedHosts=["127.0.0.1:3","localhost:3"]',
      ]),
    );
  });

  it('serverArguments: no Web UI -> headless', () => {
    const without = serverArguments({ port: 1, ui: null, httpPort: 3, metricsPort: 4 }, 't.db');
    expect(without).toContain('--headless');
    expect(without.some((text) => text.startsWith('--ui'))).toBe(false);
  });

  it('databaseFileName: one file per server version', () => {
    expect(databaseFileName('1.31.2')).toBe('temporal-1.31.2.db');
    expect(databaseFileName('../1.32')).toBe('temporal-.._1.32.db');
  });
});
