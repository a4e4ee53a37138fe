// @ts-check
/** The oldest Node that works: @temporalio/worker and vite 8 need it. Same as `engines` in package.json. */
export const OLDEST_NODE = [20, 19];

/** Major versions that `npm run test:nodes` tries. */
export const TESTED_NODES = [20, 22, 24];

/**
 * @param {string} version as in `process.versions.node`
 * @returns {string | null} null when this Node will do, else what to tell the user
 */
export function nodeProblem(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null;
  return [
    `durable-swarm needs Node ${OLDEST_NODE.join('.')} or newer; this is Node ${version}.`,
    '  fix: install a newer Node (for example with nvm, fnm or your package manager) and run the command again.',
  ].join('\n');
}
