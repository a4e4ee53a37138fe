// @ts-check
/**
 * Adds to package-lock.json the binaries of other platforms that npm left out, as it does when a mirror does not carry them.
 * Without them `npm ci` refuses the lockfile, on every platform. Run it after any change of the dependencies:
 * `npm run lockfile:complete`. The entries have a version and no checksum: the registry's own checksum is used there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './paths.mjs';

/**
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   optionalDependencies?: Record<string, string> }} LockedPackage
 * @typedef {{ packages: Record<string, LockedPackage> }} Lockfile
 */

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];
const C_LIBRARIES = /** @type {Record<string, string>} */ ({ gnu: 'glibc', musl: 'musl' });

/**
 * What `os`, `cpu` and `libc` must be, by the name that native packages are given: `...-linux-x64-musl`.
 * @param {string} name
 */
export function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = words.filter((word) => SYSTEMS.includes(word));
  const cpu = words.filter((word) => PROCESSORS.includes(word));
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`${name}: its name does not say one system and one processor`);
  const libc = os[0] === 'linux' ? words.flatMap((word) => C_LIBRARIES[word] ?? []) : [];
  return { os, cpu, ...(libc.length > 0 ? { libc } : {}) };
}

/**
 * Names and versions that a package may load and that no entry stands for.
 * @param {Lockfile} lockfile
 * @returns {{ path: string, name: string, version: string, dev: boolean }[]}
 */
export function missingOptional({ packages }) {
  return Object.entries(packages).flatMap(([owner, { optionalDependencies = {}, dev = false }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !packages[`node_modules/${name}`] && !packages[`${owner}/node_modules/${name}`])
      .map(([name, version]) => ({ path: `node_modules/${name}`, name, version, dev })),
  );
}

/**
 * @param {Lockfile} lockfile changed in place
 * @returns {string[]} what was added
 */
export function completeLockfile(lockfile) {
  const missing = missingOptional(lockfile);
  for (const { path, name, version, dev } of missing) {
    if (!/^\d+\.\d+\.\d+/.test(version))
      throw new Error(`${name}@${version}: not an exact version, so it cannot be added without a registry`);
    lockfile.packages[path] = { version, ...(dev ? { dev } : {}), optional: true, ...platformOf(name) };
  }
  lockfile.packages = Object.fromEntries(Object.entries(lockfile.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  return missing.map(({ name, version }) => `${name}@${version}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = join(ROOT, 'package-lock.json');
  const lockfile = JSON.parse(readFileSync(file, 'utf8'));
  const added = completeLockfile(lockfile);
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lockfile, null, 2)}\n`);
  console.log(added.length > 0 ? `added to package-lock.json: ${added.join(', ')}` : 'package-lock.json is complete');
}
