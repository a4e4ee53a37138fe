/** What is wrong with a schema before anything is asked with it, each with its place in the schema. */
import { isFields } from '../core/fields.js';
import { nearest } from '../core/nearest.js';
import type { JsonSchema } from '../schema/task-types.js';
import { References } from './references.js';
import { slowFault, slowPattern } from './slow-patterns.js';
import { type SchemaPath, schemasIn } from './subschemas.js';
import { metaFaults, validatorOf } from './validator.js';

export interface SchemaFault {
  path: SchemaPath;
  found: string;
  fix: string;
}

/** Largest schema, as JSON. */
export const MOST_SCHEMA_BYTES = 64 * 1024;
const KEYWORD_FIX = 'see json-schema.org/draft/2020-12 for what the keyword takes';
const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

const KEYWORDS = (
  '$schema $id $anchor $dynamicAnchor $ref $dynamicRef $defs $comment $vocabulary allOf anyOf oneOf not if then else dependentSchemas ' +
  'prefixItems items contains properties patternProperties additionalProperties propertyNames unevaluatedItems unevaluatedProperties type enum ' +
  'const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains ' +
  'minContains maxProperties minProperties required dependentRequired title description default deprecated readOnly writeOnly examples format ' +
  'contentEncoding contentMediaType contentSchema definitions dependencies'
).split(' ');
/** Those that are checked. */
const FORMATS = (
  'date time date-time iso-time iso-date-time duration uri uri-reference uri-template url email hostname ipv4 ipv6 regex uuid json-pointer ' +
  'json-pointer-uri-fragment relative-json-pointer byte int32 int64 float double password binary'
).split(' ');

function patternFault(pattern: string): string | null {
  try {
    new RegExp(pattern, 'u');
    return null;
  } catch {
    return `${JSON.stringify(pattern.slice(0, 60))} is not a regular expression`;
  }
}

type Fault = Pick<SchemaFault, 'found' | 'fix'>;

/** Words that are no keywords check nothing: where there is nothing else, any value would do. */
function emptyFault(schema: JsonSchema): Fault | null {
  const names = Object.keys(schema);
  const own = names.filter((name) => !KEYWORDS.includes(name) && !name.startsWith('x-'));
  if (own.length === 0 || own.length < names.length) return null;
  const shown = own.slice(0, 3).join(', ');
  const found = `${shown}: no keywords of JSON Schema, so that any value would meet it`;
  if (isFields(schema['schema'])) return { found, fix: 'write what stands under schema alone' };
  if (own.some((name) => nearest(name, KEYWORDS) !== null)) return null;
  return { found, fix: `write "type: object", and under properties "${own[0]}: {type: ...}"` };
}

/** No value has a property that it must have and may not have. */
function impossibleFault({ required, properties = {}, additionalProperties, patternProperties }: JsonSchema): Fault | null {
  if (additionalProperties !== false || patternProperties !== undefined) return null;
  if (!Array.isArray(required) || !isFields(properties)) return null;
  const name = required.find((one) => typeof one === 'string' && !Object.hasOwn(properties, one));
  if (typeof name !== 'string') return null;
  const near = nearest(name, Object.keys(properties));
  const found = `required names ${JSON.stringify(name)}, which is none of its properties, and additionalProperties is false`;
  return { found, fix: near === null ? `add ${name} to properties` : `did you mean ${near}?` };
}

