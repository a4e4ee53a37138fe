/** Under the most open umask: what a run leaves behind is for its user alone to write, and in the home also to read. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { endEvent, SwarmHome } from '../support/swarm-home.js';

let bed: SwarmHome | null = null;
afterEach(() => bed?.close());

function everything(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return [folder, ...names.map((name) => join(folder, name))].filter((path) => !lstatSync(path).isSymbolicLink());
}

it('umask 000: a run, prompts by plain Temporal, an export -> nothing to write for others, nothing to read in the home', async () => {
  bed = await SwarmHome.create();
  const home = bed;
  const { path, out } = home.task('modes', { worker_model: 'sim/quick' }, ['a', 'b']);
  const open = (paths: readonly string[], bits: number) => paths.filter((name) => (lstatSync(name).mode & bits) !== 0);
  const swarm = async (...args: string[]) => {
    const umask = process.umask(0);
    const program = home.swarm(args);
    process.umask(umask);
    const ended = await program.ended;
    expect({ code: ended.code, stderr: ended.code === 0 ? '' : ended.stderr }).toEqual({ code: 0, stderr: '' });
    return ended.stdout;
  };
  const { run } = endEvent({ stdout: await swarm('run', path, '--json'), stderr: '' });
  const input = JSON.stringify({ prompts: ['x'], model: 'sim/quick' });
  const workflow = ['--task-queue', 'durable-swarm', '--type', 'swarmRun', '--workflow-id', 'plain'];
  await swarm('temporal', 'workflow', 'execute', ...workflow, '--input', input);
  await swarm('export', run, '--format', 'csv', '--out', join(home.folder, 'exported', 'rows.csv'));
  // While the host is at work, with all that it has open.
  const inHome = everything(home.home);
  expect(inHome.filter((name) => /(temporal-.*\.db-wal|runs\/[^/]+\/output\.jsonl)$/.test(name))).toHaveLength(2);
  expect(open(inHome, 0o077)).toEqual([]);
  const outputs = [...everything(out.dir), ...everything(join(home.folder, 'exported'))];
  expect(outputs.length).toBeGreaterThan(5);
  expect(open(outputs, 0o022)).toEqual([]);
});
