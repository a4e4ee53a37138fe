import { expect, it } from 'vitest';
import { runAddress } from '../../src/client/web-ui.js';

const UI = 'http://127.0.0.1:8233';

it.each([
  [{ state: 'running', epoch: 2, workflowId: 'poems-1/e2' }, 'poems-1%2Fe2'],
  [{ state: 'completed', epoch: 1, workflowId: 'started-by-hand' }, 'started-by-hand'],
  [{ state: 'staged', epoch: 0, workflowId: null }, 'poems-1%2Fe1'],
  // Its next epoch was asked for and is not open yet.
  [{ state: 'staged', epoch: 2, workflowId: 'poems-1/e2' }, 'poems-1%2Fe3'],
] as const)('%j -> %s', (run, path) => {
  expect(runAddress(UI, 'default', { id: 'poems-1', ...run })).toBe(`${UI}/namespaces/default/workflows/${path}`);
});
