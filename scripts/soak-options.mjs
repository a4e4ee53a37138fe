// @ts-check
/** What `npm run soak` takes: read before anything is prepared, and again by the program itself. */
import { HELP } from './program-options.mjs';

const SUITES = /** @type {const} */ ([
  'points',
  'recovery',
  'caps',
  'cluster',
  'kills',
  'server',
  'cuts',
  'clock',
  'restart',
  'disk',
  'lanes',
  'million',
  'workers',
  'waste',
  'seeds',
]);

/** @typedef {typeof SUITES[number]} SuiteName */

export const SOAK = {
  command: 'npm run soak',
  about: 'the long proofs, which `npm test` has no time for',
  parts: /** @type {Record<SuiteName, string>} */ (Object.fromEntries(SUITES.map((name) => [name, '']))),
  options: /** @type {const} */ ({
    only: { type: 'string', value: 'SUITE,...', about: 'these suites; all without it' },
    seed: { type: 'string', value: 'N', whole: true, about: 'the first scenario of each suite; a new one without it' },
    scenarios: { type: 'string', value: 'N', whole: true, about: 'so many of each suite; its own number without it' },
    rows: { type: 'string', value: 'N', whole: true, about: 'rows of the scale proof (million)' },
    list: { type: 'boolean', default: false, about: 'what each suite proves' },
    'write-docs': { type: 'boolean', default: false, about: 'tables of the scale proof into docs/benchmarks.md' },
    help: HELP,
  }),
};
