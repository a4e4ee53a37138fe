/** What `run` will say of the folder that a task names, for `check`: found by the same steps, which here change nothing. */
import { existsSync } from 'node:fs';
import { type Config, readKey } from '../config.js';
import { homeId, storeLocation } from '../home.js';
import type { StagePorts, StageRequest } from '../intake/stage-new.js';
import { stageRun } from '../intake/stage-run.js';
import { runFolders } from '../outputs/run-folders.js';
import { openStore } from '../store/open-store.js';
import type { Store } from '../store/port/store.js';
import type { CheckReport, StartOptions } from './api.js';
import { prepareTask, stageRequest } from './prepare-task.js';

/** A new run would begin. */
class WouldBegin extends Error {}

/** Reads as the store does, writes nothing. */
function readOnly(store: Store): Store {
  return {
    ...store,
    createRun: async () => {
      throw new WouldBegin();
    },
    appendSeeds: async () => undefined,
    sealRun: async () => undefined,
    dropRun: async () => undefined,
    updateRun: async () => true,
    changeTask: async () => true,
    setControl: (runId) => store.control(runId),
  };
}

/** The notes of a start; throws the SwarmError that it would throw. */
async function stagedNotes(ports: StagePorts, request: StageRequest): Promise<string[]> {
  try {
    const { kind, run, notes } = await stageRun(ports, request);
    return kind === 'finished' ? [`run ${run.id} has done these rows: it is answered without a call`, ...notes] : notes;
  } catch (error) {
    if (error instanceof WouldBegin) return [];
    throw error;
  }
}

/**
 * Notes, a sentence each: the run that would go on, what it takes over. Throws the SwarmError of a start: E_OUT_MISMATCH, E_SEEDS_CHANGED (exit
 * 2), E_LOCKED (exit 6). `--fork` and a folder that does not exist are never refused.
 */
export async function whatRunSays(config: Config, source: string, options: StartOptions, report: CheckReport): Promise<string[]> {
  const prepared = await prepareTask(source, options, readKey, 'look');
  const location = storeLocation(config);
  if (options.ifChanged === 'fork' || !existsSync(prepared.task.outputDir)) return [];
  if ('file' in location && !existsSync(location.file)) return [];
  const store = await openStore(location);
  try {
    const ports: StagePorts = {
      ...runFolders,
      store: readOnly(store),
      home: config.home,
      homeId: homeId(config.home),
      claimFolder: async () => undefined,
      releaseFolder: async () => undefined,
      now: () => Date.now(),
      random: () => Math.random(),
    };
    return await stagedNotes(ports, await stageRequest(prepared, { ...options, checked: report }));
  } finally {
    await store.close();
  }
}
