/** A task from a file or from code, with absolute paths and a parsed template, ready for rows. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { type Place, SwarmError } from '../core/errors.js';
import { templatesBeside } from '../core/row-texts.js';
import { parseTemplate } from '../core/template.js';
import type { Task } from '../schema/task-types.js';
import type { PromptSource } from './check-rows.js';
import { decodeUtf8 } from './encoding.js';
import { ownerProblem } from './file-owner.js';
import { readOutputSchema } from './output-schema.js';
import { parseTaskObject, parseTaskText } from './parse-task.js';
import { escapeProblem, nearbyFiles, shownPath } from './paths.js';
import type { TaskReading } from './read-task.js';
import { readSmallFile } from './small-file.js';
import { checkStopPatterns } from './stop-patterns.js';
import { LARGEST_TASK, tooBigProblem } from './yaml-source.js';

export interface LoadTaskOptions {
  /** When given, the real paths of the task file, seeds_file and output_dir must lie under one of these folders. */
  roots?: readonly string[];
  /** With roots: the task file must be the user's own, so that nobody else can have written it. Its real path counts. @default false */
  ownOnly?: boolean;
}

export interface LoadedTask {
  /** With absolute seedsFile and outputDir. */
  task: Task;
  /** Absolute path of the task file; null for a task from code. */
  file: string | null;
  /** What was normalised or has no effect, a sentence each. */
  notes: string[];
  /** The template and where it stands: what readSeeds checks rows against. */
  prompt: PromptSource;
  /** Where the value of a key stands in the file, for problems found later. */
  placeOf(key: string): Place;
}

async function readBytes(path: string): Promise<Uint8Array> {
  const place = { file: shownPath(path) };
  const read = await readSmallFile(path, LARGEST_TASK);
  if ('bytes' in read) return read.bytes;
  const { reason, cause } = read;
  if (reason === 'too big') throw new SwarmError(tooBigProblem(place));
  if (reason === 'absent') {
    const problem = { code: 'E_TASK_NOT_FOUND', place, found: 'there is no such file', allowed: 'path of a task file' };
    throw new SwarmError({ ...problem, fix: await nearbyFiles(path, /\.(?:ya?ml|json)$/i) }, 2, { cause });
  }
  const problem = {
    code: 'E_TASK_UNREADABLE',
    place,
    found: `the task file cannot be read: ${reason}`,
    allowed: 'a readable file',
  };
  throw new SwarmError({ ...problem, fix: 'name a task file, such as task.yaml' }, 2, { cause });
}

/** `translate.yaml` -> translate; `reviews/task.yaml` -> reviews. */
function nameOfFile(path: string): string {
  const stem = basename(path, extname(path));
  const wanted = /^task$/i.test(stem) ? basename(dirname(path)) : stem;
  const clean = wanted.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return clean.slice(0, 64) || 'task';
}

async function finish(reading: TaskReading, folder: string, file: string | null, options: LoadTaskOptions): Promise<LoadedTask> {
  if (reading.task === null) throw new SwarmError(reading.problems);
  const { variablePlaces, placeOf, notes } = reading;
  const { seedsFile, outputDir } = reading.task;
  await checkStopPatterns(reading);
  const outputSchema = await readOutputSchema(reading, folder, options.roots);
  const task: Task = {
    ...reading.task,
    seedsFile: seedsFile === null ? null : resolve(folder, seedsFile),
    outputDir: resolve(folder, outputDir),
    ...(outputSchema === null ? {} : { outputSchema }),
  };
  const escapes = [
    task.seedsFile === null ? null : await escapeProblem(task.seedsFile, 'seeds_file', options.roots, placeOf('seeds_file')),
    await escapeProblem(task.outputDir, 'output_dir', options.roots, placeOf('output_dir')),
  ].filter((problem) => problem !== null);
  if (escapes.length > 0) throw new SwarmError(escapes);
  const prompt = {
    template: parseTemplate(task.promptTemplate),
    beside: templatesBeside(task),
    variablePlaces,
    templatePlace: placeOf('prompt_template'),
  };
  return { task, file, notes, prompt, placeOf };
}

/**
 * Where the file is read. Who may have it read over Temporal may have put links on the way to it, and could change them between a look and
 * the reading: from the real path on there are none. A file that is not there is told of where it is read.
 */
async function readPath(path: string, { roots, ownOnly = false }: LoadTaskOptions): Promise<string> {
  const absolute = resolve(path);
  const escaped = await escapeProblem(absolute, 'the task file', roots, { file: shownPath(absolute) });
  if (escaped) throw new SwarmError(escaped);
  if (!ownOnly || roots === undefined) return absolute;
  const real = await realpath(absolute).catch(() => null);
  if (real === null) return absolute;
  const problem =
    (await escapeProblem(real, 'the task file', roots, { file: shownPath(real) })) ?? (await ownerProblem(real, roots));
  if (problem) throw new SwarmError(problem);
  return real;
}

/**
 * Loads a task file. Paths in it are relative to the file. Throws a SwarmError with all problems (exit 2):
 * E_TASK_NOT_FOUND, E_TASK_UNREADABLE, E_TASK_TOO_BIG, E_TASK_OWNER, E_PATH_ESCAPE, E_ENCODING, and those of parseTaskText.
 */
export async function loadTask(path: string, options: LoadTaskOptions = {}): Promise<LoadedTask> {
  const absolute = await readPath(path, options);
  const file = shownPath(absolute);
  const decoded = decodeUtf8(await readBytes(absolute));
  if ('problem' in decoded) throw new SwarmError({ ...decoded.problem, place: { ...decoded.problem.place, file } });
  const reading = parseTaskText(decoded.text, { file, defaultName: nameOfFile(absolute) });
  return finish(reading, dirname(absolute), absolute, options);
}

/** Loads a task given as an object with the keys of the file. Its paths are relative to `baseDir`, default the working directory. */
export async function loadTaskObject(source: object, options: LoadTaskOptions & { baseDir?: string } = {}): Promise<LoadedTask> {
  return finish(parseTaskObject(source), resolve(options.baseDir ?? '.'), null, options);
}
