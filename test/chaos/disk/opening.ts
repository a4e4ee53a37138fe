/**
 * A folder that fails when a run's next epoch is opened: every command that waits for the run says why and ends, and the same command goes
 * on once the folder is mended.
 */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Provider, paidTwice } from '../../support/provider.js';
import { endEvent, type SwarmHome } from '../../support/swarm-home.js';

interface OpeningFault {
  name: string;
  breakFolder(dir: string): void;
  mend(dir: string): void;
  /** What the commands say. */
  said: RegExp;
  /** False: the check of `swarm run` sees it before anything is started (exit 2). */
  unseen: boolean;
}

const aside = (dir: string) => `${dir}-aside`;
const lock = (dir: string) => join(dir, '.durable-swarm.lock');

export const OPENING_FAULTS: readonly OpeningFault[] = [
  {
    name: 'a file in place of the folder',
    breakFolder: (dir) => {
      renameSync(dir, aside(dir));
      writeFileSync(dir, 'no folder');
    },
    mend: (dir) => {
      rmSync(dir);
      renameSync(aside(dir), dir);
    },
    said: /E_OUT_WRITE .*EEXIST/s,
    unseen: false,
  },
  {
    name: 'a folder in place of its lock',
    breakFolder: (dir) => mkdirSync(lock(dir)),
    mend: (dir) => rmSync(lock(dir), { recursive: true }),
    said: /E_OUT_TARGET/,
    unseen: true,
  },
  {
    name: 'a link to nowhere in place of its lock',
    breakFolder: (dir) => symlinkSync('/nowhere/at/all', lock(dir)),
    mend: (dir) => rmSync(lock(dir)),
    said: /E_OUT_TARGET/,
    unseen: true,
  },
];

const ROWS = 12;
const EXIT_DISK = 7;

/** What was broken, a line each. `provider` filters some rows out. */
export async function runOpeningFault(home: SwarmHome, provider: Provider, fault: OpeningFault): Promise<string[]> {
  const problems: string[] = [];
  provider.forget();
  const name = fault.name.replaceAll(' ', '-');
  const seeds = Array.from({ length: ROWS }, (_, index) => `${name}, row ${index}`);
  const files = home.task(name, { worker_model: 'm', worker_api_base: provider.url, workers: 4 }, seeds);
  const first = endEvent(await home.run(['run', files.path, '--json'], 1));
  const { run } = first;

  fault.breakFolder(files.out.dir);
  const commands = [
    ['retry', run],
    ['resume', run],
    ['watch', run],
    ['retry', run, '--detach'],
    ['run', files.path],
  ];
  for (const command of commands) {
    const { code, stdout, stderr } = await home.swarm(command).ended;
    const checked = command[0] === 'run' && !fault.unseen;
    if (code !== (checked ? 2 : EXIT_DISK)) problems.push(`swarm ${command.join(' ')}: exit ${code}: ${stderr.slice(-600)}`);
    if (!checked && !fault.said.test(stdout + stderr))
      problems.push(`swarm ${command[0]} does not say why: ${stderr.slice(-600)}`);
    const { state, reason } = await home.status(run);
    if (state !== 'paused' || reason !== 'disk') problems.push(`after swarm ${command[0]}: ${state} (${reason})`);
  }

  fault.mend(files.out.dir);
  const again = await home.swarm(['retry', run, '--json']).ended;
  const end = endEvent(again);
  if (end.state !== 'completed' || end.ok + end.failed !== ROWS) problems.push(`mended: ${JSON.stringify(end)}`);
  const rows = [...files.out.ok(), ...files.out.failed()].length;
  if (rows !== ROWS) problems.push(`${rows} rows in the folder, not ${ROWS}`);
  const failedBefore = first.failed;
  const twice = paidTwice(provider.billed()).length;
  if (twice > failedBefore) problems.push(`${twice} rows were paid twice, ${failedBefore} were to be done again`);
  return problems;
}
