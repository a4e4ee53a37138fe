// Writes of the hot path through the port: intend + settle with an outcome, by many callers at once, on a fresh file.
// node bench/store.mjs [pairs] [callers ...]     after `npx tsc -p .`; SWARM_DATABASE_URL measures PostgreSQL.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../dist/store/open-store.js';

const pairs = Number(process.argv[2] ?? 20_000);
const callers = process.argv.length > 3 ? process.argv.slice(3).map(Number) : [200, 64];
const answer = 'An answer of ordinary length, as a model gives it. '.repeat(24);
const usage = { input: 310, cached: 0, output: 280, reasoning: 0 };
const usd = 1_000_000_000;

/** CPU ms of this process's threads: the main thread and all others (Linux; elsewhere NaN). */
function cpuByThread() {
  const ticks = { main: 0, others: 0 };
  try {
    for (const id of readdirSync('/proc/self/task')) {
      const fields = readFileSync(`/proc/self/task/${id}/stat`, 'utf8').split(') ')[1].split(' ');
      ticks[Number(id) === process.pid ? 'main' : 'others'] += (Number(fields[11]) + Number(fields[12])) * 10;
    }
  } catch {
    return { main: Number.NaN, others: Number.NaN };
  }
  return ticks;
}

async function measure(store, concurrent, pauseMs) {
  const runId = `bench-${concurrent}-${pauseMs}`;
  await store.createRun({
    id: runId,
    name: 'bench',
    task: {},
    taskFingerprint: '',
    outputDir: '/',
    detached: false,
    origin: 'library',
    createdAt: Date.now(),
  });
  const control = { paused: false, cancelled: false, concurrency: concurrent, requestsPerMinute: null, capNano: 1_000 * usd };
  await store.sealRun(runId, { seedsFingerprint: '', total: pairs, control });
  let next = 0;
  const waits = [];
  const caller = async () => {
    for (let index = next++; index < pairs; index = next++) {
      const begun = performance.now();
      const intent = { runId, index, turn: 1, epoch: 1, owner: 'bench', reservedNano: 9_000, at: Date.now() };
      const { attempt } = await store.intend(intent);
      waits.push(performance.now() - begun);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const outcome = {
        index,
        id: `seed-${index}`,
        status: 'ok',
        finish: 'stop',
        model: 'm',
        fromTurn: 1,
        turns: 1,
        attempts: 0,
        usage,
        costNano: 7_000,
      };
      const settlement = { runId, index, turn: 1, attempt, answer, finish: 'stop', servedModel: 'm', usage, costNano: 7_000 };
      await store.settle({ ...settlement, at: Date.now(), outcome });
    }
  };
  const cpu = cpuByThread();
  const begun = performance.now();
  await Promise.all(Array.from({ length: concurrent }, caller));
  const wall = performance.now() - begun;
  const after = cpuByThread();
  const totals = await store.totals(runId);
  if (totals.ok !== pairs || totals.settledNano !== pairs * 7_000 || totals.reservedNano !== 0)
    throw new Error('totals do not add up');
  const micro = (ms) => ((ms * 1000) / pairs).toFixed(0);
  waits.sort((a, b) => a - b);
  const quantile = (q) => waits[Math.floor((waits.length - 1) * q)].toFixed(2);
  console.log(
    `${concurrent} callers, ${pauseMs} ms calls: ${((pairs * 1000) / wall).toFixed(0)} pairs/s; CPU us/pair: main ${micro(after.main - cpu.main)}, ` +
      `others ${micro(after.others - cpu.others)}; intend ms p50 ${quantile(0.5)}, p99 ${quantile(0.99)}`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'swarm-bench-'));
const url = process.env.SWARM_DATABASE_URL;
const store = await openStore(url ? { url } : { file: join(folder, 'store.db') });
try {
  for (const concurrent of callers) {
    await measure(store, concurrent, 0);
    await measure(store, concurrent, 50);
  }
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}
