/** What `npm run build` makes of dist/: few files that need nothing of node_modules but what is native or Temporal's worker. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROGRAMS } from '../../scripts/programs.mjs';
import { MEMORY_ENVIRONMENT, SEMI_SPACE_MB } from '../../src/client/host/process.js';
import { packageRoot, packageVersion } from '../../src/package-info.js';

const files = readdirSync(PROGRAMS).filter((file) => file.endsWith('.js'));
const text = files.map((file) => readFileSync(join(PROGRAMS, file), 'utf8')).join('\n');

it('programs: packages copied into them -> the license of each lies beside', () => {
  const { dependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { dependencies: object };
  const copied = [
    ...Object.keys(dependencies).filter((name) => !/^(libsql$|@temporalio\/(worker|activity)$)/.test(name)),
    '@grpc/grpc-js',
  ];
  const licenses = readFileSync(join(PROGRAMS, 'THIRD_PARTY_LICENSES.txt'), 'utf8');
  expect(copied.filter((name) => !new RegExp(`^${name} \\d.* \\(.+\\)$`, 'm').test(licenses))).toEqual([]);
  expect(licenses).toContain('Permission is hereby granted, free of charge');
});

it('programs: paths of the machine that built them -> none', () => {
  expect(text).not.toContain(packageRoot);
});

it('swarm: as package.json names it -> runs', () => {
  const { bin } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { bin: { swarm: string } };
  expect(execFileSync(join(packageRoot, bin.swarm), ['--version'], { encoding: 'utf8' }).trim()).toContain(packageVersion);
});

it('the command: its first line -> the memory settings of the host', () => {
  const [line] = readFileSync(join(PROGRAMS, 'swarm.js'), 'utf8').split('\n', 1);
  const settings = Object.entries(MEMORY_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  expect(line).toBe(`#!/usr/bin/env -S ${settings.join(' ')} node --max-semi-space-size=${SEMI_SPACE_MB}`);
});
