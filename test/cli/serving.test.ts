import { describe, expect, it } from 'vitest';
import type { StoreReader } from '../../src/client/reader.js';
import { SwarmError } from '../../src/core/errors.js';
import type { HostInfo, HostStatus } from '../../src/host-protocol.js';
import { progressOf } from './support/fake-run.js';
import { FakeTerminal, swarm } from './support/terminal.js';

const INFO: HostInfo = {
  pid: 4711,
  version: '0.1.0',
  homeId: 'h',
  startedAt: 0,
  temporalAddress: '127.0.0.1:7233',
  namespace: 'default',
  uiUrl: 'http://127.0.0.1:8233',
  socket: '/tmp/host.sock',
};

describe('swarm start and stop', () => {
  it('start: where the host is, on stdout; what it does, on stderr -> exit 0', async () => {
    const startHost = async (_config: unknown, onProgress: (line: string) => void) => {
      onProgress('building temporal, 3 of 7 minutes');
      return INFO;
    };
    const { stdout, stderr, exitCode } = await swarm(['start'], { deps: { startHost } });
    expect({ stdout, stderr, exitCode }).toMatchSnapshot();
  });

  it('start fails: told -> exit 4', async () => {
    const startHost = async () => {
      throw new SwarmError({ code: 'E_HOST_START', found: 'it ended' }, 4);
    };
    expect(await swarm(['start'], { deps: { startHost } })).toMatchObject({
      stdout: '',
      stderr: 'E_HOST_START: it ended\n',
      exitCode: 4,
    });
  });

  it('stop: a host -> exit 0; none -> plain text, exit 4', async () => {
    expect(await swarm(['stop'], { deps: { stopHost: async () => true } })).toMatchObject({ stdout: 'stopped\n', exitCode: 0 });
    const { stdout, stderr, exitCode } = await swarm(['stop'], { deps: { stopHost: async () => false } });
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 4 });
    expect(stderr).toMatch(/^No host is running for /);
  });
});

describe('swarm stop', () => {
  it('runs under way -> those that rest afterwards are named with how they go on', async () => {
    let stopped = false;
    const of = (run: string) => progressOf({ run, state: stopped && run === 'open' ? 'interrupted' : 'completed' });
    const reader = {
      runs: async () => [of('open'), of('ending')],
      progress: async (run: string) => of(run),
      close: async () => undefined,
    } as unknown as StoreReader;
    const stopHost = async () => {
      stopped = true;
      return true;
    };
    const { stdout, stderr, exitCode } = await swarm(['stop'], { deps: { openReader: async () => reader, stopHost } });
    expect({ stdout, exitCode }).toEqual({ stdout: 'stopped\n', exitCode: 0 });
    expect(stderr).toBe('Run open is interrupted. Go on with: swarm resume open\n');
  });
});

describe('swarm simulate', () => {
  it('until a signal: its base URL is the only line on stdout, then it is closed', async () => {
    const seen: unknown[] = [];
    const terminal: FakeTerminal = new FakeTerminal({
      deps: {
        startSimulator: async (flags) => {
          seen.push(flags);
          setImmediate(() => terminal.signal('SIGTERM'));
          return { url: 'http://127.0.0.1:8080/v1', close: async () => void seen.push('closed') };
        },
      },
    });
    const { stdout, stderr, exitCode } = await terminal.run(
      'simulate',
      '--port',
      '8080',
      '--latency',
      'lognormal:200,0.5',
      '--hidden-limits',
    );
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: 'http://127.0.0.1:8080/v1\n', stderr: '', exitCode: 143 });
    expect(seen).toEqual([{ port: 8080, latency: 'lognormal:200,0.5', hiddenLimits: true }, 'closed']);
  });

  it('a busy port: told -> exit 4', async () => {
    const startSimulator = async () => {
      throw new SwarmError({ code: 'E_PORT_BUSY', found: 'port 8080 is taken' }, 4);
    };
    expect(await swarm(['simulate'], { deps: { startSimulator } })).toMatchObject({ stdout: '', exitCode: 4 });
  });
});

