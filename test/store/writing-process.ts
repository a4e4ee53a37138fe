/** A process that writes to a store until it is killed or a write fails, and says what was acknowledged: `node --import tsx writing-process.ts JSON`. */
import { writeSync } from 'node:fs';
import { intentOf, openStore, outcomeOf, settlementOf } from './databases.js';

const { location, runId, from, step, callers } = JSON.parse(process.argv[2] ?? '');
const store = await openStore(location);
let next: number = from;

async function caller(): Promise<void> {
  for (let index = next; ; index = next) {
    next += step;
    const owner = `process-${process.pid}`;
    await store.intend(intentOf(runId, index, { owner }));
    writeSync(1, `intent ${index}\n`);
    await store.settle(settlementOf(runId, index, { outcome: outcomeOf(index) }));
    writeSync(1, `settled ${index}\n`);
  }
}

await store.beat({ id: `process-${process.pid}`, home: `/home/${from}`, pid: process.pid }, Number.MAX_SAFE_INTEGER);
const ends = await Promise.allSettled(Array.from({ length: callers }, caller));
for (const end of ends) if (end.status === 'rejected') writeSync(1, `failed ${end.reason.code} ${end.reason.exitCode}\n`);
await store.close();
