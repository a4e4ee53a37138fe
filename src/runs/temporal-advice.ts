/** Advice for who started a workflow by hand: options of `swarm run` and the shell that it runs in are not theirs. */
import { type Problem, SwarmError } from '../core/errors.js';
import { isNoSeedsFile } from '../intake/read-seeds.js';

const AT_THE_HOST = 'where the host starts (then swarm stop; swarm start), or where the workers start';
const OTHER_FOLDER =
  'give the task another output_dir; or on that machine: swarm run TASK with --fork (a new folder beside it) or --fresh (start over)';

/** What to do instead, by code. */
const FIXES: Readonly<Record<string, string>> = {
  E_OUT_MISMATCH: OTHER_FOLDER,
  E_SEEDS_CHANGED: OTHER_FOLDER,
  E_KEY_MISSING: `export the key ${AT_THE_HOST}`,
  E_KEY_FORMAT: `copy the key again and export it ${AT_THE_HOST}`,
  E_RUN_EXISTS: 'start it with another --workflow-id: the run is named after it',
  E_TEMPLATE_CONSTANT: 'add {{seed}}; or on that machine: swarm run TASK --allow-constant-prompt',
};

/** The same for prompts in the input: there is no task file to be changed. */
const PROMPTS_FIXES: Readonly<Record<string, string>> = {
  ...FIXES,
  E_CAP_TOO_SMALL: `raise SWARM_TEMPORAL_MAX_COST ${AT_THE_HOST}`,
  E_PRICE_UNKNOWN: 'put the prompts and a price into a task file of your own under SWARM_TASK_ROOTS, and start that',
  E_OUT_MISMATCH: 'start it with another --workflow-id: the run is named after it',
  E_SEEDS_CHANGED: 'start it with another --workflow-id: the run is named after it',
};

/** Keys of the input, by those of a task. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/\bworker_api_key_env\b/g, 'apiKeyEnv'],
  [/\bworker_api_base\b/g, 'apiBase'],
  [/\bworker_model\b/g, 'model'],
  [/\bmax_cost\b/g, 'SWARM_TEMPORAL_MAX_COST'],
];

function inputWords(text: string): string {
  return NAMES.reduce((changed, [name, key]) => changed.replace(name, key), text);
}

function adapted(problem: Problem, prompts: boolean): Problem {
  const fix = (prompts ? PROMPTS_FIXES : FIXES)[problem.code] ?? problem.fix;
  const { file } = problem.place ?? {};
  if (isNoSeedsFile(problem)) return { ...problem, fix: 'add a line "seeds_file: ..." to the task' };
  const told: Problem = { ...problem, ...(fix === undefined ? {} : { fix }) };
  if (problem.code === 'E_TASK_NOT_FOUND' && file !== undefined && fix !== undefined) {
    return { ...told, fix: `${fix}; a path that is not given in full is looked for in ${process.cwd()}` };
  }
  if (!prompts) return told;
  return {
    ...told,
    found: inputWords(told.found),
    ...(told.allowed === undefined ? {} : { allowed: inputWords(told.allowed) }),
    ...(told.fix === undefined ? {} : { fix: inputWords(told.fix) }),
  };
}

/** The same error, with advice that whoever reads the workflow's failure can follow. */
export function forPlainTemporal(error: SwarmError, prompts: boolean): SwarmError {
  return new SwarmError(
    error.problems.map((problem) => adapted(problem, prompts)),
    error.exitCode,
    { cause: error },
  );
}
