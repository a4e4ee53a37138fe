/** Both databases for tests, and the rows that the tests write. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome, Usage } from '../../src/core/model.js';
import type { Task } from '../../src/schema/task-types.js';
import { openStore, type StoreLocation } from '../../src/store/open-store.js';
import type { Intent } from '../../src/store/port/intents.js';
import type { NewRun, Settlement, Store } from '../../src/store/port/store.js';
import { startPostgres } from '../support/postgres.js';

export interface TestDatabase {
  name: string;
  /** Why its tests are skipped; null when they run. */
  missing: string | null;
  /** A new empty place. */
  place(): Promise<StoreLocation>;
  stop(): Promise<void>;
}

function files(): TestDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-store-'));
  let made = 0;
  return {
    name: 'libsql',
    missing: null,
    place: async () => ({ file: join(folder, String(++made), 'store.db') }),
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function server(): Promise<TestDatabase> {
  const postgres = await startPostgres();
  if (typeof postgres === 'string') {
    const stop = async () => {};
    return {
      name: `PostgreSQL (skipped: ${postgres})`,
      missing: postgres,
      place: () => Promise.reject(new Error(postgres)),
      stop,
    };
  }
  return {
    name: 'PostgreSQL',
    missing: null,
    place: async () => ({ url: await postgres.database() }),
    stop: () => postgres.stop(),
  };
}

export async function testDatabases(): Promise<TestDatabase[]> {
  return [files(), await server()];
}

export const USAGE: Usage = { input: 10, cached: 2, output: 5, reasoning: 1 };
/** Time of all tests: the store has no clock of its own. */
export const NOW = 1_790_000_000_000;

export function newRun(id: string, more: Partial<NewRun> = {}): NewRun {
  const task = { name: 'test', promptTemplate: 'Say {{seed}} \0\ud800' } as Task;
  return {
    id,
    name: 'test',
    task,
    taskFingerprint: 'f',
    outputDir: `/out/${id}`,
    detached: false,
    limited: false,
    origin: 'cli',
    createdAt: NOW,
    ...more,
  };
}

export function outcomeOf(index: number, more: Partial<Outcome> = {}): Outcome {
  const ends = { finish: 'stop', model: 'm', fromTurn: 1, turns: 1, attempts: 0, usage: USAGE, costNano: 70 } as const;
  return { index, id: `s${index}`, status: 'ok', ...ends, ...more };
}

export function intentOf(runId: string, index: number, more: Partial<Intent> = {}): Intent {
  return { runId, index, turn: 1, epoch: 1, phase: 'map', role: 'worker', owner: 'me', reservedNano: 100, at: NOW, ...more };
}

export function settlementOf(runId: string, index: number, more: Partial<Settlement> = {}): Settlement {
  const answer = `answer ${index}`;
  return {
    runId,
    index,
    turn: 1,
    attempt: 1,
    answer,
    finish: 'stop',
    servedModel: 'm',
    usage: USAGE,
    costNano: 70,
    at: NOW + 5,
    ...more,
  };
}

/** A run with `total` seeds, sealed. */
export async function stagedRun(store: Store, id: string, total: number, capNano: number | null = null): Promise<void> {
  await store.createRun(newRun(id));
  await store.appendSeeds(
    id,
    Array.from({ length: total }, (_, index) => ({ index, id: `s${index}`, content: `row ${index}` })),
  );
  const control = { paused: false, cancelled: false, concurrency: 4, requestsPerMinute: null, capNano };
  await store.sealRun(id, { seedsFingerprint: 'abc', total, control });
}

/** One call of a row from intent to answer; its outcome too when given. */
export async function answer(store: Store, runId: string, index: number, more: Partial<Settlement> = {}): Promise<void> {
  const intended = await store.intend(intentOf(runId, index, { turn: more.turn ?? 1 }));
  if (intended.kind !== 'go') throw new Error(`row ${index}: ${intended.kind}`);
  await store.settle(settlementOf(runId, index, { attempt: intended.attempt, ...more }));
}

export { openStore };
