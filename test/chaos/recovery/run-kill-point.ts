/** One run whose host is killed, and the hosts that take over are struck: the command that follows it has to bring it to its end. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../../support/program.js';
import { endEvent } from '../../support/swarm-home.js';
import type { Blow, Findings } from '../checker.js';
import type { Work } from '../rows.js';
import { Scene } from '../scene.js';
import type { Undisturbed } from '../undisturbed.js';
import type { KillPoint } from './table.js';

const HOOK = new URL('./hook.mjs', import.meta.url).href;

/** Of each run. Answers are left for the last recovery of the longest row of deaths. */
export const RECOVERED: Work = { rows: 320, turns: 1, sliceSize: 16, workers: 16 };
const LATENCY = 'lognormal:120,0.3';
/** A second command needs a moment to begin. */
const WATCHED_LATENCY = 'lognormal:400,0.3';
/** The first host dies with so many answers. */
const FIRST_AT = 25;
/** A run that has not ended so long after the first death does not go on. */
const END_MS = 90_000;
/** Nothing of a process is left so long after its SIGKILL. */
const GONE_MS = 250;

interface Death {
  at: number;
  server: number | null;
  host: boolean;
}

export interface Recovered extends Findings {
  /** From the first death to the end of the command. */
  ms: number;
}

function blowsOf(point: KillPoint, deaths: readonly Death[]): Blow[] {
  return deaths.map(({ at, host }, n) => ({
    what: point.strokes[n]?.name ?? '',
    from: at,
    until: at + GONE_MS,
    sockets: host,
  }));
}

/** The command that follows the run, once it does and some calls were made. */
async function started(scene: Scene, follower: KillPoint['follower']): Promise<Program> {
  if (follower === 'run' || follower === 'run again') {
    const cli = scene.type();
    await scene.provider.untilBilled(FIRST_AT);
    return cli;
  }
  const run =
    follower === 'watch detached'
      ? (await scene.home.run(['run', scene.files.path, '--detach', '--yes'])).stdout.trim()
      : await scene.home.runId(scene.type());
  const watch = scene.home.swarm(['watch', run, '--json']);
  await watch.says(/"event":"progress"/);
  await scene.provider.untilBilled(FIRST_AT);
  return watch;
}

function readDeaths(file: string): Death[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Death);
}

async function follow(scene: Scene, cli: Program): Promise<string[]> {
  const ended = await Promise.race([cli.ended, sleep(END_MS, null, { ref: false })]);
  if (ended === null) return [`the command had not ended ${END_MS / 1000} s after the first death: ${cli.stderr.slice(-600)}`];
  const wrong: string[] = [];
  if (ended.code !== 0 && ended.code !== 1) wrong.push(`the command ended with ${ended.code}: ${ended.stderr.slice(-600)}`);
  else if (endEvent(ended).state !== 'completed') wrong.push(`the run ended as ${endEvent(ended).state}`);
  return [...wrong, ...scene.wrong];
}

/** Never throws for what the product does: that is in `broken`. */
export async function runKillPoint(point: KillPoint, undisturbed: Undisturbed): Promise<Recovered> {
  const expected = undisturbed.expected(RECOVERED.rows, RECOVERED.turns);
  const scene = await Scene.open(RECOVERED, point.follower.startsWith('watch') ? WATCHED_LATENCY : LATENCY, {
    env: { NODE_OPTIONS: `--import ${HOOK}` },
  });
  const { home } = scene.home;
  // The first host is killed from outside.
  writeFileSync(`${home}.strokes`, JSON.stringify([null, ...point.strokes]));
  let broken: string[] = [];
  try {
    const cli = await started(scene, point.follower);
    await scene.kill(['watch', 'run again'].includes(point.follower) ? ['cli', 'host'] : ['host']);
    const first = performance.now();
    broken = await follow(scene, point.follower === 'run again' ? scene.type() : cli);
    const ms = performance.now() - first;
    const deaths = readDeaths(`${home}.struck`);
    if (deaths.length !== point.strokes.length) broken.push(`${deaths.length} of ${point.strokes.length} moments came`);
    await scene.leave();
    scene.blows.push(...blowsOf(point, deaths));
    const found = scene.findings(expected);
    broken.push(...found.broken.filter((line) => !broken.includes(line)));
    return { ...found, broken: broken.map((line) => `${point.name}: ${line}`), ms };
  } finally {
    await scene.close(broken.length > 0);
  }
}
