import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SwarmError } from '../../../src/core/errors.js';
import { NO_PROXIES } from '../../../src/core/proxy.js';
import { resolveTemporalBinary } from '../../../src/host/temporal/binary.js';
import { cachedProgram } from '../../../src/host/temporal/cache.js';
import { downloadAddress } from '../../../src/host/temporal/download.js';
import { downloadFetch } from '../../../src/host/temporal/download-fetch.js';
import { CLI_VERSION, isServerNewEnough, serverVersionIn } from '../../../src/host/temporal/version.js';
import { packageRoot } from '../../../src/package-info.js';
import { ProcessLock } from '../../../src/store/process-lock.js';
import { endHomes, newFolder } from '../host-support.js';

afterEach(endHomes);

const LINE = 'temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)';
/** Coreutils for the scripts; there is no temporal and no go in it. */
const SYSTEM = '/usr/bin:/bin';

function script(path: string, body: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}
const fakeTemporal = (path: string, line = LINE) => script(path, `echo '${line}'`);
const noNetwork: typeof fetch = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } }));

function place() {
  const folder = newFolder();
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const config = { temporalBin: null as string | null, cacheDir: join(folder, 'cache'), proxies: NO_PROXIES };
  const lines: string[] = [];
  const options = {
    onProgress: (line: string) => lines.push(line),
    env: { PATH: [bin, SYSTEM].join(delimiter) },
    fetchUrl: noNetwork,
    progressMs: 20,
  };
  return { folder, bin, config, options, lines };
}

