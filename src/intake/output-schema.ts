/** output_schema: from the task, or from a file of its own, and what is wrong with it. */
import { resolve } from 'node:path';
import { type Place, type Problem, SwarmError } from '../core/errors.js';
import { isFields } from '../core/fields.js';
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

function fault(found: string, fix: string, place: Place): Problem {
  const { allowed } = keyNotes('output_schema');
  return { code: 'E_TASK_SCHEMA', place, found, allowed, fix };
}

/** Null when the task has none. Throws a SwarmError with all problems of it: E_TASK_SCHEMA, E_PATH_ESCAPE, E_ENCODING, and those of YAML. */
export async function readOutputSchema(
  { task, schemaFile, placeIn }: Pick<TaskReading, 'task' | 'schemaFile' | 'placeIn'>,
  folder: string,
  roots: readonly string[] | undefined,
): Promise<JsonSchema | null> {
  const inline = task?.outputSchema;
  const key = placeIn(['output_schema']);
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

async function readFile(path: string, key: Place, roots: readonly string[] | undefined): Promise<PlacedSchema> {
  const escaped = await escapeProblem(path, 'output_schema', roots, key);
  if (escaped) throw new SwarmError(escaped);
  const file = shownPath(path);
  const read = await readSmallFile(path, LARGEST_TASK);
  if ('reason' in read) {
    const why = read.reason === 'absent' ? 'is not there' : `cannot be read: ${read.reason}`;
    const fix = read.reason === 'absent' ? await nearbyFiles(path, /\.(?:ya?ml|json)$/i) : 'name a readable file';
    throw new SwarmError(fault(`output_schema: ${file} ${why}`, fix, key), 2, { cause: read.cause });
  }
  const decoded = decodeUtf8(read.bytes);
  if ('problem' in decoded) throw new SwarmError({ ...decoded.problem, place: { ...decoded.problem.place, file } });
  // JSON is YAML, so its places are found in the same way.
  const source = readYaml(decoded.text, file);
  if (source.problems.length > 0) throw new SwarmError(source.problems);
  if (!isFields(source.value)) throw new SwarmError(fault('output_schema is no map', 'write a JSON Schema', { file }));
  return { schema: source.value, placeIn: (path) => source.places.value(path) };
}
