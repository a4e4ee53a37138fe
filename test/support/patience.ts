/** For vi.setConfig. Real processes on a busy machine: what takes a second may take twenty. */
export const PATIENCE = { testTimeout: 180_000, hookTimeout: 120_000 };
