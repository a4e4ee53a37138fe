import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They say how soon something is seen, or how much of it in a second. */
const timed = ['control-limits', 'inputs', 'workers'].map((name) => `test/e2e/${name}.test.ts`);
/** A minute and more each. They start first, so that none is left to run alone at the end. */
const LONG = [
  'kill-points',
  'workers-ended',
  'control',
  'kill-matrix',
  'kill-recovery',
  'cluster',
  'changed',
  'disk',
  'lanes',
  'run',
  'host-process',
];

/** Otherwise the largest file is taken for the longest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return found < 0 ? LONG.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

const wholeProcesses = { testTimeout: 180_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    // The native Temporal module breaks in worker threads.
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          maxWorkers: 3,
          testTimeout: 20_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole processes (CLI, host, Temporal server), after the rest. They wait half of the time: three files at a time use two cores.
        extends: true,
        test: {
          ...wholeProcesses,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: timed,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Last and one file at a time, so that it has the cores.
        extends: true,
        test: { ...wholeProcesses, name: 'e2e timed', include: timed, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
