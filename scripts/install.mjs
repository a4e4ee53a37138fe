// @ts-check
/** Installs the dependencies when node_modules is not what package-lock.json says. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { run } from './run.mjs';

/**
 * @typedef {{ version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean, link?: boolean }} LockedPackage
 * @typedef {{ packages?: Record<string, LockedPackage> }} Lockfile
 */

/**
 * The first difference between what is locked and what npm says it installed. Optional packages may be missing: those are
 * binaries of other platforms.
 * @param {Lockfile} wanted package-lock.json
 * @param {Lockfile} installed node_modules/.package-lock.json, which npm writes last
 * @returns {string | null}
 */
export function installDifference(wanted, installed) {
  const present = installed.packages ?? {};
  for (const [path, locked] of Object.entries(wanted.packages ?? {})) {
    if (path === '') continue;
    const found = present[path];
    if (!found && (locked.optional || locked.devOptional)) continue;
    if (!found) return `${path} is missing`;
    if (found.version !== locked.version) return `${path} is ${found.version}, package-lock.json says ${locked.version}`;
  }
  return null;
}

/**
 * @param {string} [root]
 * @returns {string | null} why an install is needed; null when it is not
 */
export function installNeeded(root = ROOT) {
  const marker = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(marker)) return 'node_modules is missing';
  return installDifference(
    JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')),
    JSON.parse(readFileSync(marker, 'utf8')),
  );
}

/** Runs `npm ci` with everything that development needs, also where the environment says production. */
export async function install() {
  const args = ['ci', '--no-audit', '--no-fund', '--include=dev', '--include=optional'];
  // Under `npm start` and `npm test` this is the npm that was typed.
  const npm = process.env['npm_execpath'];
  const code = npm?.endsWith('.js')
    ? await run(process.execPath, [npm, ...args])
    : await run('npm', args, { shell: process.platform === 'win32' });
  if (code !== 0) throw new Error(`npm ci failed with exit code ${code}; its own message stands above.`);
}
