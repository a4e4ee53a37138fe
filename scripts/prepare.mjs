// @ts-check
/**
 * Makes a checkout ready to run: installs and builds what is missing or stale, and nothing else. Needs only Node.
 * Run by `npm start`, `npm test` and the other scripts; by hand: `node scripts/prepare.mjs`.
 */
import { pathToFileURL } from 'node:url';
import { nodeProblem } from './node-version.mjs';

/** @param {string} line */
function say(line) {
  console.error(`prepare: ${line}`);
}

/** @returns {Promise<boolean>} false when it could not be done; the reason has been said */
export async function prepare() {
  const problem = nodeProblem(process.versions.node);
  if (problem) {
    console.error(problem);
    return false;
  }
  try {
    await installAndBuild();
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}

async function installAndBuild() {
  // Loaded here, so that an old Node gets the message above and not a syntax error.
  const { install, installNeeded } = await import('./install.mjs');
  const { BUILD_LOCK, build, buildNeeded } = await import('./build.mjs');
  const { withLock } = await import('./lock.mjs');
  if (installNeeded() === null && !buildNeeded()) return;
  await withLock(
    BUILD_LOCK,
    async () => {
      const reason = installNeeded();
      if (reason !== null) {
        say(`${reason}: running npm ci (usually under a minute)`);
        const start = performance.now();
        await install();
        say(`installed in ${Math.round((performance.now() - start) / 1000)} s`);
      }
      if (buildNeeded()) await build({ say });
    },
    { onWait: (pid) => say(`process ${pid} is preparing this checkout: waiting for it`) },
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href && !(await prepare())) process.exitCode = 1;
