import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HostConnection } from '../../src/client/host/connection.js';
import { connectToHost, findOrStartHost, hostStatus, stopHost } from '../../src/client/host/process.js';
import type { SwarmError } from '../../src/core/errors.js';
import { ensureHome, homePaths } from '../../src/home.js';
import { isPortFree } from '../../src/host/ports.js';
import { resolveTemporalBinary } from '../../src/host/temporal/binary.js';
import { encodeLine, HOST_VERSION, type HostInfo } from '../../src/host-protocol.js';
import { packageVersion } from '../../src/package-info.js';
import { PATIENCE } from '../support/patience.js';
import { endHomes, FIXTURE, isAlive, newConfig, until } from './host-support.js';

const start = { command: FIXTURE };
const serverPid = async (config: { home: string }) => (await hostStatus(config))?.temporalPid ?? 0;

vi.setConfig(PATIENCE);
afterEach(endHomes);

describe('findOrStartHost', () => {
  it('no host -> starts one, says what it does, and finds the same one again', async () => {
    const config = await newConfig();
    const lines: string[] = [];
    const info = await findOrStartHost(config, { ...start, onProgress: (line) => lines.push(line) });
    expect(info).toMatchObject({
      version: packageVersion,
      namespace: 'default',
      temporalAddress: `127.0.0.1:${config.temporalPort}`,
    });
    expect(info.uiUrl).toBe(`http://127.0.0.1:${config.temporalPort + 1000}`);
    expect((await fetch(info.uiUrl ?? '')).status).toBe(200);
    expect(lines.join('\n')).toMatch(/starting the host[\s\S]*starting the Temporal server/);
    expect(await findOrStartHost(config, start)).toEqual(info);
    expect(JSON.parse(readFileSync(homePaths(config.home).info, 'utf8'))).toEqual(info);
  });

  it('home and socket -> only their user may use them', async () => {
    const config = await newConfig();
    mkdirSync(config.home, { mode: 0o755 });
    const info = await findOrStartHost(config, start);
    expect(statSync(config.home).mode & 0o777).toBe(0o700);
    expect(statSync(info.socket).mode & 0o777).toBe(0o600);
  });

  it('two starters at once -> one host', async () => {
    const config = await newConfig();
    const infos = await Promise.all([1, 2, 3].map(() => findOrStartHost(config, start)));
    expect(new Set(infos.map((info) => info.pid)).size).toBe(1);
    expect(readFileSync(join(config.home, 'parts.txt'), 'utf8').match(/worker started/g)).toHaveLength(1);
  });

  it('a home with a long path -> the socket lies in a private folder elsewhere', async () => {
    const config = await newConfig();
    const long = { ...config, home: join(config.home, 'a'.repeat(120)) };
    const info = await findOrStartHost(long, start);
    expect(info.socket.startsWith(long.home)).toBe(false);
    expect(statSync(join(info.socket, '..')).mode & 0o777).toBe(0o700);
    expect(await stopHost(long)).toBe(true);
    rmSync(join(info.socket, '..'), { recursive: true });
  });

  it('files of a dead host -> a new one takes over', async () => {
    const config = await newConfig();
    const paths = ensureHome(config.home);
    writeFileSync(paths.info, JSON.stringify({ pid: 1, version: '0.0.0', startedAt: 0 }));
    writeFileSync(paths.socket, 'stale');
    writeFileSync(paths.lock, '');
    writeFileSync(paths.temporalState, '{"asked":');
    const info = await findOrStartHost(config, start);
    expect(info.pid).not.toBe(1);
  });

  it('the host fails -> its error with code and exit code', async () => {
    const config = await newConfig({ temporalBin: null });
    ensureHome(config.home);
    writeFileSync(join(config.home, 'store-fails'), '');
    const error = (await findOrStartHost(config, start).catch((thrown) => thrown)) as SwarmError;
    expect(error).toMatchObject({ code: 'E_BUG', exitCode: 70 });
    expect(error.message).toContain('the scripted store does not open');
    await until('the host is gone', async () => (await hostStatus(config)) === null);
    // The socket closes first: the file goes with the lock, a moment later.
    await until('its file is gone', () => !existsSync(homePaths(config.home).info));
  });

  it('the host dies while starting -> E_HOST_START with the end of its log', async () => {
    const config = await newConfig();
    ensureHome(config.home);
    writeFileSync(join(config.home, 'store-exits'), '');
    await expect(findOrStartHost(config, start)).rejects.toMatchObject({ code: 'E_HOST_START', exitCode: 4 });
    await expect(findOrStartHost(config, start)).rejects.toThrow(/exit code 9[\s\S]*host starts/);
  });

  it('killed while starting, twice in a row -> another one is started, said', async () => {
    const config = await newConfig();
    ensureHome(config.home);
    writeFileSync(join(config.home, 'store-killed'), '2');
    const lines: string[] = [];
    const info = await findOrStartHost(config, { ...start, onProgress: (line) => lines.push(line) });
    expect(isAlive(info.pid)).toBe(true);
    expect(lines.filter((line) => line.startsWith('the host was killed while it was starting'))).toHaveLength(2);
  });

  it('killed whenever it starts -> E_HOST_START names the signal', async () => {
    const command = ['-e', 'process.kill(process.pid, "SIGKILL")'];
    await expect(findOrStartHost(await newConfig(), { command })).rejects.toThrow(/E_HOST_START[\s\S]*SIGKILL/);
  });

  it('a program that cannot be run -> E_HOST_START with what it wrote', async () => {
    const config = await newConfig();
    const command = ['-e', 'console.error("no such thing as a host"); process.exit(3)'];
    await expect(findOrStartHost(config, { command })).rejects.toThrow(
      /E_HOST_START[\s\S]*exit code 3[\s\S]*no such thing as a host/,
    );
  });

  it('the environment of the host -> few heaps of glibc, large blocks beside them, unless the starter says otherwise', async () => {
    const command = [
      '-e',
      'console.error("heaps:", process.env.MALLOC_ARENA_MAX, process.env.MALLOC_MMAP_THRESHOLD_); process.exit(3)',
    ];
    await expect(findOrStartHost(await newConfig(), { command })).rejects.toThrow(/heaps: 2 131072$/m);
    vi.stubEnv('MALLOC_ARENA_MAX', '7');
    try {
      await expect(findOrStartHost(await newConfig(), { command })).rejects.toThrow(/heaps: 7 131072$/m);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('a host of another version -> E_HOST_VERSION names both and swarm stop', async () => {
    const config = await newConfig();
    const { socket } = ensureHome(config.home);
    const older = createServer((peer) => {
      peer.on('data', () => peer.write(encodeLine({ type: 'version', version: '0.0.9', pid: 4242 })));
    });
    await new Promise<void>((resolve) => older.listen(socket, resolve));
    try {
      const error = (await findOrStartHost(config, start).catch((thrown) => thrown)) as SwarmError;
      expect(error).toMatchObject({ code: 'E_HOST_VERSION', exitCode: 4 });
      expect(error.message).toMatch(new RegExp(`pid 4242.*0\\.0\\.9.*${packageVersion}[\\s\\S]*swarm stop`));
    } finally {
      older.close();
    }
  });

  it('a client of another version -> refused by the host, which can still be stopped', async () => {
    const config = await newConfig();
    const info = await findOrStartHost(config, start);
    const reply = await new Promise<string>((resolve) => {
      const peer = createPeer(info);
      peer.onLine(resolve);
      // As 0.1.0 says it, whose store is another.
      peer.send({ type: 'hello', version: packageVersion });
    });
    expect(JSON.parse(reply)).toEqual({ type: 'version', version: HOST_VERSION, pid: info.pid });
    expect(await stopHost(config)).toBe(true);
  });
});

describe('stopHost', () => {
  it('a running host -> worker, store and server end in this order, nothing is left', async () => {
    const config = await newConfig();
    const info = await findOrStartHost(config, start);
    const server = await serverPid(config);
    expect(isAlive(server)).toBe(true);
    expect(await stopHost(config)).toBe(true);
    await until('the host ends', () => !isAlive(info.pid));
    expect(isAlive(server)).toBe(false);
    expect(existsSync(info.socket)).toBe(false);
    expect(readFileSync(join(config.home, 'parts.txt'), 'utf8')).toMatch(/worker shut down, grace 30000\nstore closed\n$/);
    expect(await isPortFree(config.temporalPort)).toBe(true);
  });

  it('no host -> false, and nothing is started', async () => {
    const config = await newConfig();
    expect(await stopHost(config)).toBe(false);
    expect(existsSync(config.home)).toBe(false);
  });

  it('SIGTERM -> the same clean end', async () => {
    const config = await newConfig();
    const info = await findOrStartHost(config, start);
    process.kill(info.pid, 'SIGTERM');
    await until('the host ends', () => !isAlive(info.pid));
    expect(readFileSync(join(config.home, 'parts.txt'), 'utf8')).toContain('store closed');
    expect(existsSync(homePaths(config.home).info)).toBe(false);
  });

  it('a start right after a stop -> a new host on the same ports', async () => {
    const config = await newConfig();
    const first = await findOrStartHost(config, start);
    const stopping = stopHost(config);
    const second = await findOrStartHost(config, start);
    await stopping;
    expect(second.pid).not.toBe(first.pid);
    expect(second.temporalAddress).toBe(first.temporalAddress);
    expect(second.homeId).toBe(first.homeId);
  });
});

describe('a host that is starting', () => {
  it('its server never answers, swarm stop -> both are gone in seconds, and who waits is told; no other host starts', async () => {
    const config = await newConfig();
    const { path } = await resolveTemporalBinary(config);
    mkdirSync(config.home, { mode: 0o700 });
    const mute = join(config.home, 'mute.sh');
    const started = join(config.home, 'started');
    writeFileSync(mute, `#!/bin/sh\n[ "$1" = --version ] && exec "${path}" --version\necho x >>"${started}"\nexec sleep 1000\n`, {
      mode: 0o700,
    });
    const waiting = findOrStartHost({ ...config, temporalBin: mute }, start);
    waiting.catch(() => undefined);
    // The host keeps the pid a moment after the program began.
    await until('the server was started', () => [started, homePaths(config.home).temporalState].every(existsSync));
    const { pid } = JSON.parse(readFileSync(homePaths(config.home).temporalState, 'utf8')) as { pid: number };
    const since = Date.now();
    expect(await stopHost(config)).toBe(true);
    await expect(waiting).rejects.toMatchObject({ code: 'E_HOST_STOPPED', exitCode: 4 });
    expect(Date.now() - since).toBeLessThan(15_000);
    expect(isAlive(pid)).toBe(false);
    expect(readFileSync(started, 'utf8')).toBe('x\n');
    expect(existsSync(homePaths(config.home).info)).toBe(false);
  });
});

describe('host', () => {
  it('killed -> its server is gone in 5 s and a new host takes over on the same port', async () => {
    const config = await newConfig();
    const first = await findOrStartHost(config, start);
    const server = await serverPid(config);
    process.kill(first.pid, 'SIGKILL');
    await until('the orphaned server is gone', () => !isAlive(server), 5_000);
    const second = await findOrStartHost(config, start);
    expect(second.pid).not.toBe(first.pid);
    expect(second.temporalAddress).toBe(first.temporalAddress);
  });

  it('its worker ends unasked -> the host leaves with that reason, and the next start has a new one', async () => {
    const config = await newConfig();
    const first = await findOrStartHost(config, start);
    const flag = join(config.home, 'worker-ends');
    writeFileSync(flag, '');
    await until('the host ends', () => !isAlive(first.pid));
    expect(readFileSync(homePaths(config.home).log, 'utf8')).toContain('the worker ended unasked');
    rmSync(flag);
    expect((await findOrStartHost(config, start)).pid).not.toBe(first.pid);
  });

  it('idle -> leaves; not while a client is attached, runs are active, or it is kept', async () => {
    const config = await newConfig({ idleMs: 300 });
    const { connection, info } = await connectToHost(config, start);
    await connection.attach('run-1');
    expect(await connection.status()).toMatchObject({ clients: 1, attachedRuns: ['run-1'], kept: false });
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(isAlive(info.pid)).toBe(true);
    writeFileSync(join(config.home, 'active-runs'), '1');
    connection.close();
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(isAlive(info.pid)).toBe(true);
    writeFileSync(join(config.home, 'active-runs'), '0');
    await until('the idle host leaves', () => !isAlive(info.pid));
    expect(readFileSync(homePaths(config.home).log, 'utf8')).toContain('"why":"idle"');

    const kept = await findOrStartHost(config, { ...start, keep: true });
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(isAlive(kept.pid)).toBe(true);
  });

  it('a client that detached or died -> no longer attached', async () => {
    const config = await newConfig();
    const { connection } = await connectToHost(config, start);
    const other = await connectToHost(config, start);
    await connection.attach('a');
    await connection.attach('b');
    await connection.detach('a');
    await other.connection.attach(null);
    expect(await connection.status()).toMatchObject({ clients: 2, attachedRuns: ['b'] });
    connection.close();
    await until('one client is left', async () => (await other.connection.status()).clients === 1);
    other.connection.close();
  });

  it('keys handed over -> the worker has them, and no file, argument or environment does', async () => {
    const config = await newConfig();
    const key = `canary-${randomBytes(16).toString('hex')}`;
    const info = await findOrStartHost(config, { ...start, keys: { HANDED_KEY: key } });
    const sum = join(config.home, 'key.sha256');
    await until('the worker saw the key', () => existsSync(sum) && readFileSync(sum).length > 0);
    expect(readFileSync(sum, 'utf8')).toBe(createHash('sha256').update(key).digest('hex'));
    const server = await serverPid(config);
    await stopHost(config);
    const forms = [key, Buffer.from(key).toString('base64')];
    for (const name of readdirSync(config.home)) {
      const bytes = readFileSync(join(config.home, name));
      for (const form of forms) expect(bytes.includes(form), name).toBe(false);
    }
    expect(execFileSync('ps', ['axww', '-o', 'args'], { encoding: 'utf8' })).not.toContain(key);
    expect([info.pid, server].every((pid) => pid > 0)).toBe(true);
  });

  it('nonsense on the socket -> that connection ends, the host lives', async () => {
    const config = await newConfig();
    const info = await findOrStartHost(config, start);
    const peer = createPeer(info);
    const refused = await new Promise<string>((resolve) => {
      peer.onLine(resolve);
      peer.send({ type: 'dance' });
    });
    expect(JSON.parse(refused)).toMatchObject({ type: 'refused', problem: { code: 'E_HOST_REQUEST' } });
    peer.write('not json\n');
    await peer.closed;
    expect((await hostStatus(config))?.state).toBe('ready');
  });

  it('a host that was halted -> stopHost says that it does not answer, and does not claim a stop', async () => {
    const config = await newConfig();
    const info = await findOrStartHost(config, start);
    process.kill(info.pid, 'SIGSTOP');
    try {
      await expect(stopHost(config)).rejects.toMatchObject({ code: 'E_HOST_SILENT', exitCode: 4 });
    } finally {
      process.kill(info.pid, 'SIGCONT');
    }
  });

  it('told to stop -> connected clients are told before it is gone; killed -> they are not', async () => {
    const config = await newConfig();
    for (const told of [true, false]) {
      const { connection, info } = await connectToHost(config, start);
      if (told) await stopHost(config);
      else process.kill(info.pid, 'SIGKILL');
      await connection.closed;
      expect(connection.toldToStop).toBe(told);
      await until('it is gone', () => !isAlive(info.pid), 60_000);
    }
  });

  it('its home is removed -> it ends, and its server with it', async () => {
    const config = await newConfig();
    const info = await findOrStartHost(config, start);
    const server = await serverPid(config);
    rmSync(config.home, { recursive: true, force: true });
    await until('host and server are gone', () => ![info.pid, server].some(isAlive), 60_000);
    expect(existsSync(config.home)).toBe(false);
  });

  it('a host that ends the connection -> the request says gone, and there is no status', async () => {
    const config = await newConfig();
    const { socket } = ensureHome(config.home);
    const mute = createServer((peer) => peer.destroy());
    await new Promise<void>((resolve) => mute.listen(socket, resolve));
    try {
      const connection = await HostConnection.open(socket);
      await expect(connection?.status()).rejects.toMatchObject({ code: 'E_HOST_GONE', exitCode: 4 });
      expect(await hostStatus(config)).toBeNull();
    } finally {
      mute.close();
    }
  });
});

function createPeer(info: HostInfo) {
  const socket = connect(info.socket);
  return {
    onLine: (take: (line: string) => void) => socket.on('data', (chunk: Buffer) => take(chunk.toString('utf8').trim())),
    send: (message: object) => socket.write(`${JSON.stringify(message)}\n`),
    write: (text: string) => socket.write(text),
    closed: new Promise<void>((resolve) => socket.once('close', () => resolve())),
  };
}
