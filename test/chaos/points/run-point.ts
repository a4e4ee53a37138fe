/** One run whose host dies at a named point; the command that started it goes on by itself with another host. */
import { fileURLToPath } from 'node:url';
import { until } from '../../host/host-support.js';
import type { Program } from '../../support/program.js';
import { endEvent } from '../../support/swarm-home.js';
import { check } from '../checker.js';
import type { Work } from '../rows.js';
import { Scene } from '../scene.js';
import type { Undisturbed } from '../undisturbed.js';
import { Front } from './front.js';
import type { Point, PointEnd } from './points.js';

const HOST = fileURLToPath(new URL('./host.mjs', import.meta.url));
const READY_MS = 90_000;

/** Throws when the point was never reached, or the run does not end. */
export async function runPoint(
  { name, rows, front, turns = 1, latencyMs = 10 }: Point,
  undisturbed: Undisturbed,
): Promise<PointEnd> {
  // A turn is an activity of its own where each row is a child.
  const work: Work = { rows, turns, sliceSize: turns === 1 ? rows : 1, workers: 1 };
  let host: Program | null = null;
  let door: Front | null = null;
  let struckAt: number | null = null;
  const open = async (url: string) => {
    if (front === null) return url;
    door = await Front.open(url, front, async () => {
      struckAt = Date.now();
      await host?.stop('SIGKILL');
    });
    return door.url;
  };
  const scene = await Scene.open(work, String(latencyMs), { keys: { checkpoint_every: 1 }, door: open });
  try {
    host = scene.home.node([HOST, name]);
    const { pid, ended: died } = host;
    void died.then(() => door?.release());
    await until('the host is ready', () => scene.home.host()?.pid === pid, READY_MS);
    const cli = scene.type();
    const how = await Promise.race([died, cli.ended]);
    const gone = Date.now();
    if (how.signal !== 'SIGKILL') throw new Error(`the run ended before "${name}" was reached: ${how.stderr.slice(-500)}`);
    const ended = await scene.untilEnded(READY_MS);
    if (ended === null) throw new Error(`after "${name}": ${scene.wrong.join('; ')}`);
    await scene.leave();
    const calls = scene.provider.calls();
    const from = struckAt ?? Number(/^died at (\d+)$/m.exec(how.stdout)?.[1]);
    if (!(from <= gone)) throw new Error(`the host did not tell when it reached "${name}"`);
    const blows = [{ what: name, from, until: gone, sockets: true }];
    const findings = check({ expected: undisturbed.expected(rows, turns), out: scene.files.out, calls, blows });
    return { findings, state: endEvent(ended).state, wrong: scene.wrong };
  } finally {
    await scene.close();
    await (door as Front | null)?.close();
  }
}
