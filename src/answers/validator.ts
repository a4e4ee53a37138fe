/** JSON Schema draft 2020-12, by ajv: whether a schema is one, and what is wrong with a value. Nothing is fetched, nothing is changed. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { nearest } from '../core/nearest.js';
import type { JsonSchema } from '../schema/task-types.js';
import type { Validate } from './read-answer.js';

/** Errors that are shown of one value. */
const SHOWN = 5;
/** Decimals to which a value is a multiple: 19.99 is one of 0.01, though no double says so. */
const MULTIPLE_DECIMALS = 8;

function ajv(): Ajv2020 {
  // Its own warnings would go to the console; what matters of them is checked in schema-check.ts.
  const form = { allErrors: true, strict: false, logger: false, validateSchema: true } as const;
  const made = new Ajv2020({ ...form, multipleOfPrecision: MULTIPLE_DECIMALS });
  addFormats.default(made);
  return made;
}

/** An error as people read it: `/items/0/price must be number`. */
function shown({ instancePath, keyword, message = 'is wrong', params }: ErrorObject): string {
  const where = instancePath === '' ? 'the value' : instancePath;
  const { allowedValues, additionalProperty, unevaluatedProperty } = params as Record<string, unknown>;
  const name = additionalProperty ?? unevaluatedProperty;
  if (Array.isArray(allowedValues)) return `${where} ${message}: ${JSON.stringify(allowedValues)}`;
  if (name !== undefined) return `${where} ${message}: ${JSON.stringify(name)}`;
  return keyword === 'const'
    ? `${where} must be ${JSON.stringify((params as { allowedValue?: unknown }).allowedValue)}`
    : `${where} ${message}`;
}

interface MetaFault {
  path: string[];
  found: string;
  /** The word that was meant, where it can be told. */
  near: string | null;
}

/** Faults of a schema by the meta-schema, with their places in it; empty for none. */
export function metaFaults(schema: JsonSchema): MetaFault[] {
  const meta = ajv();
  if (meta.validateSchema(schema) === true) return [];
  const errors = meta.errors ?? [];
  // Of one place the first says it; what follows at `$ref` and `anyOf` are echoes of the meta-schema's own build.
  const byPlace = new Map<string, ErrorObject>();
  for (const error of errors)
    if (error.keyword !== '$ref' && !byPlace.has(error.instancePath)) byPlace.set(error.instancePath, error);
  // What is wrong within is wrong around it, too.
  const inner = [...byPlace.values()].filter(
    ({ instancePath: at }) => ![...byPlace.keys()].some((other) => other.startsWith(`${at}/`)),
  );
  return inner.map((error) => ({ path: pathOf(error.instancePath), found: shown(error), near: nearTo(schema, error) }));
}

function nearTo(schema: JsonSchema, { instancePath, params }: ErrorObject): string | null {
  const { allowedValues } = params as { allowedValues?: unknown };
  let here: unknown = schema;
  for (const step of pathOf(instancePath)) here = (here as Record<string, unknown> | undefined)?.[step];
  return typeof here === 'string' && Array.isArray(allowedValues) ? nearest(here, allowedValues.map(String)) : null;
}

/** Steps of a JSON pointer. */
function pathOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Throws where the schema cannot be used: a `$ref` to nothing, a pattern that is none. */
export function validatorOf(schema: JsonSchema): Validate {
  const validate = ajv().compile(schema);
  return (value) => {
    if (validate(value)) return null;
    const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if');
    const more = errors.length - SHOWN;
    return `${errors.slice(0, SHOWN).map(shown).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  };
}
