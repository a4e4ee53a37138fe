/** A run under which a key, the credit or a model ends, over several processes; then the mend, and the run to its end. */
import { until } from '../../host/host-support.js';
import { FrontDoor } from '../../support/front-door.js';
import { known } from '../../support/known.js';
import { type Provider, paidTwice, spentUsd } from '../../support/provider.js';
import type { TaskFiles } from '../../support/run-folder.js';
import { endEvent } from '../../support/swarm-home.js';
import { CANARY_ENV, newCanary } from '../canary.js';
import { chaosTask, isHeldBack, type Work } from '../rows.js';
import type { Team } from '../team.js';
import { type EndingKind, endsNow, NEXT_MODEL, RESTS } from './ending.js';
import type { Trail } from './trail.js';

/** In all processes calls leave no later than this after the stop was committed. */
const LAST_SEND_MS = 1_000;
const RUN_MS = 300_000;

export interface Ending {
  kind: EndingKind;
  work: Work;
  /** The key, credit or model ends once so many calls came, and all processes have some under way. */
  after: number;
  latency: string;
}

export interface Played {
  broken: string[];
  /** What was measured, a line each. */
  found: string[];
}

interface Scene {
  team: Team;
  trail: Trail;
  door: FrontDoor;
  provider: Provider;
  files: TaskFiles;
}

/** Plays it on a team whose workers are numbered from 0 to `workers` - 1. */
export async function runEnded(team: Team, trail: Trail, workers: number, ending: Ending): Promise<Played> {
  const { kind, work, after, latency } = ending;
  const provider = await team.home.provider(['--latency', latency]);
  const door = await FrontDoor.open(provider.url);
  try {
    const files = chaosTask(team.home, `${kind}-ends`, door.url, work);
    const scene = { team, trail, door, provider, files };
    const program = team.home.swarm(['run', files.path, '--json', '--yes']);
    await until(`${after} calls`, () => door.calls.length >= after, RUN_MS);
    await team.untilAllHold(await team.home.runId(program));
    const came = door.calls.length;
    door.rule = endsNow(kind);
    const rest = await program.ended;
    const { run, state, reason } = endEvent(rest);
    const broken: string[] = [];
    const { reason: wanted, code } = RESTS[kind];
    if (state !== 'paused' || reason !== wanted || rest.code !== code)
      broken.push(`it is ${state} for ${reason} with exit ${rest.code}, not paused for ${wanted} with ${code}`);
    if (!new RegExp(`^go on when it is mended: .* resume ${run}$`, 'm').test(rest.stderr))
      broken.push(`it does not say how to go on: ${rest.stderr.slice(-400)}`);
    const sends = await lookAtSends(scene, run, workers);
    const before = provider.billed().length;
    await mend(scene, kind, { run, workers, work });
    const held = (await trail.stop(run)).after;
    if (held > 0) broken.push(`${held} intents were committed after the stop`);
    broken.push(...sends.broken, ...(await lookAtRows(scene, run, work.rows)));
    const { calls } = door;
    const turned = calls.filter(({ refused }) => refused !== null).length;
    return {
      broken,
      found: [
        `${kind} ended after ${came} calls; refused ${turned}, answered before the pause ${before}; paused: ${wanted}, exit ${rest.code}`,
        ...sends.found,
        `after the mend ${work.rows} rows, ${provider.billed().length} calls billed, ${paidTwice(provider.billed()).length} paid again`,
      ],
    };
  } finally {
    await door.close();
    await provider.stop();
  }
}

