/** What is wrong with a schema before anything is asked with it, each with its place in the schema. */
import { isFields } from '../core/fields.js';
import { nearest } from '../core/nearest.js';
import type { JsonSchema } from '../schema/task-types.js';
import { checkingThread } from './checking-thread.js';
import { type SchemaPath, schemasIn } from './subschemas.js';
import { metaFaults, validatorOf } from './validator.js';

export interface SchemaFault {
  path: SchemaPath;
  found: string;
  fix: string;
}

/** Largest schema, as JSON. */
export const MOST_SCHEMA_BYTES = 64 * 1024;
const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
/** All patterns of a schema together, on hard texts. */
const PATTERNS_MS = 1_000;

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

/** A step of a reference: a JSON pointer in a URI fragment. */
function unescaped(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return step;
  }
}

/** True when the reference has something to point at. */
function leads(root: JsonSchema, anchors: ReadonlySet<string>, ref: string): boolean {
  if (ref === '#') return true;
  if (!ref.startsWith('#/')) return anchors.has(ref.slice(1));
  let here: unknown = root;
  for (const step of ref.slice(2).split('/')) {
    const name = unescaped(step);
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return false;
    here = (here as Record<string, unknown>)[name];
  }
  return isFields(here) || typeof here === 'boolean';
}

function* keywordFaults(root: JsonSchema): Generator<SchemaFault, void> {
  const all = [...schemasIn(root)];
  const anchors = new Set(
    all.flatMap(({ schema }) => [schema['$anchor'], schema['$dynamicAnchor']]).filter((name) => typeof name === 'string'),
  );
  for (const { schema, path } of all) {
    for (const [name, value] of Object.entries(schema)) {
      const at = [...path, name];
      if (!KEYWORDS.includes(name)) {
        const near = nearest(name, KEYWORDS);
        if (near !== null) yield { path: at, found: `${name} is no keyword of JSON Schema`, fix: `did you mean ${near}?` };
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
        else if (!leads(root, anchors, value))
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

/** Patterns that take longer than a text is worth. Only several repetitions, or one of alternatives, can. */
async function slowPatterns(root: JsonSchema): Promise<SchemaFault[]> {
  const risky = patternsOf(root).filter(({ pattern }) => (pattern.match(/[*+}|]/g)?.length ?? 0) > 1);
  if (risky.length === 0 || (await tried(risky.map(({ pattern }) => pattern)))) return [];
  const slow: SchemaFault[] = [];
  for (const { pattern, path } of risky) {
    if (slow.length === 0 && !(await tried([pattern]))) {
      const found = `the pattern ${JSON.stringify(pattern.slice(0, 60))} takes too long on texts that do not match it`;
      slow.push({ path, found, fix: 'do not repeat what is repeated within: (a+)+ is a+' });
    }
  }
  return slow;
}

async function tried(patterns: readonly string[]): Promise<boolean> {
  return (await checkingThread.run({ kind: 'patterns', patterns }, PATTERNS_MS)) !== null;
}

function compileFault(schema: JsonSchema): SchemaFault[] {
  try {
    validatorOf(schema);
    return [];
  } catch (error) {
    return [{ path: [], found: `it cannot be used: ${(error as Error).message.slice(0, 200)}`, fix: 'correct the schema' }];
  }
}

/** Empty for a schema that can be used. */
export async function schemaFaults(schema: JsonSchema): Promise<SchemaFault[]> {
  const bytes = Buffer.byteLength(JSON.stringify(schema));
  if (bytes > MOST_SCHEMA_BYTES)
    return [{ path: [], found: `it has ${bytes} bytes as JSON`, fix: 'describe less, or split the task' }];
  const faults = [...keywordFaults(schema)];
  if (faults.length > 0) return faults;
  const meta = metaFaults(schema);
  if (meta.length > 0)
    return meta.map((fault) => ({ ...fault, fix: 'see json-schema.org/draft/2020-12 for what the keyword takes' }));
  const compiled = compileFault(schema);
  return compiled.length > 0 ? compiled : await slowPatterns(schema);
}
