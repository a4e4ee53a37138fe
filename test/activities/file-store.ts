/** A store for all tests of a file. */
import { afterAll, beforeAll } from 'vitest';
import type { Store } from '../../src/store/port/store.js';
import { testStore } from './turn-setup.js';

/** Opened before the tests, gone after them with its folder, which the tests may use, too. */
export function fileStore(): { readonly store: Store; readonly folder: string } {
  let opened: Awaited<ReturnType<typeof testStore>>;
  beforeAll(async () => {
    opened = await testStore();
  });
  afterAll(() => opened.close());
  return {
    get store() {
      return opened.store;
    },
    get folder() {
      return opened.folder;
    },
  };
}