function* keywordFaults(root: JsonSchema): Generator<SchemaFault, void> {
  const references = new References(root);
  const endless = references.endless();
  if (endless !== null)
    yield {
      path: endless,
      found: 'it refers to itself with the same value, without end',
      fix: 'refer to it from a property or from items',
    };
  for (const { schema, path } of schemasIn(root)) {
    const empty = emptyFault(schema);
    if (empty !== null) {
      yield { path, ...empty };
      continue;
    }
    const impossible = impossibleFault(schema);
    if (impossible !== null) yield { path: [...path, 'required'], ...impossible };
    for (const [name, value] of Object.entries(schema)) {
      const at = [...path, name];
      if (!KEYWORDS.includes(name)) {
        const near = nearest(name, KEYWORDS);
        if (near !== null) yield { path: at, found: `${name} is no keyword of JSON Schema`, fix: `did you mean ${near}?` };
        else if (name === 'nullable')
          yield { path: at, found: 'nullable is a word of OpenAPI, and says nothing here', fix: 'write type: [string, "null"]' };
      } else if (name === '$schema' && (typeof value !== 'string' || value.replace(/#$/, '') !== DRAFT)) {
        yield { path: at, found: `$schema is ${JSON.stringify(value)}`, fix: `write it for ${DRAFT}, or remove $schema` };
      } else if ((name === '$ref' || name === '$dynamicRef') && typeof value === 'string') {
        const shown = JSON.stringify(value.slice(0, 80));
        if (!value.startsWith('#'))
          yield {
            path: at,
            found: `${name} ${shown} is elsewhere, and nothing is fetched`,
            fix: 'copy it into $defs and refer to "#/$defs/NAME"',
          };
        else if (references.target(value) === undefined)
          yield {
            path: at,
            found: `${name} ${shown} points at nothing`,
            fix: 'refer to what is in $defs, such as "#/$defs/NAME"',
          };
      } else if (name === 'format' && typeof value === 'string' && !FORMATS.includes(value)) {
        const near = nearest(value, FORMATS);
        yield {
          path: at,
          found: `format ${JSON.stringify(value.slice(0, 40))} is not known`,
          fix: near === null ? 'say it with pattern' : `did you mean ${near}?`,
        };
      } else if (name === 'pattern' && typeof value === 'string') {
        const found = patternFault(value);
        if (found !== null) yield { path: at, found, fix: 'write a JavaScript regular expression without slashes' };
      } else if (name === 'patternProperties' && isFields(value)) {
        for (const pattern of Object.keys(value)) {
          const found = patternFault(pattern);
          if (found !== null)
            yield { path: [...at, pattern], found, fix: 'write a JavaScript regular expression without slashes' };
        }
      }
    }
  }
}

function patternsOf(root: JsonSchema): { pattern: string; path: SchemaPath }[] {
  return [...schemasIn(root)].flatMap(({ schema, path }) => {
    const { pattern, patternProperties } = schema;
    const names = isFields(patternProperties) ? Object.keys(patternProperties) : [];
    return [
      ...(typeof pattern === 'string' ? [{ pattern, path: [...path, 'pattern'] }] : []),
      ...names.map((name) => ({ pattern: name, path: [...path, 'patternProperties', name] })),
    ];
  });
}

function compileFault(schema: JsonSchema): SchemaFault[] {
  try {
    validatorOf(schema);
    return [];
  } catch (error) {
    return [{ path: [], found: `it cannot be used: ${(error as Error).message.slice(0, 200)}`, fix: 'correct the schema' }];
  }
}

/** As JSON; null for what is none: a schema from code may hold anything. */
function bytesOf(schema: JsonSchema): number | null {
  try {
    return Buffer.byteLength(JSON.stringify(schema));
  } catch {
    return null;
  }
}

/** Empty for a schema that can be used. */
export async function schemaFaults(schema: JsonSchema): Promise<SchemaFault[]> {
  const bytes = bytesOf(schema);
  if (bytes === null)
    return [{ path: [], found: 'it is no JSON: a value refers to itself, or is a bigint', fix: 'pass plain values' }];
  if (bytes > MOST_SCHEMA_BYTES)
    return [{ path: [], found: `it has ${bytes} bytes as JSON`, fix: 'describe less, or split the task' }];
  const faults = [...keywordFaults(schema)];
  if (faults.length > 0) return faults;
  const meta = metaFaults(schema);
  if (meta.length > 0)
    return meta.map((fault) => ({ ...fault, fix: fault.near === null ? KEYWORD_FIX : `did you mean ${fault.near}?` }));
  const compiled = compileFault(schema);
  if (compiled.length > 0) return compiled;
  const slow = await slowPattern(patternsOf(schema), 'u');
  return slow === null ? [] : [{ path: slow.path, ...slowFault(slow.pattern) }];
}