describe('swarm worker', () => {
  it('a signal: drained, then left -> exit 130', async () => {
    const order: string[] = [];
    const terminal: FakeTerminal = new FakeTerminal({
      deps: {
        hostStatus: async () => ({ info: INFO }) as HostStatus,
        runWorker: async (_config, { signal, embedded, onReady }) => {
          expect(embedded).toEqual({ address: '127.0.0.1:7233', namespace: 'default' });
          onReady();
          setImmediate(() => terminal.signal('SIGINT'));
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          order.push('drained');
        },
      },
    });
    const { stderr, exitCode } = await terminal.run('worker');
    expect({ order, exitCode }).toEqual({ order: ['drained'], exitCode: 130 });
    expect(stderr).toMatch(/^The worker polls.*\nDraining/);
  });

  it('says what it does: the runs that go on, and their ends', async () => {
    const running = progressOf({ run: 'a', ok: 3 });
    let looks = 0;
    const reader = {
      runs: async () => (looks++ === 0 ? [running] : []),
      progress: async () => progressOf({ run: 'a', ok: 20, state: 'completed' }),
      close: async () => undefined,
    } as unknown as StoreReader;
    const { stderr } = await swarm(['worker'], {
      deps: {
        hostStatus: async () => ({ info: INFO }) as HostStatus,
        openReader: async () => reader,
        runWorker: async (_config, { onReady }) => {
          onReady();
          while (looks < 3) await new Promise((resolve) => setImmediate(resolve));
        },
      },
    });
    expect(stderr).toContain('The worker polls: it makes calls for the runs of the home /home/ada');
    expect(stderr).toContain('run a: 3 of 20 rows done\nrun a: 20 of 20 rows done, completed\n');
  });

  it('no cluster: told -> its exit code', async () => {
    const runWorker = async () => {
      throw new SwarmError({ code: 'E_TEMPORAL_UNREACHABLE', found: 'no answer from temporal:7233' }, 4);
    };
    expect((await swarm(['worker'], { deps: { runWorker, hostStatus: async () => null } })).exitCode).toBe(4);
  });
});

describe('swarm temporal', () => {
  const setup = (info: HostInfo | null, external = false) => {
    const calls: unknown[] = [];
    return {
      calls,
      options: {
        config: { externalTemporal: external },
        deps: {
          temporalBinary: async () => '/cache/temporal',
          holdHost: async (_config: unknown, onProgress: (line: string) => void) => {
            if (info === null) throw new SwarmError({ code: 'E_HOST_START', found: 'it ended' }, 4);
            onProgress('starting the host');
            return { info, release: () => void calls.push('released') };
          },
          runProgram: async (...call: unknown[]) => {
            calls.push(call);
            return 3;
          },
        },
      },
    };
  };

  it('arguments: passed on untouched, with the address of the host, which is held meanwhile; the exit code is its own', async () => {
    const { calls, options } = setup({ ...INFO, temporalAddress: '127.0.0.1:7300' });
    const args = ['workflow', 'list', '--query', "SwarmRun='a'", '--json', '--debug', '--limit', '1', '--limit', '2', '--', '-x'];
    const { stdout, stderr, exitCode } = await swarm(['temporal', ...args], options);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: '', stderr: 'starting the host\n', exitCode: 3 });
    expect(calls).toEqual([['/cache/temporal', args, '127.0.0.1:7300'], 'released']);
  });

  it.each([
    [['--help']],
    [['--version']],
    [['workflow', 'start', '--help']],
    [[]],
    [['config', 'list']],
    [['server', 'start-dev']],
    [['workflow', 'list', '--address', 'elsewhere:7233']],
    [['workflow', 'list', '--address=elsewhere:7233']],
  ])('%j: a host is of no use -> none is started', async (args) => {
    const { calls, options } = setup(null);
    await swarm(['temporal', ...args], options);
    expect(calls).toEqual([['/cache/temporal', args, null]]);
  });

  it('no host, and none can be started: the program is not run, whoever listens at the usual port -> exit 4', async () => {
    const { calls, options } = setup(null);
    expect(await swarm(['temporal', 'workflow', 'list'], options)).toMatchObject({
      exitCode: 4,
      stderr: 'E_HOST_START: it ended\n',
    });
    expect(calls).toEqual([]);
  });

  it('an existing cluster: its own settings count', async () => {
    const { calls, options } = setup(null, true);
    await swarm(['temporal', 'workflow', 'list'], options);
    expect(calls).toEqual([['/cache/temporal', ['workflow', 'list'], null]]);
  });

  it('a binary that must be built first: what is done is told', async () => {
    const { options } = setup(null, true);
    const terminal: FakeTerminal = new FakeTerminal({
      config: options.config,
      deps: {
        ...options.deps,
        temporalBinary: async (_config, onProgress) => {
          onProgress('PATH: no temporal in it');
          await new Promise((resolve) => setTimeout(resolve, 20));
          onProgress('building');
          return '/cache/temporal';
        },
      },
    });
    expect((await terminal.run('temporal', 'workflow', 'list')).stderr).toBe('PATH: no temporal in it\nbuilding\n');
  });
});
