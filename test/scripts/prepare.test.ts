import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { contentHash, filesUnder, outputMarks, stampHolds, writeStamp } from '../../scripts/fingerprint.mjs';
import { installDifference, installNeeded } from '../../scripts/install.mjs';
import { nodeProblem, OLDEST_NODE } from '../../scripts/node-version.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swarm-prepare-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('nodeProblem', () => {
  it('engines of package.json -> the same oldest version', () => {
    expect(packageJson.engines.node).toBe(`>=${OLDEST_NODE.join('.')}`);
  });

  it.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0'])('Node %s -> no problem', (version) => {
    expect(nodeProblem(version)).toBeNull();
  });

  it.each(['16.20.2', '18.20.0', '20.9.0', '20.18.9'])('Node %s -> names what is needed and what is there', (version) => {
    expect(nodeProblem(version)).toContain(`needs Node 20.19 or newer; this is Node ${version}`);
  });
});

describe('installDifference', () => {
  const lock = (packages: Record<string, { version: string; optional?: boolean }>) => ({ packages: { '': {}, ...packages } });

  it('same packages -> null', () => {
    expect(
      installDifference(lock({ 'node_modules/a': { version: '1.0.0' } }), lock({ 'node_modules/a': { version: '1.0.0' } })),
    ).toBeNull();
  });

  it('a package is missing -> says which', () => {
    expect(installDifference(lock({ 'node_modules/a': { version: '1.0.0' } }), lock({}))).toBe('node_modules/a is missing');
  });

  it('another version -> says both', () => {
    const difference = installDifference(
      lock({ 'node_modules/a': { version: '1.1.0' } }),
      lock({ 'node_modules/a': { version: '1.0.0' } }),
    );
    expect(difference).toBe('node_modules/a is 1.0.0, package-lock.json says 1.1.0');
  });

  it('a binary of another platform is missing -> null', () => {
    expect(installDifference(lock({ 'node_modules/a-win32': { version: '1.0.0', optional: true } }), lock({}))).toBeNull();
  });
});

describe('installNeeded', () => {
  it('no node_modules, an install cut off, a whole one -> missing, missing, not needed', () => {
    const lockfile = JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } });
    writeFileSync(join(folder, 'package-lock.json'), lockfile);
    expect(installNeeded(folder)).toBe('node_modules is missing');
    mkdirSync(join(folder, 'node_modules', 'a'), { recursive: true });
    expect(installNeeded(folder)).toBe('node_modules is missing');
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), lockfile);
    expect(installNeeded(folder)).toBeNull();
  });
});

describe('stampHolds', () => {
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  /** Builds `out` from `in` and stamps it. */
  const build = (): void => {
    const inputs = contentHash([write('in', 'one')], folder);
    const output = write('out', 'made of one');
    writeStamp(join(folder, 'stamp'), { inputs, outputs: outputMarks([output], folder) });
  };
  const holds = (): boolean => stampHolds(join(folder, 'stamp'), contentHash(filesUnder([join(folder, 'in')]), folder), folder);

  it('nothing built yet -> false', () => {
    write('in', 'one');
    expect(holds()).toBe(false);
  });

  it('built, then only touched -> true', () => {
    build();
    expect(holds()).toBe(true);
    utimesSync(join(folder, 'in'), 1, 1);
    expect(holds()).toBe(true);
  });

  it('an input changed -> false', () => {
    build();
    write('in', 'two');
    expect(holds()).toBe(false);
  });

  it('an output removed -> false', () => {
    build();
    rmSync(join(folder, 'out'));
    expect(holds()).toBe(false);
  });

  it('an output written by something else -> false', () => {
    build();
    write('out', 'made of two');
    utimesSync(join(folder, 'out'), 1, 1);
    expect(holds()).toBe(false);
  });

  it('a stamp cut off by a crash -> false', () => {
    build();
    write('stamp', '{"inputs":');
    expect(holds()).toBe(false);
  });
});

describe('contentHash', () => {
  it('the same bytes split over files in another way -> another hash', () => {
    mkdirSync(join(folder, 'x'));
    mkdirSync(join(folder, 'y'));
    for (const [path, text] of [
      ['x/a', '12'],
      ['x/b', '3'],
      ['y/a', '1'],
      ['y/b', '23'],
    ] as const)
      writeFileSync(join(folder, path), text);
    const hash = (name: string): string => contentHash(filesUnder([join(folder, name)]), join(folder, name));
    expect(filesUnder([join(folder, 'x')])).toHaveLength(2);
    expect(hash('x')).not.toBe(hash('y'));
  });
});
