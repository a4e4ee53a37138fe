import { defineConfig } from 'vitest/config';

/** They say how soon something is seen, or how much of it in a second. */
const timed = ['control-limits', 'inputs', 'workers'].map((name) => `test/e2e/${name}.test.ts`);
const wholeProcesses = { testTimeout: 180_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    // The native Temporal module breaks in worker threads.
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          maxWorkers: 2,
          testTimeout: 20_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole processes (CLI, host, Temporal server), after the rest. They wait half of the time: two files at a time use the cores.
        extends: true,
        test: {
          ...wholeProcesses,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: timed,
          maxWorkers: 2,
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
