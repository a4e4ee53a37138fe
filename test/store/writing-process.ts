/** A process that writes to a store until it is killed or a write fails, and says what was acknowledged: `node --import tsx writing-process.ts JSON`. */
import { writeSync } from 'node:fs';
import type { Store } from '../../src/store/port/store.js';
import { intentOf, openStore, outcomeOf, settlementOf } from './databases.js';

const { location, runId, from, step, callers } = JSON.parse(process.argv[2] ?? '');
let next: number = from;

async function caller(store: Store): Promise<void> {
  for (let index = next; ; index = next) {
    next += step;
    const owner = `process-${process.pid}`;
    await store.intend(intentOf(runId, index, { owner }));
    writeSync(1, `intent ${index}\n`);
    await store.settle(settlementOf(runId, index, { outcome: outcomeOf(index) }));
    writeSync(1, `settled ${index}\n`);
  }
}

const tell = (error: { code?: string; exitCode?: number }) => void writeSync(1, `failed ${error.code} ${error.exitCode}\n`);

try {
  const store = await openStore(location);
  const owner = { id: `process-${process.pid}`, home: `/home/${from}`, pid: process.pid };
  await store.beat(owner, Number.MAX_SAFE_INTEGER);
  const ends = await Promise.allSettled(Array.from({ length: callers }, () => caller(store)));
  for (const end of ends) if (end.status === 'rejected') tell(end.reason);
  await store.close();
} catch (error) {
  tell(error as { code?: string; exitCode?: number });
}
