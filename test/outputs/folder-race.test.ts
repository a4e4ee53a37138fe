/** Two processes that want one folder: exactly one gets it, and the other is told who has it. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { MARKER_FILE, readMarker } from '../../src/outputs/folder.js';
import { PATIENCE } from '../support/patience.js';

vi.setConfig(PATIENCE);

const ROUNDS = 200;

interface Answer {
  won: boolean;
  code?: string;
  exitCode?: number;
  message?: string;
}

let root = '';
let children: ChildProcess[] = [];

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null) => reject(new Error(`the process ended with ${code}`));
    child.once('exit', gone);
    child.once('message', (message) => {
      child.off('exit', gone);
      resolve(message as T);
    });
  });
}

function start(): ChildProcess {
  return fork(fileURLToPath(new URL('./claiming-process.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
}

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'swarm-race-')));
  children = [start(), start()];
  await Promise.all(children.map((child) => answer(child)));
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

async function race(dir: string, replace: boolean): Promise<{ winner: number; loser: Answer }> {
  const answers = children.map((child) => answer<Answer>(child));
  children.forEach((child, place) => void child.send({ dir, run: `run-${place}`, replace }));
  const ended = await Promise.all(answers);
  const winner = ended.findIndex(({ won }) => won);
  expect(ended.filter(({ won }) => won)).toHaveLength(1);
  return { winner, loser: ended[1 - winner] as Answer };
}

it(`claim: ${ROUNDS} folders, each wanted by two processes at once -> one wins, the other is told pid, time and run (exit 6)`, async () => {
  const wins = [0, 0];
  for (let round = 0; round < ROUNDS; round += 1) {
    const dir = join(root, `new-${round}`);
    mkdirSync(dir);
    const { winner, loser } = await race(dir, false);
    wins[winner] = (wins[winner] ?? 0) + 1;
    expect(loser).toMatchObject({ code: 'E_LOCKED', exitCode: 6 });
    expect(loser.message).toMatch(
      new RegExp(`run run-${winner} of /home/run-${winner}, held by process ${children[winner]?.pid} since 20`),
    );
    expect((await readMarker(dir))?.run).toBe(`run-${winner}`);
  }
  process.stdout.write(`  wins ${wins.join(' and ')}\n`);
});

it('claim: a folder whose holder died, taken over by two at once -> one wins, exit 6 for the other', async () => {
  const dead = { pid: 2 ** 22 + 1, since: 1, machine: hostname(), start: null };
  for (let round = 0; round < 20; round += 1) {
    const dir = join(root, `dead-${round}`);
    mkdirSync(dir);
    writeFileSync(
      join(dir, MARKER_FILE),
      JSON.stringify({ run: 'old', home: '/h', fingerprint: 'f', createdAt: 1, holder: dead }),
    );
    const { winner, loser } = await race(dir, true);
    expect(loser).toMatchObject({ code: 'E_LOCKED', exitCode: 6 });
    expect((await readMarker(dir))?.run).toBe(`run-${winner}`);
  }
});
