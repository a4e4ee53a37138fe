/** output_schema: from the task, or from a file of its own, and what is wrong with it. */
import { resolve } from 'node:path';
import { type Place, type Problem, SwarmError } from '../core/errors.js';
import { isFields } from '../core/fields.js';
import { jsonFaultOffset } from '../core/json-fault.js';
import { keyNotes } from '../schema/task.js';
import type { JsonSchema } from '../schema/task-types.js';
import { decodeUtf8 } from './encoding.js';
import { escapeProblem, nearbyFiles, shownPath } from './paths.js';
import type { TaskReading } from './read-task.js';
import { readSmallFile } from './small-file.js';
import type { KeyPath } from './task-problems.js';
import { LARGEST_TASK, readYaml } from './yaml-source.js';

/** A schema, and where its parts stand. */
interface PlacedSchema {
  schema: JsonSchema;
  placeIn(path: KeyPath): Place;
}

/** What is said of a task file is not right of a schema: how to fix that here. */
const OF_A_TASK: Readonly<Record<string, string>> = {
  E_TASK_EMPTY: 'write a JSON Schema, such as {"type": "object"}',
  E_TASK_SHAPE: 'write a JSON Schema: a map of keywords',
  E_TASK_PRECISION: 'write a smaller number, or leave the keyword out',
  E_TEMPLATE_UNQUOTED: 'write one brace instead of two',
  E_YAML_MULTI: 'remove the line --- and what follows it',
  E_YAML_DEPTH: 'put what is deep into $defs, and refer to it with $ref',
};

function fault(found: string, fix: string, place: Place): Problem {
  const { allowed } = keyNotes('output_schema');
  return { code: 'E_TASK_SCHEMA', ...(Object.keys(place).length > 0 ? { place } : {}), found, allowed, fix };
}

/** Null when the task has none. Throws a SwarmError with all problems of it: E_TASK_SCHEMA, E_PATH_ESCAPE, E_ENCODING, and those of YAML. */
export async function readOutputSchema(
  { task, schemaFile, placeIn }: Pick<TaskReading, 'task' | 'schemaFile' | 'placeIn'>,
  folder: string,
  roots: readonly string[] | undefined,
): Promise<JsonSchema | null> {
  const inline = task?.outputSchema;
  const key = placeIn(['output_schema']);
  const other = schemaFile === null ? null : notAPath(schemaFile);
  if (other !== null) throw new SwarmError(fault(`output_schema ${other[0]}`, other[1], key));
  const placed: PlacedSchema | null =
    schemaFile !== null
      ? await readFile(resolve(folder, schemaFile), key, roots)
      : inline === undefined
        ? null
        : { schema: inline, placeIn: (path) => placeIn(['output_schema', ...path]) };
  if (placed === null) return null;
  // Only tasks with a schema load what checks one.
  const { schemaFaults } = await import('../answers/schema-check.js');
  const faults = await schemaFaults(placed.schema);
  if (faults.length === 0) return placed.schema;
  throw new SwarmError(
    faults.slice(0, 20).map(({ path, found, fix }) => {
      const where = path.length === 0 ? 'output_schema' : `output_schema at /${path.join('/')}`;
      return fault(`${where}: ${found}`, fix, placed.placeIn(path));
    }),
  );
}

/** What is no path of a file. */
function notAPath(text: string): [found: string, fix: string] | null {
  if (/^https?:\/\//i.test(text)) return ['is an address, and nothing is fetched', 'save it beside the task, and write its path'];
  return text.trim().startsWith('{') ? ['is JSON in a text', 'write it without quotes, as a map'] : null;
}

async function readFile(path: string, key: Place, roots: readonly string[] | undefined): Promise<PlacedSchema> {
  const escaped = await escapeProblem(path, 'output_schema', roots, key);
  if (escaped) throw new SwarmError(escaped);
  const file = shownPath(path);
  const read = await readSmallFile(path, LARGEST_TASK);
  if ('reason' in read) {
    const { why, fix } = await unread(path, read.reason);
    throw new SwarmError(fault(`output_schema: ${file} ${why}`, fix, key), 2, { cause: read.cause });
  }
  const decoded = decodeUtf8(read.bytes);
  if ('problem' in decoded) throw new SwarmError({ ...decoded.problem, place: { ...decoded.problem.place, file } });
  const broken = /\.json$/i.test(path) ? brokenJson(decoded.text, file) : null;
  if (broken !== null) throw new SwarmError(broken);
  // JSON is YAML, so its places are found in the same way.
  const source = readYaml(decoded.text, file);
  if (source.problems.length > 0) throw new SwarmError(source.problems.map((problem) => ofSchema(problem, file)));
  if (!isFields(source.value)) throw new SwarmError(fault('output_schema is no map', 'write a JSON Schema', { file }));
  return { schema: source.value, placeIn: (path) => source.places.value(path) };
}

/** YAML takes more than JSON, and reads it otherwise than it was meant. */
function brokenJson(text: string, file: string): Problem | null {
  const source = text.replace(/^\uFEFF/, '');
  try {
    if (source.trim() !== '') JSON.parse(source);
    return null;
  } catch {
    const before = source.slice(0, jsonFaultOffset(source)).split('\n');
    const place = { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    return fault('output_schema: the file is no JSON from here on', 'correct this place, or name the file .yaml', place);
  }
}

async function unread(path: string, reason: string): Promise<{ why: string; fix: string }> {
  if (reason === 'absent') return { why: 'is not there', fix: await nearbyFiles(path, /\.(?:ya?ml|json)$/i) };
  if (reason === 'too big') return { why: `is larger than ${LARGEST_TASK / 1024} KiB`, fix: 'describe less, or split the task' };
  return { why: `cannot be read: ${reason}`, fix: 'name a readable file' };
}

function ofSchema(problem: Problem, file: string): Problem {
  const fix = OF_A_TASK[problem.code];
  return fix === undefined ? problem : fault(`output_schema: ${problem.found}`, fix, problem.place ?? { file });
}
