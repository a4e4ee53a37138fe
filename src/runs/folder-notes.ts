/** What a start will say of the folder that a task names, for `check`: found by the same steps, which here change nothing. */
import { existsSync } from 'node:fs';
import type { StagePorts, StageRequest } from '../intake/stage-new.js';
import { stageRun } from '../intake/stage-run.js';
import type { Store } from '../store/port/store.js';
import type { PreparedTask } from './prepare.js';
import { homePorts, type StageHome, type StageOptions, stageRequest } from './stage.js';

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
    changeRows: async () => true,
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

/** False for `--fork` and for a folder that does not exist: those are never refused, and there is nothing to say. */
export function mayHoldRun({ task }: PreparedTask, { ifChanged }: StageOptions): boolean {
  return ifChanged !== 'fork' && existsSync(task.outputDir);
}

/**
 * Notes, a sentence each: the run that would go on, what it takes over. Throws the SwarmError of a start: E_OUT_MISMATCH, E_SEEDS_CHANGED (exit
 * 2), E_LOCKED (exit 6).
 */
export async function folderNotes(prepared: PreparedTask, options: StageOptions, home: StageHome): Promise<string[]> {
  const ports: StagePorts = {
    ...homePorts,
    ...home,
    store: readOnly(home.store),
    claimFolder: async () => undefined,
    releaseFolder: async () => undefined,
    removePartial: async () => undefined,
  };
  return await stagedNotes(ports, await stageRequest(prepared, options));
}
