/**
 * The engine unchanged on a real Temporal cluster: PostgreSQL, the real server, TEMPORAL_ADDRESS. Needs PostgreSQL and Go here; the first
 * run builds the server's programs into the cache.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clusterConnectionSettings, connectTemporal } from '../../src/temporal-connection.js';
import { until } from '../host/host-support.js';
import { TestCluster } from '../support/cluster.js';
import { expectPaidOnce } from '../support/paid-once.js';
import { type Provider, paidTwice, SIM_TASK_PRICE } from '../support/provider.js';
import type { TaskFiles } from '../support/run-folder.js';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

const ROWS = 48;
const seeds = Array.from({ length: ROWS }, (_, index) => `A word about river ${index}`);
/** Building the server with nothing cached takes that long on two cores. */
const BUILD_MS = 20 * 60_000;

const missing = TestCluster.missing();
if (missing !== null) process.stdout.write(`  cluster tests are skipped: ${missing}\n`);

interface Bed {
  cluster: TestCluster;
  home: SwarmHome;
  provider: Provider;
}

/** A cluster, and a home whose programs use it. */
async function start(tls: boolean): Promise<Bed> {
  const cluster = await TestCluster.start({ tls });
  const home = await SwarmHome.create(cluster.env);
  return { cluster, home, provider: await home.provider(['--latency', '200']) };
}

async function close(bed: Bed | undefined): Promise<void> {
  await bed?.home.close();
  await bed?.cluster.stop();
}

function task({ home, provider }: Bed, name: string, sliceSize: number, workers = 8): TaskFiles {
  const keys = { worker_model: 'm', worker_api_base: provider.url, workers, batch_size: sliceSize };
  return home.task(name, { ...keys, price: SIM_TASK_PRICE }, seeds);
}

async function untilState(home: SwarmHome, run: string, state: string): Promise<void> {
  await until(`run ${run} is ${state}`, async () => (await home.status(run)).state === state, 60_000);
}

const GRAINS = [
  ['a child per seed', 1],
  ['slices', 12],
] as const;

describe.skipIf(missing !== null)('PostgreSQL cluster', () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await start(false);
  }, BUILD_MS);
  afterAll(() => close(bed));
  beforeEach(() => bed.provider.forget());

  it('schema and namespace steps of docker-compose.yml, run again -> nothing changes', async () => {
    await bed.cluster.prepareDatabase();
    await bed.cluster.prepareNamespace();
    const attributes = await bed.cluster.temporal(['operator', 'search-attribute', 'list']);
    expect(attributes.match(/Swarm\w+ +Keyword/g)).toHaveLength(4);
  });

  it.each(GRAINS)(
    'server killed and back in mid run, %s -> every row once, 0 paid twice, no server of our own',
    async (_, size) => {
      const files = task(bed, `server-${size}`, size);
      const cli = bed.home.swarm(['run', files.path, '--json']);
      await bed.provider.untilBilled(ROWS / 4);
      await bed.cluster.killServer();
      await bed.cluster.startServer();
      const ended = await cli.ended;
      expect({ code: ended.code, ...endEvent(ended) }).toMatchObject({ code: 0, state: 'completed', ok: ROWS });
      expectPaidOnce(bed.provider, files, ROWS);
      expect(bed.home.host()).toMatchObject({ temporalAddress: bed.cluster.address, uiUrl: null });
    },
  );

  it('host killed, its starter lives -> another host goes on, every row once', async () => {
    const files = task(bed, 'host', 12);
    const cli = bed.home.swarm(['run', files.path, '--json']);
    await bed.provider.untilBilled(ROWS / 4);
    const dead = bed.home.hostPid();
    await bed.home.killHost();
    const ended = await cli.ended;
    expect({ code: ended.code, ...endEvent(ended) }).toMatchObject({ code: 0, state: 'completed', ok: ROWS });
    expect(bed.home.hostPid()).not.toBe(dead);
    expect(files.out.ok().map(({ index }) => index)).toEqual(seeds.map((__, index) => index));
    expect(paidTwice(bed.provider.billed()).length).toBeLessThanOrEqual(files.out.receipt().calls.doubtful);
  });

  it('pause, resume, cancel -> obeyed; the search attributes find the run', async () => {
    // One call at a time: the rows outlast the commands by far.
    const files = task(bed, 'control', 1, 1);
    const run = (await bed.home.run(['run', files.path, '--detach'])).stdout.trim();
    await bed.provider.untilBilled(3);
    await bed.home.run(['pause', run]);
    const calls = bed.provider.calls().length;
    await untilState(bed.home, run, 'paused');
    const found = await bed.cluster.temporal(['workflow', 'list', '--query', `SwarmRun="${run}" AND WorkflowType="swarmRun"`]);
    expect(found).toContain(run);
    expect(bed.provider.calls()).toHaveLength(calls);
    await bed.home.run(['resume', run]);
    await bed.provider.untilBilled(calls + 2);
    await bed.home.run(['cancel', run]);
    await untilState(bed.home, run, 'cancelled');
    const { counts } = files.out.receipt();
    expect(counts.ok).toBe(files.out.ok().length);
    expect(counts.ok + counts.pending).toBe(ROWS);
  });

  it('temporal workflow start by hand -> the same rows', async () => {
    await bed.home.run(['start']);
    const files = task(bed, 'by-hand', 12);
    const queue = ['--task-queue', 'durable-swarm', '--type', 'swarmRun', '--workflow-id', 'by-hand'];
    await bed.cluster.temporal(['workflow', 'start', ...queue, '--input', JSON.stringify({ task: files.path })]);
    const result = await bed.cluster.temporal(['workflow', 'result', '--workflow-id', 'by-hand', '--output', 'json']);
    expect(JSON.parse(result)).toMatchObject({ status: 'COMPLETED' });
    expectPaidOnce(bed.provider, files, ROWS);
  });
});

