/** Homes and current folders that nobody expects: each ends with an error that says what to do, or works. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { CLI, endEvent, SwarmHome } from '../support/swarm-home.js';

let bed: SwarmHome | null = null;
afterEach(async () => {
  await bed?.close();
  bed = null;
});

it('the current folder was removed -> E_FOLDER_GONE, exit 2; a folder in its place -> works', async () => {
  bed = await SwarmHome.create();
  const env = { ...bed.env, CLI, NODE: process.execPath };
  const swarm = (script: string) =>
    spawnSync('/bin/sh', ['-c', script], { cwd: bed?.folder, env, encoding: 'utf8', timeout: 30_000 });
  const gone = swarm('mkdir gone && cd gone && rmdir ../gone && exec "$NODE" "$CLI" runs');
  expect({ status: gone.status, stdout: gone.stdout }).toEqual({ status: 2, stdout: '' });
  expect(gone.stderr).toMatch(/^E_FOLDER_GONE: the current folder is not there any more[\s\S]*fix: cd to a folder/);
  // As its fix says.
  const again = swarm('mkdir gone && cd gone && rmdir ../gone && mkdir ../gone && cd "$PWD" && exec "$NODE" "$CLI" runs');
  expect(again.status).toBe(0);
});

it.skipIf(!existsSync('/proc/self'))('a home where no folder can be made -> E_HOME at once, exit 7', async () => {
  bed = await SwarmHome.create();
  const { stderr, ms } = await bed.run(['start'], 7, { SWARM_HOME: '/proc/none/of/it' });
  expect(stderr).toContain(
    "E_HOME /proc/none/of/it: the folder cannot be used: ENOENT: no such file or directory, mkdir '/proc/none'",
  );
  expect(ms).toBeLessThan(20_000);
  const { path } = bed.task('nowhere', { worker_model: 'sim/quick', output_dir: '/proc/none/of/it' }, ['a']);
  expect((await bed.run(['run', path], 2)).stderr).toContain('E_OUT_DIR /proc/none/of/it: the output folder cannot be made');
});

it('#, ? and % in the path of the home -> a run, a killed host and another run, all of it in the home', async () => {
  bed = await SwarmHome.create({}, 'a#b?c%41 %zz');
  const first = bed.task('first', { worker_model: 'sim/quick' }, ['a', 'b']);
  expect(endEvent(await bed.run(['run', first.path, '--json'])).ok).toBe(2);
  await bed.killHost();
  const second = bed.task('second', { worker_model: 'sim/quick' }, ['a', 'b']);
  expect(endEvent(await bed.run(['run', second.path, '--json'])).ok).toBe(2);
  expect(readdirSync(bed.home).filter((name) => /^(store|temporal-[\d.]+)\.db$/.test(name))).toHaveLength(2);
  expect(readdirSync(bed.folder).toSorted()).toEqual(['a#b?c%41 %zz', 'first', 'second']);
  expect(existsSync(join(bed.folder, 'a'))).toBe(false);
});
