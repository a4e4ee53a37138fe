/** A task of three rows in a folder that is there for the tests of a file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

export const seeds = ['one', 'two', 'three'];

/** To be called at the top of a test file. */
export function smallTask() {
  const made = { root: '', task };
  function task(more: object = {}) {
    return {
      prompt_template: 'Say {{seed}}',
      worker_model: 'sim/quick',
      worker_max_tokens: 100,
      output_dir: join(made.root, 'out'),
      ...more,
    };
  }
  beforeAll(() => {
    made.root = mkdtempSync(join(tmpdir(), 'swarm-task-'));
  });
  afterAll(() => rmSync(made.root, { recursive: true, force: true }));
  return made;
}
