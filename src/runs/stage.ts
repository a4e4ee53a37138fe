/** Puts a prepared task and its rows into the store as a run, or finds the run that its folder holds. The one way for every starter. */

import { countedAtMost, ownSchema } from '../core/conversation/answer-form.js';
import { transcript } from '../core/conversation/next-step.js';
import { type Problem, SwarmError } from '../core/errors.js';
import { rowTexts } from '../core/row-texts.js';
import type { SeedReading } from '../intake/read-seeds.js';
import { stillSeen } from '../intake/seen-rows.js';
import type { StagedRun, StagePorts, StageRequest } from '../intake/stage-new.js';
import { stageRun } from '../intake/stage-run.js';
import { runFolders } from '../outputs/run-folders.js';
import { maxInputTokens } from '../pricing/estimate.js';
import type { Seed } from '../schema/seed.js';
import { badTask } from './bad-task.js';
import type { PreparedTask } from './prepare.js';
import type { StartOptions } from './start-options.js';

export type StageOptions = Pick<StartOptions, 'limit' | 'ifChanged' | 'detached' | 'checked'> & {
  /** @default 'library' */
  origin?: StageRequest['origin'];
  /** @default made from the task's name */
  runId?: string;
};

/** The home that the run is staged in. */
export type StageHome = Pick<StagePorts, 'store' | 'home' | 'homeId' | 'endEpoch'>;

/**
 * Throws SwarmError with all problems that the task, its rows and its caps have, before anything is stored: exit 5 when only a key is wrong,
 * else 2; and those of its folder: E_OUT_MISMATCH, E_SEEDS_CHANGED, E_OUT_DIR (exit 2), E_LOCKED (exit 6).
 */
export async function stagePrepared(prepared: PreparedTask, options: StageOptions, home: StageHome): Promise<StagedRun> {
  if (prepared.problems.length > 0 || prepared.capProblem(0) !== null) throw badTask(await allProblems(prepared));
  return await stageRun({ ...homePorts, ...home }, await stageRequest(prepared, options));
}

/** What staging needs beside the home. */
export const homePorts: Omit<StagePorts, keyof StageHome> = {
  ...runFolders,
  now: () => Date.now(),
  random: () => Math.random(),
};

/** What a start asks of staging. Rows that its check has read are not read once more while their file is as it was. */
export async function stageRequest(prepared: PreparedTask, options: StageOptions): Promise<StageRequest> {
  return {
    task: prepared.task,
    rows: cappedRows(prepared),
    seen: await stillSeen(options.checked?.seen, prepared.rowsOf),
    ...(prepared.again ? { rowsAgain: () => cappedRows(prepared) } : {}),
    limited: options.limit !== undefined,
    ifChanged: options.ifChanged ?? 'refuse',
    detached: options.detached ?? true,
    origin: options.origin ?? 'library',
    ...(options.runId === undefined ? {} : { runId: options.runId }),
  };
}

/** With those of the rows and of caps over them, as `check` tells them. Rows that come only once may take long to come: they are left. */
async function allProblems(prepared: PreparedTask): Promise<Problem[]> {
  if (!prepared.again) return [...prepared.problems, prepared.capProblem(0)].filter((problem) => problem !== null);
  const problems = [...prepared.problems];
  try {
    for await (const _seed of cappedRows(prepared));
  } catch (error) {
    if (!SwarmError.is(error)) throw error;
    problems.push(...error.problems);
  }
  return problems;
}

/** The rows; at their end throws E_CAP_TOO_SMALL or E_PRICE_UNKNOWN when the caps let the call of no row be made. */
function cappedRows(prepared: PreparedTask): SeedReading {
  const rows = prepared.rows();
  const fill = rowTexts(prepared.task);
  let shortest = Number.POSITIVE_INFINITY;
  let fits = false;
  const look = ({ content }: Seed) => {
    const { rules, prompt } = fill(content);
    const tokens = maxInputTokens(countedAtMost(ownSchema(prepared.task), prepared.task, transcript(rules, { prompt }, [])));
    if (tokens >= shortest) return;
    shortest = tokens;
    fits = prepared.capProblem(tokens) === null;
  };
  return {
    fingerprint: rows.fingerprint,
    notes: () => rows.notes(),
    [Symbol.asyncIterator]: () => {
      const reading = rows[Symbol.asyncIterator]();
      const looked = async (): Promise<IteratorResult<Seed, undefined>> => {
        const next = await reading.next();
        if (!next.done) look(next.value);
        else if (!fits) throw badTask([prepared.capProblem(shortest)].filter((problem) => problem !== null));
        return next;
      };
      // One row that fits is enough, and mostly the first does.
      return { next: () => (fits ? reading.next() : looked()), return: async () => (await reading.return?.()) ?? DONE };
    },
  };
}

const DONE = { done: true, value: undefined } as const;
