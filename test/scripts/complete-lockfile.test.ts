import { describe, expect, it } from 'vitest';
import { completeLockfile, missingOptional, platformOf } from '../../scripts/complete-lockfile.mjs';

const lockfile = () => ({
  packages: {
    '': { version: '1.0.0' },
    'node_modules/tool': {
      version: '2.0.0',
      dev: true,
      optionalDependencies: { '@tool/darwin-arm64': '2.0.0', '@tool/linux-x64-musl': '2.0.0', nested: '1.0.0' },
    },
    'node_modules/tool/node_modules/nested': { version: '1.0.0' },
    'node_modules/@tool/linux-x64-musl': { version: '2.0.0', optional: true },
  },
});

describe('completeLockfile', () => {
  it('one binary left out -> added in order, with version and platform', () => {
    const lock = lockfile();
    expect(missingOptional(lock).map(({ name }) => name)).toEqual(['@tool/darwin-arm64']);
    expect(completeLockfile(lock)).toEqual(['@tool/darwin-arm64@2.0.0']);
    expect(Object.keys(lock.packages).slice(0, 2)).toEqual(['', 'node_modules/@tool/darwin-arm64']);
    expect(lock.packages).toMatchObject({
      'node_modules/@tool/darwin-arm64': { version: '2.0.0', dev: true, optional: true, os: ['darwin'], cpu: ['arm64'] },
    });
    expect(completeLockfile(lock)).toEqual([]);
  });

  it('a range instead of a version -> refused', () => {
    const lock = {
      packages: { 'node_modules/tool': { version: '1.0.0', optionalDependencies: { 'fsevents-darwin-x64': '~2.3.2' } } },
    };
    expect(() => completeLockfile(lock)).toThrow('fsevents-darwin-x64@~2.3.2: not an exact version');
  });
});

describe('platformOf', () => {
  it.each([
    ['@biomejs/cli-linux-x64-musl', { os: ['linux'], cpu: ['x64'], libc: ['musl'] }],
    ['@swc/core-win32-arm64-msvc', { os: ['win32'], cpu: ['arm64'] }],
    ['@oxc-parser/binding-linux-s390x-gnu', { os: ['linux'], cpu: ['s390x'], libc: ['glibc'] }],
    ['@oxc-parser/binding-android-arm-eabi', { os: ['android'], cpu: ['arm'] }],
  ])('%s -> its platform', (name, platform) => {
    expect(platformOf(name)).toEqual(platform);
  });

  it('a name without a platform -> refused', () => {
    expect(() => platformOf('fsevents')).toThrow('does not say one system and one processor');
  });
});
