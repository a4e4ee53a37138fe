/** The wire between worker and provider, or worker and Temporal, cut in the middle of a run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../../src/config.js';
import { ensureHome } from '../../../src/home.js';
import { pickPortPair } from '../../../src/host/ports.js';
import { resolveTemporalBinary } from '../../../src/host/temporal/binary.js';
import { TemporalServer } from '../../../src/host/temporal/server.js';
import { seededRandom, type TestRandom } from '../../support/test-random.js';
import type { Findings } from '../checker.js';
import { Scene, type SceneOptions } from '../scene.js';
import type { SoakSuite } from '../suite.js';
import { CUTS, TcpProxy, type WireState } from '../tcp-proxy.js';
import { Undisturbed } from '../undisturbed.js';

const SCENARIOS = 20;
const MOST_ROWS = 600;
const FIRST_PORT = 27_233;
/** Beyond the heartbeat timeout of 30 s. */
const LONG_CUT_MS = { least: 32_000, most: 45_000 };
const END_MS = 120_000;

interface Cut {
  where: 'provider' | 'temporal';
  how: WireState;
  /** When, in calls. */
  at: number;
  forMs: number;
}

function drawCut(random: TestRandom, rows: number): Cut {
  const where = random.next() < 0.5 ? 'provider' : 'temporal';
  const long = where === 'temporal' && random.next() < 0.3;
  return {
    where,
    how: CUTS[random.whole(0, CUTS.length - 1)] as WireState,
    at: random.whole(1, Math.floor(rows * 0.8)),
    forMs: long ? random.whole(LONG_CUT_MS.least, LONG_CUT_MS.most) : random.whole(200, 6_000),
  };
}

/** A Temporal server of its own, reached through a wire. */
async function wiredTemporal(): Promise<{ wire: TcpProxy; address: string; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-cuts-'));
  const { port } = await pickPortPair(FIRST_PORT);
  const config = { ...loadConfig(), home: join(folder, 'home'), temporalPort: port };
  const quiet = { onProgress: () => undefined };
  const binary = await resolveTemporalBinary(config, quiet);
  const server = await TemporalServer.start({ config, paths: ensureHome(config.home), binary, ...quiet });
  const wire = await TcpProxy.open(Number(server.address.split(':')[1]));
  return {
    wire,
    address: `127.0.0.1:${wire.port}`,
    close: async () => {
      await wire.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function play(scene: Scene, wire: TcpProxy, { where, how, at, forMs }: Cut): Promise<void> {
  scene.type();
  await scene.provider.untilBilled(at, END_MS);
  const from = Date.now();
  wire.set(how);
  await sleep(forMs);
  wire.set('pass');
  scene.blows.push({ what: `${where} ${how}`, from, until: Date.now(), sockets: where === 'provider' });
  await scene.untilEnded(END_MS);
  await scene.leave();
}

async function runCut(cut: Cut, rows: number, workers: number, undisturbed: Undisturbed): Promise<Findings> {
  const temporal = cut.where === 'temporal' ? await wiredTemporal() : null;
  let door: TcpProxy | null = null;
  const options: SceneOptions = {
    // A call that hears nothing is given up.
    keys: { timeout: 10 },
    ...(temporal === null ? {} : { env: { TEMPORAL_ADDRESS: temporal.address } }),
    door: async (url) => {
      const { port } = new URL(url);
      door = await TcpProxy.open(Number(port));
      return url.replace(port, String(door.port));
    },
  };
  const latencyMs = Math.round((3_000 * workers) / rows);
  const scene = await Scene.open({ rows, turns: 1, sliceSize: 20, workers }, `lognormal:${latencyMs},0.4`, options);
  try {
    const wire = temporal?.wire ?? (door as TcpProxy | null);
    if (wire === null) throw new Error('there is no wire to cut');
    await play(scene, wire, cut).catch((error: unknown) => scene.wrong.push(String(error)));
    return scene.findings(undisturbed.expected(rows, 1));
  } finally {
    await scene.close();
    await (door as TcpProxy | null)?.close();
    await temporal?.close();
  }
}

const suite: SoakSuite = {
  name: 'cuts',
  about: 'connections to the provider or to Temporal refused, reset, cut short, silent or slow: every row once',
  async run({ seed, scenarios, say }) {
    const broken: string[] = [];
    const all: Findings[] = [];
    const undisturbed = await Undisturbed.inOwnHome(MOST_ROWS, [1]);
    for (let i = 0; i < (scenarios ?? SCENARIOS); i += 1) {
      const random = seededRandom(`cuts/${seed + i}`);
      const [rows, workers] = [random.whole(200, MOST_ROWS), random.whole(8, 40)];
      const cut = drawCut(random, rows);
      const what = `--seed ${seed + i}: ${rows} rows, ${workers} in flight, ${cut.where} ${cut.how} at ${cut.at} for ${cut.forMs} ms`;
      const found = await runCut(cut, rows, workers, undisturbed);
      all.push(found);
      say(`${what}: ${found.broken.length === 0 ? 'held' : 'BROKEN'}; paid again ${found.paidAgain}, doubtful ${found.doubtful}`);
      broken.push(...found.broken.map((line) => `${what}\n      ${line}`));
    }
    const sum = (of: (one: Findings) => number) => all.reduce((total, one) => total + of(one), 0);
    return {
      broken,
      summary: [
        `${all.length} cuts; rows lost ${sum(({ lost }) => lost)}, doubled ${sum(({ doubled }) => doubled)}`,
        `paid again ${sum(({ paidAgain }) => paidAgain)} of ${sum(({ inFlight }) => inFlight)} calls in flight at the cuts of the provider's wire`,
      ],
    };
  },
};
export default suite;
