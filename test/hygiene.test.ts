import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingOptional } from '../scripts/complete-lockfile.mjs';
import { root } from './support/source-files.js';

interface TrackedFile {
  path: string;
  text: string;
}

interface LockedPackage {
  version: string;
  resolved?: string;
  integrity?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
}

function lockfile(): { packages: Record<string, LockedPackage> } {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
}

/** Text files that git knows; binary ones and those deleted in the working tree are left out. */
function trackedFiles(): TrackedFile[] {
  const paths = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
  return paths
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
    .filter(({ text }) => !text.includes('\0'));
}

/** Matches as `file:line text`, the text cut to 60 characters. */
function matches(files: readonly TrackedFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map(
      (match) => `${path}:${text.slice(0, match.index).split('\n').length} ${match[0].slice(0, 60)}`,
    ),
  );
}

// Put together from parts, or this file would name them itself.
const REGISTRIES = [
  ['npmjs', 'org'],
  ['npmjs', 'com'],
  ['yarnpkg', 'com'],
  ['npmmirror', 'com'],
  ['pypi', 'org'],
  ['proxy', 'golang', 'org'],
].map((parts) => parts.join('\\.'));
// `node` is the user of the official image, `ada` the made-up user of the tests.
const MACHINE_FOLDERS = ['work', 'root', 'home\\/(?!node\\/|ada\\/)[a-z]\\w*'].join('|');

const files = existsSync(join(root, '.git')) ? trackedFiles() : null;

// A copy without git (an unpacked archive) has no list of tracked files.
describe.skipIf(files === null)('tracked files', () => {
  const tracked = files ?? [];

  it('package registries: any file -> names no host of one', () => {
    expect(tracked.length).toBeGreaterThan(0);
    expect(
      matches(tracked, new RegExp(`\\b(?:${REGISTRIES.join('|')})\\b|https?://[\\w.-]*(?:artifactory|verdaccio)[\\w.-]*`, 'gi')),
    ).toEqual([]);
  });

  it('paths: any file -> no folder of the machine that it was written on', () => {
    expect(matches(tracked, new RegExp(`(?<![\\w.~*})-])\\/(?:${MACHINE_FOLDERS})\\/[^\\s]*`, 'g'))).toEqual([]);
  });

  it('package-lock.json: every package -> no address; a checksum, but for binaries of other platforms', () => {
    const lock = lockfile();
    const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
    expect(packages.filter(([, locked]) => locked.resolved !== undefined).map(([path]) => path)).toEqual([]);
    const unchecked = packages.filter(([, locked]) => locked.integrity === undefined);
    expect(unchecked.filter(([, locked]) => !(locked.optional && locked.os && locked.cpu)).map(([path]) => path)).toEqual([]);
  });

  it('package-lock.json: binaries of all platforms -> have an entry, or npm ci refuses the file', () => {
    expect(missingOptional(lockfile()).map(({ name }) => `${name}: run npm run lockfile:complete`)).toEqual([]);
  });

  it('line ends: any file but fixtures -> LF, with one at the end', () => {
    const own = tracked.filter(({ path }) => !path.startsWith('test/fixtures/'));
    expect(own.filter(({ text }) => text.includes('\r\n')).map(({ path }) => path)).toEqual([]);
    expect(own.filter(({ text }) => text !== '' && !text.endsWith('\n')).map(({ path }) => path)).toEqual([]);
  });
});