describe.skipIf(missing !== null)('workers of two builds', () => {
  let bed: Bed;
  beforeAll(async () => {
    const cluster = await TestCluster.start();
    const home = await SwarmHome.create({ ...cluster.env, SWARM_DATABASE_URL: await cluster.storeUrl() });
    bed = { cluster, home, provider: await home.provider(['--latency', '400']) };
  }, BUILD_MS);
  afterAll(() => close(bed));

  const version = (build: string) => `TemporalWorkerDeploymentVersion="durable-swarm:${build}"`;
  async function count(query: string): Promise<number> {
    // A server answers 10 such questions a second.
    await sleep(400);
    const printed = await bed.cluster.temporal(['workflow', 'count', '--query', query, '--output', 'json']);
    // Zero is left out.
    return Number((JSON.parse(printed) as { count?: string }).count ?? 0);
  }
  async function makeCurrent(build: string): Promise<void> {
    const which = ['--deployment-name', 'durable-swarm', '--build-id', build, '--yes'];
    const set = () => bed.cluster.temporal(['worker', 'deployment', 'set-current-version', ...which]);
    await until(
      `build ${build} is current`,
      () =>
        set().then(
          () => true,
          () => false,
        ),
      90_000,
    );
  }

  it('the second becomes current in mid run, the first drains and ends -> every row once, seeds ended where they began', async () => {
    const worker = async (build: string) => {
      const program = bed.home.swarm(['worker'], { SWARM_WORKER_BUILD: build, SWARM_LOG_LEVEL: 'error' });
      await program.says(/The worker polls/, 90_000);
      return program;
    };
    const [first, second] = await Promise.all([worker('a'), worker('b')]);
    await makeCurrent('a');
    const files = task(bed, 'builds', 1, 4);
    const cli = bed.home.swarm(['run', files.path, '--json']);
    await bed.provider.untilBilled(ROWS / 4);
    await makeCurrent('b');
    await until(
      'nothing runs on the first build',
      async () => (await count(`ExecutionStatus="Running" AND ${version('a')}`)) === 0,
      60_000,
    );
    await first.stop('SIGTERM', 40_000);
    const ended = await cli.ended;
    expect({ code: ended.code, ...endEvent(ended) }).toMatchObject({ code: 0, state: 'completed', ok: ROWS });
    expectPaidOnce(bed.provider, files, ROWS);
    const seedsOf = (build: string) => count(`WorkflowType="swarmSeed" AND ${version(build)}`);
    await until('all seeds are listed', async () => (await seedsOf('a')) + (await seedsOf('b')) === ROWS);
    expect(await seedsOf('a')).toBeGreaterThan(0);
    expect(await seedsOf('b')).toBeGreaterThan(0);
    expect(await count(`WorkflowType="swarmRun" AND ${version('b')}`)).toBe(1);
    await second.stop();
  });
});

