import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The native Temporal module breaks in worker threads.
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
