// @ts-check
/**
 * dist/workflows -> dist/workflows/bundle.js: the workflow code as the Temporal worker loads it, with no bundling at start.
 * The bundle and `@temporalio/worker` must be of the same version, hence the exact pins in package.json.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, filesUnder, outputMarks, stampHolds, writeStamp } from './fingerprint.mjs';
import { BUILD_STATE, DIST, ROOT } from './paths.mjs';

const STAMP = join(BUILD_STATE, 'bundle.json');
const ENTRY = join(DIST, 'workflows', 'index.js');
const BUNDLE = join(DIST, 'workflows', 'bundle.js');

/** Workflows may import only core and `@temporalio/*` (test/architecture.test.ts), so this is all that can change the bundle. */
function inputsHash() {
  const code = filesUnder([join(DIST, 'workflows'), join(DIST, 'core')]).filter(
    (file) => file.endsWith('.js') && file !== BUNDLE,
  );
  return contentHash([...code, join(ROOT, 'package-lock.json'), join(ROOT, 'scripts', 'bundle.mjs')]);
}

/** False without workflows: then there is nothing to bundle. */
export function bundlePossible() {
  return existsSync(ENTRY);
}

export function bundleNeeded() {
  return bundlePossible() && !stampHolds(STAMP, inputsHash());
}

/** @returns {Promise<number>} size of the bundle in bytes */
export async function bundle() {
  rmSync(STAMP, { force: true });
  const inputs = inputsHash();
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: ENTRY,
    logger: new DefaultLogger('WARN'),
    // The worker insists on an inline source map. Sources and absolute paths are kept out of it: the bundle is published.
    webpackConfigHook: (config) => ({
      ...config,
      context: ROOT,
      devtool: 'inline-nosources-source-map',
      output: { ...config.output, devtoolModuleFilenameTemplate: '[resource-path]' },
    }),
  });
  // A host that starts meanwhile reads the old bundle or the new one, never half of one.
  writeFileSync(`${BUNDLE}.part`, code);
  renameSync(`${BUNDLE}.part`, BUNDLE);
  writeStamp(STAMP, { inputs, outputs: outputMarks([BUNDLE]) });
  return Buffer.byteLength(code);
}
