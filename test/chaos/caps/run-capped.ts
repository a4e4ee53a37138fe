/** Plays a capped run: up to its cap, through blows, then to the end with a higher one. */

import { setTimeout as sleep } from 'node:timers/promises';
import { userMessage } from '../../../src/core/conversation/message.js';
import { EXIT } from '../../../src/core/errors.js';
import { nanoToUsd, SIM_PRICE, worstCostOf } from '../../../src/core/money/price.js';
import { maxInputTokens } from '../../../src/pricing/estimate.js';
import { known } from '../../support/known.js';
import { spentUsd } from '../../support/provider.js';
import { type EndEvent, endEvent } from '../../support/swarm-home.js';
import type { Findings } from '../checker.js';
import { seedsOf } from '../rows.js';
import { Scene } from '../scene.js';
import { Undisturbed } from '../undisturbed.js';
import { type CappedScenario, describeCapped } from './draw.js';

const END_MS = 120_000;
const LOOK_MS = 5;
/** USD; sums of doubles. */
const NOISE = 1e-9;
/** Of the cap, when one call is less. */
const MOST_UNUSED = 0.02;

/** When it stopped at the cap. USD. */
export interface AtCap {
  cap: number;
  worst: number;
  billed: number;
  settled: number;
  doubtful: number;
  unused: number;
  rows: number;
}

export interface PlayedCapped {
  scenario: CappedScenario;
  broken: string[];
  atCap: AtCap | null;
  findings: Findings | null;
  blows: string[];
  ms: number;
}

const round = (usd: number) => Math.round(usd * 1e9) / 1e9;

/** The most that one call of the rows may cost, as the engine reserves it. */
function worstUsd({ work, maxTokens }: CappedScenario): number {
  const tokens = seedsOf(work.rows).map((content) => maxInputTokens([userMessage(content)]));
  return nanoToUsd(worstCostOf(SIM_PRICE, { input: Math.max(...tokens), maxOutput: maxTokens }));
}

async function strike(scene: Scene, { blows, work, share }: CappedScenario, from: number): Promise<void> {
  for (const blow of blows) {
    const calls = from + Math.floor(blow.share * share * work.rows);
    for (const late = Date.now() + END_MS; scene.provider.billed().length < calls; await sleep(LOOK_MS)) {
      if (scene.files.out.has('receipt.json') || Date.now() > late) return;
    }
    await scene.kill(blow.targets);
    await sleep(blow.forMs);
    if (scene.pidOf('cli') === null) scene.type();
  }
}

/** What holds when a run has stopped at its cap. */
function judgeStop(scene: Scene, event: EndEvent, cap: number, worst: number): AtCap {
  const { counts, calls, money } = scene.files.out.receipt();
  const [settled, doubtful] = [known(money.settled_usd), known(money.doubtful_usd)];
  const holds = (what: string, held: boolean) => {
    if (!held) scene.wrong.push(what);
  };
  const billed = spentUsd(scene.provider.billed());
  const unused = round(cap - settled - doubtful);
  holds(`the run ended as ${event.state}`, event.state === 'capped' && event.exit_code === EXIT.capped);
  holds(`the provider billed ${billed}, the cap is ${cap}`, billed <= cap + NOISE);
  holds(`${money.total_usd} is charged, the cap is ${cap}`, known(money.total_usd) <= cap + NOISE);
  holds(`${unused} of ${cap} was not used, one call may cost ${worst}`, unused <= Math.max(MOST_UNUSED * cap, worst) + NOISE);
  holds(`${calls.open} calls are open, ${money.reserved_usd} is reserved`, calls.open === 0 && money.reserved_usd === 0);
  holds(`the counts are ${JSON.stringify(counts)}`, counts.ok + counts.failed + counts.pending === counts.total);
  return {
    cap,
    worst,
    billed,
    settled,
    doubtful,
    unused,
    rows: counts.ok + counts.failed,
  };
}

async function play(scene: Scene, scenario: CappedScenario, needed: number): Promise<AtCap | null> {
  const worst = worstUsd(scenario);
  const cap = Math.max(round(scenario.share * needed), worst);
  const cli = scene.type(['--max-cost', String(cap)]);
  const run = await scene.home.runId(cli);
  await strike(scene, scenario, 0);
  const stopped = await scene.untilEnded(END_MS, [EXIT.capped]);
  if (stopped === null) return null;
  const atCap = judgeStop(scene, endEvent(stopped), cap, worst);
  // Calls in doubt are charged, too: what the blows may cost is in it.
  const enough = round(2 * needed + 4 * scenario.work.workers * worst);
  if (scenario.goesOnBy === 'run') {
    scene.type(['--max-cost', String(enough)]);
    await scene.untilEnded(END_MS);
  } else {
    await scene.home.run(['resize', run, '--max-cost', String(enough)]);
    const watched = await scene.home.swarm(['watch', run, '--json']).ended;
    const { state } = endEvent(watched);
    if (state !== 'completed') scene.wrong.push(`after resize the run ended as ${state}, exit ${watched.code}`);
  }
  return atCap;
}

/** Never throws for what the product does: that is in `broken`. */
export async function runCapped(scenario: CappedScenario): Promise<PlayedCapped> {
  const started = performance.now();
  const { work, latency, answerTokens, maxTokens } = scenario;
  const provider = ['--answer-tokens', answerTokens];
  const keys = { worker_max_tokens: maxTokens };
  const scene = await Scene.open(work, latency, { provider, keys });
  let keep = false;
  try {
    const undisturbed = await Undisturbed.run(scene.home, work.rows, [work.turns], { provider, keys });
    const expected = undisturbed.expected(work.rows, work.turns);
    const atCap = await play(scene, scenario, expected.costUsd).catch((error: unknown) => {
      scene.wrong.push(String(error));
      return null;
    });
    await scene.leave();
    const findings = scene.findings(expected);
    const broken = findings.broken.map((line) => `${describeCapped(scenario)}\n      ${line}`);
    keep = broken.length > 0;
    const blows = scene.blows.map(({ what }) => what);
    return { scenario, broken, atCap, findings, blows, ms: performance.now() - started };
  } finally {
    await scene.close(keep);
  }
}
