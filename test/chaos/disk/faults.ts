/**
 * One system call that fails in the middle of writing, by strace: the k-th write, sync or rename of a process. What is checked
 * afterwards is that nothing is torn and that the work goes on to the exact end.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { intentOf, NOW, openStore, outcomeOf, settlementOf, stagedRun } from '../../store/databases.js';

export interface Fault {
  target: 'store' | 'publication';
  call: 'pwrite64' | 'fdatasync' | 'fsync' | 'rename';
  error: 'ENOSPC' | 'EIO';
  /** Which of these calls fails, 1-based. */
  at: number;
}

export function faultName({ target, call, error, at }: Fault): string {
  return `${target}: ${call} ${at} -> ${error}`;
}

/** Why no fault can be injected here; null when one can. */
export function noFaults(): string | null {
  const tried = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO:when=1', 'true'], {
    encoding: 'utf8',
  });
  if (tried.error) return `strace cannot be started (${tried.error.message})`;
  return tried.status === 0 ? null : `strace: ${tried.stderr.trim().split('\n').at(-1)}`;
}

interface Said {
  lines: string[];
  /** True when the call came to be made, and failed. */
  injected: boolean;
}

/** Runs a TypeScript program under the fault, until it ends or has said so many lines. */
async function underFault(folder: string, fault: Fault, script: string, args: readonly string[], most: number): Promise<Said> {
  const log = join(folder, 'strace');
  const inject = `inject=${fault.call}:error=${fault.error}:when=${fault.at}`;
  const program = [process.execPath, '--import', 'tsx', script, ...args];
  const child = spawn('strace', ['-f', '-qq', '-o', log, '-e', `trace=${fault.call}`, '-e', inject, ...program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // strace counts the calls of each thread by itself.
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    // A group of its own: strace and the program end together.
    detached: true,
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length >= most && child.pid !== undefined && child.exitCode === null) {
      process.kill(-child.pid, 'SIGKILL');
      break;
    }
  }
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
  return { lines, injected: readFileSync(log, 'utf8').includes('(INJECTED)') };
}

const WRITER = fileURLToPath(new URL('../../store/writing-process.ts', import.meta.url));
const PUBLISHER = fileURLToPath(new URL('../../outputs/publish-program.ts', import.meta.url));
const MOST_LINES = 200;
const ROWS = 60;

async function faultOfStore(folder: string, fault: Fault): Promise<{ problems: string[]; injected: boolean }> {
  const problems: string[] = [];
  const location = { file: join(folder, 'store.db') };
  const staging = await openStore(location);
  await stagedRun(staging, 'r', 0);
  await staging.close();
  const input = JSON.stringify({ location, runId: 'r', from: 0, step: 1, callers: 4 });
  const { lines, injected } = await underFault(folder, fault, WRITER, [input], MOST_LINES);
  for (const line of lines)
    if (line.startsWith('failed') && !/^failed E_(STORE_WRITE|STATE_LOST) 7$/.test(line)) problems.push(line);

  const store = await openStore(location);
  try {
    await store.endOwners('/home/0', 'next', NOW);
    const calls = new Map((await store.calls('r', { from: 0, to: 1e6 })).map((call) => [call.index, call]));
    const done = await store.done('r', { from: 0, to: 1e6 });
    for (const line of lines) {
      const [what, index] = line.split(' ');
      if (what === 'intent' && !calls.has(Number(index))) problems.push(`acknowledged and lost: ${line}`);
      if (what === 'settled' && !done.has(Number(index))) problems.push(`acknowledged and lost: ${line}`);
    }
    for (let index = 0; index < ROWS; index += 1) {
      if (done.has(index)) continue;
      const intended = await store.intend(intentOf('r', index, { owner: 'next' }));
      if (intended.kind !== 'go') problems.push(`row ${index} cannot go on: ${intended.kind}`);
      else await store.settle(settlementOf('r', index, { attempt: intended.attempt, outcome: outcomeOf(index) }));
      done.add(index);
    }
    const { ok, seq, open, settledNano } = await store.totals('r');
    const found = JSON.stringify({ ok, seq, open, settledNano });
    const wanted = JSON.stringify({ ok: done.size, seq: done.size, open: 0, settledNano: 70 * done.size });
    if (found !== wanted) problems.push(`totals ${found}, not ${wanted}`);
  } finally {
    await store.close();
  }
  const database = new Database(location.file);
  const [integrity] = database.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
  database.close();
  if (integrity?.integrity_check !== 'ok') problems.push(`integrity_check: ${integrity?.integrity_check}`);
  return { problems, injected };
}

/** The files of a folder. */
function contents(folder: string): Map<string, string> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function published(out: string, rows: number): void {
  const ended = spawnSync(process.execPath, ['--import', 'tsx', PUBLISHER, out, String(rows), 'jsonl', '50'], {
    encoding: 'utf8',
  });
  if (ended.status !== 0 || ended.stdout.includes('"code"')) throw new Error(`not published: ${ended.stdout}${ended.stderr}`);
}

async function faultOfPublication(folder: string, fault: Fault): Promise<{ problems: string[]; injected: boolean }> {
  const problems: string[] = [];
  const out = mkdtempSync(join(folder, 'out-'));
  published(out, ROWS / 2);
  const before = contents(out);
  const { lines, injected } = await underFault(folder, fault, PUBLISHER, [out, String(ROWS), 'jsonl', '50'], MOST_LINES);
  const said = lines.join('');
  if (injected && !said.includes('"E_OUT_WRITE"')) problems.push(`the fault was not told: ${said}`);
  const between = contents(out);
  published(out, ROWS);
  const after = contents(out);
  for (const [name, text] of between)
    if (text !== before.get(name) && text !== after.get(name)) problems.push(`${name} is neither the old nor the new file`);
  if ((after.get('output.jsonl') ?? '').trimEnd().split('\n').length !== ROWS)
    problems.push('rows are missing after the second try');
  return { problems, injected };
}

/** What one fault broke; `injected` is false when the program never made that many calls. */
export async function runFault(fault: Fault): Promise<{ problems: string[]; injected: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-fault-'));
  try {
    return await (fault.target === 'store' ? faultOfStore : faultOfPublication)(folder, fault);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
