import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NODES } from '../../scripts/node-options.mjs';
import { nodeProblem, OLDEST_NODE, TESTED_NODES } from '../../scripts/node-version.mjs';
import { ROOT } from '../../scripts/paths.mjs';
import { readOptions } from '../../scripts/program-options.mjs';

const textOf = (name: string) => readFileSync(join(ROOT, name), 'utf8');

it('versions of Node that are tested: from the oldest that works on, and as the documents say', () => {
  expect(TESTED_NODES[0]).toBe(OLDEST_NODE[0]);
  for (const major of TESTED_NODES) expect(nodeProblem(`${major}.19.0`)).toBeNull();
  const names = `${TESTED_NODES.slice(0, -1).join(', ')} and ${TESTED_NODES.at(-1)}`;
  for (const document of ['README.md', 'CONTRIBUTING.md']) expect(textOf(document), document).toContain(names);
});

it('npm run test:nodes: a version that is not tested -> named with those that are, before anything is done', () => {
  expect(readOptions(NODES, ['--only', '18']).end).toMatchObject({ exitCode: 2 });
  expect(readOptions(NODES, ['--only', '22,24', '--tests', 'test/core']).values).toMatchObject({
    only: '22,24',
    tests: 'test/core',
  });
});