describe.skipIf(missing !== null)('cluster that demands client certificates', () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await start(true);
  }, BUILD_MS);
  afterAll(() => close(bed));
  beforeEach(() => bed.provider.forget());

  it('TEMPORAL_TLS_* variables -> a run with a server killed and back: every row once, 0 paid twice', async () => {
    const files = task(bed, 'variables', 1);
    const cli = bed.home.swarm(['run', files.path, '--json']);
    await bed.provider.untilBilled(ROWS / 4);
    await bed.cluster.killServer();
    await bed.cluster.startServer();
    expect(endEvent(await cli.ended)).toMatchObject({ state: 'completed', ok: ROWS });
    expectPaidOnce(bed.provider, files, ROWS);
    await bed.home.run(['stop']);
  });

  it('a profile of temporal.toml -> a run', async () => {
    const { tls, address } = bed.cluster;
    const file = join(bed.home.folder, 'temporal.toml');
    const certificates = `client_cert_path = "${tls?.client.cert}"\nclient_key_path = "${tls?.client.key}"\nserver_ca_cert_path = "${tls?.ca}"\n`;
    writeFileSync(file, `[profile.test]\naddress = "${address}"\nnamespace = "default"\n[profile.test.tls]\n${certificates}`);
    const none = Object.fromEntries(Object.keys(bed.cluster.env).map((name) => [name, undefined]));
    const files = task(bed, 'profile', 12);
    const env = { ...none, TEMPORAL_PROFILE: 'test', TEMPORAL_CONFIG_FILE: file };
    expect(endEvent(await bed.home.run(['run', files.path, '--json'], 0, env))).toMatchObject({ state: 'completed', ok: ROWS });
    expectPaidOnce(bed.provider, files, ROWS);
    await bed.home.run(['stop'], 0, env);
  });

  it('a certificate of another authority, none, no TLS -> exit 4, with the reason; nothing is called', async () => {
    const { env, strangerEnv, address } = bed.cluster;
    const files = task(bed, 'refused', 1);
    const { stderr } = await bed.home.run(['run', files.path], 4, strangerEnv);
    expect(stderr).toContain(
      `E_TEMPORAL_UNREACHABLE: no Temporal server answers at ${address} (namespace default): it refuses our client certificate`,
    );
    expect(bed.provider.calls()).toEqual([]);

    const { TEMPORAL_TLS_CLIENT_CERT_PATH: _cert, TEMPORAL_TLS_CLIENT_KEY_PATH: _key, ...noCertificate } = env;
    const noTls = { TEMPORAL_ADDRESS: address, HOME: bed.home.folder };
    const said = [noCertificate, noTls].map((variables) => connectTemporal(clusterConnectionSettings(variables)));
    const [without, plain] = await Promise.allSettled(said);
    expect(without).toMatchObject({ reason: { code: 'E_TEMPORAL_UNREACHABLE', exitCode: 4 } });
    expect(String((without as PromiseRejectedResult).reason)).toContain('it refuses a client without a certificate');
    expect(String((plain as PromiseRejectedResult).reason)).toContain('it speaks TLS, and no TLS is set');
  });

  it('a certificate file that is not there -> exit 2, named', async () => {
    const files = task(bed, 'no-file', 1);
    const { stderr } = await bed.home.run(['run', files.path], 2, { TEMPORAL_TLS_CLIENT_CERT_PATH: '/no/such.pem' });
    expect(stderr).toMatch(/E_TEMPORAL_CONFIG[\s\S]*\/no\/such\.pem/);
  });
});