/** While the run rests: what was sent after the stop, by which process, on the clock of the door and of the store. */
async function lookAtSends({ team, trail, door }: Scene, run: string, workers: number): Promise<Played> {
  const stop = await trail.stop(run);
  const first = door.calls.find(({ refused }) => refused !== null);
  const open = door.calls.filter(
    ({ t, endedAt, refused }) => t <= stop.at && refused === null && (endedAt ?? stop.at) >= stop.at,
  );
  const processes = await team.processes(run);
  const last = new Map<string, number>();
  for (const { t, id } of door.calls) {
    const name = processes.get(id) ?? 'nobody';
    last.set(name, Math.max(last.get(name) ?? Number.NEGATIVE_INFINITY, t - stop.at));
  }
  const broken = [...last].flatMap(([name, ms]) =>
    ms > LAST_SEND_MS ? [`${name} sent ${Math.round(ms)} ms after the stop`] : [],
  );
  if (last.has('nobody')) broken.push('a call came that the store does not know');
  if (last.size !== workers + 1) broken.push(`calls were made by ${[...last.keys()].join(', ')} alone`);
  if (stop.after > 0) broken.push(`${stop.after} intents were committed while it rests`);
  const sends = [...last].sort().map(([name, ms]) => `${name} ${Math.round(ms)} ms`);
  return {
    broken,
    found: [
      `stop committed ${Math.round(stop.at - (first?.t ?? stop.at))} ms after the first refusal, ${open.length} calls at the provider, ${stop.intents} intents before it and ${stop.after} after it`,
      `last send after the commit (negative: before): ${sends.join(', ')}`,
    ],
  };
}

/** As a person would, then to the end. Throws when the run does not end as it should. */
async function mend(
  { team, door, files }: Scene,
  kind: EndingKind,
  about: { run: string; workers: number; work: Work },
): Promise<void> {
  const { home } = team;
  const { run, workers, work } = about;
  // Rows that the model holds back fail.
  const code = 1;
  if (kind === 'model') {
    chaosTask(home, 'model-ends', door.url, work, { worker_model: NEXT_MODEL });
    await home.run(['run', files.path, '--changed', 'keep', '--json', '--yes'], code);
    return;
  }
  const env = kind === 'key' ? { [CANARY_ENV]: newCanary() } : {};
  if (kind === 'credit') door.rule = () => null;
  else {
    // Theirs is in their environment.
    for (let at = 0; at < workers; at += 1) {
      await team.worker(at).stop('SIGTERM', 40_000);
      await team.startWorker(at, env);
    }
  }
  await home.run(['resume', run], 0, env);
  await home.run(['watch', run, '--json'], code);
}

/** Every row once, nothing paid again, and the books agree. */
async function lookAtRows({ team, provider, files }: Scene, run: string, rows: number): Promise<string[]> {
  const broken: string[] = [];
  const holds = (held: boolean, found: string) => void (held || broken.push(found));
  const [ok, failed] = [files.out.ok(), files.out.failed()];
  const ended = [...ok, ...failed].map(({ index }) => index).sort((a, b) => a - b);
  const all = Array.from({ length: rows }, (_, index) => index);
  holds(ended.length === rows && ended.every((index, at) => index === at), `${ended.length} ends for ${rows} rows`);
  const heldBack = all.filter(isHeldBack).join();
  holds(failed.map(({ index }) => index).join() === heldBack, `other rows failed than those held back: ${failed.length}`);
  const billed = provider.billed();
  holds(billed.length === rows, `${billed.length} calls were billed for ${rows} rows`);
  holds(paidTwice(billed).length === 0, `${paidTwice(billed).length} calls were paid again`);
  const { calls, money } = files.out.receipt();
  holds(calls.open === 0 && calls.doubtful === 0, `${calls.open} calls are open, ${calls.doubtful} doubtful`);
  const differs = Math.abs(known(money.total_usd) - spentUsd(billed));
  holds(differs < 1e-9, `the receipt says ${money.total_usd} USD, the provider ${spentUsd(billed)}`);
  const verified = await team.home.swarm(['receipt', run, '--verify']).ended;
  holds(verified.stdout.includes('everything adds up'), `receipt --verify: ${verified.stdout}${verified.stderr}`);
  return broken;
}