describe('resolveTemporalBinary', () => {
  it('all steps would work -> the configured one', async () => {
    const { folder, bin, config, options, lines } = place();
    config.temporalBin = fakeTemporal(join(folder, 'mine'));
    fakeTemporal(join(bin, 'temporal'));
    expect(await resolveTemporalBinary(config, options)).toEqual({ path: config.temporalBin, serverVersion: '1.31.2' });
    expect(lines).toEqual([]);
  });

  it('the configured one is absent -> said, then the one on PATH', async () => {
    const { bin, config, options, lines } = place();
    config.temporalBin = '/no/such/temporal';
    const path = fakeTemporal(join(bin, 'temporal'));
    expect((await resolveTemporalBinary(config, options)).path).toBe(path);
    expect(lines[0]).toBe('temporal binary, SWARM_TEMPORAL_BIN: /no/such/temporal not there');
  });

  it('an old or foreign one on PATH -> the cached one, quietly; said only when none works', async () => {
    const { bin, config, options, lines } = place();
    fakeTemporal(join(bin, 'temporal'), 'temporal version 1.5.1 (Server 1.29.1, UI 2.40.0)');
    const cached = fakeTemporal(cachedProgram(config));
    expect((await resolveTemporalBinary(config, options)).path).toBe(cached);
    fakeTemporal(join(bin, 'temporal'), 'hello');
    await resolveTemporalBinary(config, options);
    expect(lines).toEqual([]);
    rmSync(cached);
    await expect(resolveTemporalBinary(config, options)).rejects.toThrow('names no server version ("hello")');
    expect(lines.join('\n')).toContain('names no server version ("hello")');
  });

  it('the cached one changed after its checksum was kept -> not used', async () => {
    const { config, options, lines } = place();
    const cached = fakeTemporal(cachedProgram(config));
    writeFileSync(`${cached}.sha256`, `${'0'.repeat(64)}  temporal\n`);
    utimesSync(`${cached}.sha256`, 1, 1);
    await expect(resolveTemporalBinary(config, options)).rejects.toMatchObject({ code: 'E_TEMPORAL_BINARY' });
    expect(lines.join('\n')).toContain('does not have its checksum any more');
  });

  it('nothing there, a network -> downloaded once, with its checksum, then cached', async () => {
    const { folder, config, options } = place();
    const archive = join(folder, 'archive.tar.gz');
    fakeTemporal(join(folder, 'pack', 'temporal'));
    execFileSync('tar', ['-czf', archive, '-C', join(folder, 'pack'), 'temporal']);
    const asked: string[] = [];
    const fetchUrl: typeof fetch = async (url) => {
      asked.push(String(url));
      if (asked.length === 1)
        return Response.json({ archiveUrl: 'https://downloads.example/a.tar.gz', fileToExtract: 'temporal' });
      return new Response(readFileSync(archive));
    };
    const cached = cachedProgram(config);
    expect((await resolveTemporalBinary(config, { ...options, fetchUrl })).path).toBe(cached);
    expect(asked).toEqual([downloadAddress(), 'https://downloads.example/a.tar.gz']);
    const sum = createHash('sha256').update(readFileSync(cached)).digest('hex');
    expect(readFileSync(`${cached}.sha256`, 'utf8')).toBe(`${sum}  temporal\n`);
    await resolveTemporalBinary(config, { ...options, fetchUrl });
    expect(asked).toHaveLength(2);
    expect(readdirSync(dirname(cached)).filter((name) => name.startsWith('download-'))).toEqual([]);
  });

  it('no network, a go on PATH -> built with the module, progress shown, checksum kept', async () => {
    const { folder, bin, config, options, lines } = place();
    script(
      join(bin, 'go'),
      `printf '%s\\n' "$@" > '${folder}/args'; pwd > '${folder}/pwd'; echo "$GOFLAGS" > '${folder}/flags'; ls > '${folder}/files'
echo github.com/temporalio/cli/cmd/temporal >&2
sleep 0.2
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho "${LINE.replace('1.8.2', '0.0.0-DEV')}"\\n' > "$2temporal"; chmod +x "$2temporal"`,
    );
    const cached = cachedProgram(config);
    expect(await resolveTemporalBinary(config, options)).toEqual({ path: cached, serverVersion: '1.31.2' });
    expect(readFileSync(join(folder, 'args'), 'utf8').split('\n')).toEqual(
      expect.arrayContaining(['build', '-trimpath', '-ldflags', '-s -w', 'github.com/temporalio/cli/cmd/temporal']),
    );
    expect(readFileSync(join(folder, 'flags'), 'utf8').trim()).toBe('-mod=mod');
    expect(readFileSync(join(folder, 'files'), 'utf8')).toMatch(/go\.mod\ngo\.sum/);
    expect(lines.join('\n')).toMatch(/download: temporal\.download: ENOTFOUND[\s\S]*building temporal .* with go: 0m00s/);
    expect(existsSync(`${cached}.sha256`)).toBe(true);
    expect(existsSync(readFileSync(join(folder, 'pwd'), 'utf8').trim())).toBe(false);
  });

  it('two at once with nothing there -> one builds, the other waits and uses it', async () => {
    const { folder, bin, config, options, lines } = place();
    script(
      join(bin, 'go'),
      `echo built >> '${folder}/builds'; sleep 0.4
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho "${LINE}"\\n' > "$2temporal"; chmod +x "$2temporal"`,
    );
    const found = await Promise.all([1, 2].map(() => resolveTemporalBinary(config, options)));
    expect(found.map(({ path }) => path)).toEqual([cachedProgram(config), cachedProgram(config)]);
    expect(readFileSync(join(folder, 'builds'), 'utf8')).toBe('built\n');
    expect(lines.join('\n')).toContain('another process is making the temporal binary');
  });

  it('nothing works -> one error that names every step and what it said', async () => {
    const { bin, config, options } = place();
    script(join(bin, 'go'), 'echo "go: module lookup disabled" >&2; exit 1');
    const error = (await resolveTemporalBinary(config, options).catch((thrown) => thrown)) as SwarmError;
    expect(error).toMatchObject({ code: 'E_TEMPORAL_BINARY', exitCode: 4 });
    expect(error.message).toMatch(
      /SWARM_TEMPORAL_BIN: not set\n.*PATH: no temporal in it\n.*cache: .* not there\n.*download: temporal\.download: ENOTFOUND\n.*go build: go build ended with code 1 .*module lookup disabled/,
    );
    rmSync(join(bin, 'go'));
    await expect(resolveTemporalBinary(config, { ...options, env: { PATH: bin } })).rejects.toThrow('go build: no go on PATH');
    expect(readdirSync(dirname(cachedProgram(config)))).toEqual(['temporal.lock']);
  });

  it('stopped while another process builds -> ends at once', async () => {
    const { config, options } = place();
    mkdirSync(dirname(cachedProgram(config)), { recursive: true });
    const lock = ProcessLock.tryAcquire(`${cachedProgram(config)}.lock`);
    const stop = new AbortController();
    const waiting = resolveTemporalBinary(config, { ...options, signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    lock?.release();
  });
});

describe('version', () => {
  it.each([
    [LINE, '1.31.2', true],
    ['temporal version 0.0.0-DEV (Server 1.31.2, UI 2.50.1)', '1.31.2', true],
    ['temporal version 2.0.0 (Server 2.0.0-rc.1, UI 3.0.0)', '2.0.0-rc.1', true],
    ['temporal version 1.7.0 (Server 1.30.9, UI 2.45.0)', '1.30.9', false],
  ])('serverVersionIn: %s -> %s', (line, version, enough) => {
    expect(serverVersionIn(line)).toBe(version);
    expect(isServerNewEnough(version)).toBe(enough);
  });

  it('serverVersionIn: a line without it -> undefined', () => {
    expect(serverVersionIn('tctl version 1.18')).toBeUndefined();
  });

  it('tools/temporal: the module builds the same release', () => {
    expect(readFileSync(join(packageRoot, 'tools', 'temporal', 'go.mod'), 'utf8')).toContain(
      `github.com/temporalio/cli v${CLI_VERSION}`,
    );
  });

  it('downloadAddress: platform and architecture -> as the SDK names them; an unknown one is refused', () => {
    expect(downloadAddress('darwin', 'arm64')).toContain('arch=arm64&platform=darwin');
    expect(() => downloadAddress('aix', 'ppc64')).toThrow('no download for aix ppc64');
  });
});

describe('downloadFetch', () => {
  it('a proxy -> asked for a tunnel; NO_PROXY -> not; a signal ends it', async () => {
    const asked: string[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.end('HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const https = { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, variable: 'HTTPS_PROXY' };
    const url = 'https://temporal.test/cli';
    await expect(downloadFetch({ ...NO_PROXIES, https })(url)).rejects.toThrow();
    expect(asked).toEqual(['temporal.test:443']);
    const direct = downloadFetch({ ...NO_PROXIES, https, none: ['temporal.test'] }, undefined);
    await expect(direct(url)).rejects.toThrow();
    expect(asked).toHaveLength(1);
    const stop = new AbortController();
    const never: typeof fetch = (_, init) =>
      new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
    const waiting = downloadFetch(NO_PROXIES, stop.signal, never)(url, { signal: AbortSignal.timeout(60_000) });
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    proxy.close();
  });
});
