/** Plays a scenario and checks what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Findings } from './checker.js';
import { describeScenario, type Scenario, type Stroke } from './scenario.js';
import { Scene } from './scene.js';
import type { Undisturbed } from './undisturbed.js';

/** A run that has not ended this long after the last blow never will. */
const END_MS = 90_000;
const LOOK_MS = 10;

export interface Played extends Findings {
  scenario: Scenario;
  /** What was done, as `host`, `cli+host+server`. */
  blows: string[];
  ms: number;
}

/** Waits for the stroke's moment; false when the run ended before. */
async function untilMoment(scene: Scene, { share, afterMs }: Stroke, needed: number): Promise<boolean> {
  const calls = Math.floor((share ?? 0) * needed);
  for (const late = Date.now() + END_MS; ; await sleep(LOOK_MS)) {
    if (scene.files.out.has('receipt.json') || Date.now() > late) return false;
    if (scene.provider.billed().length >= calls) break;
  }
  await sleep(afterMs);
  return true;
}

async function strike(scene: Scene, stroke: Stroke, { attached }: Scenario): Promise<void> {
  const { kind, forMs, order, pauseMs } = stroke;
  const [target] = order;
  if (kind.endsWith('stalls')) {
    if (target !== undefined) await scene.stall(target, forMs);
    return;
  }
  await scene.kill(order, pauseMs);
  await sleep(forMs);
  if (kind === 'worker') await scene.startWorker();
  // A command that lives starts another host by itself; without one somebody has to.
  const nobody = scene.pidOf('cli') === null;
  if (attached && nobody) scene.type();
  else if (nobody && scene.pidOf('host') === null) await scene.home.swarm(['start']).ended;
  if (kind === 'all' && scene.hasWorker) await scene.startWorker();
}

async function play(scene: Scene, scenario: Scenario, needed: number): Promise<void> {
  // Before the run: it may be over by the time that another process has started.
  if (scenario.secondWorker) {
    await scene.home.run(['start']);
    await scene.startWorker();
  }
  if (scenario.attached) scene.type();
  else await scene.home.run(['run', scene.files.path, '--detach', '--yes']);
  for (const stroke of scenario.strokes) {
    if (!(await untilMoment(scene, stroke, needed))) break;
    await strike(scene, stroke, scenario);
  }
  await scene.untilEnded(END_MS);
}

/** Never throws for what the product does: that is in `broken`. */
export async function runScenario(scenario: Scenario, undisturbed: Undisturbed): Promise<Played> {
  const started = performance.now();
  const { rows, turns } = scenario.work;
  const expected = undisturbed.expected(rows, turns);
  const scene = await Scene.open(scenario.work, scenario.latency);
  let keep = false;
  try {
    await play(scene, scenario, expected.calls).catch((error: unknown) => scene.wrong.push(String(error)));
    await scene.leave();
    const findings = scene.findings(expected);
    const broken = findings.broken.map((line) => `${describeScenario(scenario)}\n      ${line}`);
    keep = broken.length > 0;
    return { ...findings, broken, scenario, blows: scene.blows.map(({ what }) => what), ms: performance.now() - started };
  } finally {
    await scene.close(keep);
  }
}
