// @ts-check
/** What `npm run test:nodes` takes. */
import { TESTED_NODES } from './node-version.mjs';
import { HELP } from './program-options.mjs';

export const NODES = {
  command: 'npm run test:nodes',
  about: 'the unit tests and the quick start on each version of Node that is supported',
  parts: /** @type {Record<string, string>} */ (
    Object.fromEntries(TESTED_NODES.map((major) => [String(major), `Node ${major}`]))
  ),
  options: /** @type {const} */ ({
    only: { type: 'string', value: 'MAJOR,...', about: 'these versions; all without it' },
    tests: { type: 'string', value: 'FILE', about: 'these unit tests; all without it' },
    help: HELP,
  }),
};
