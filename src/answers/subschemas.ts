/** The schemas within a schema, with their places: what looks at each keyword walks them. */
import { isFields } from '../core/fields.js';
import type { JsonSchema } from '../schema/task-types.js';

export type SchemaPath = readonly (string | number)[];

/** Keywords that hold a schema, a list of them, or a map of them. */
const ONE = [
  'additionalProperties',
  'items',
  'contains',
  'not',
  'if',
  'then',
  'else',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'contentSchema',
] as const;
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const;
const MAPS = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'] as const;

/** A copy in which each schema directly within is what `change` makes of it. */
export function mapSubschemas(schema: JsonSchema, change: (inner: JsonSchema, path: SchemaPath) => unknown): JsonSchema {
  const copy: JsonSchema = { ...schema };
  const changed = (inner: unknown, path: SchemaPath) => (isFields(inner) ? change(inner, path) : inner);
  for (const name of ONE) if (name in copy) copy[name] = changed(copy[name], [name]);
  for (const name of LISTS) {
    const list = copy[name];
    if (Array.isArray(list)) copy[name] = list.map((inner, at) => changed(inner, [name, at]));
  }
  for (const name of MAPS) {
    const map = copy[name];
    if (isFields(map))
      copy[name] = Object.fromEntries(Object.entries(map).map(([key, inner]) => [key, changed(inner, [name, key])]));
  }
  return copy;
}

/** The schema and all within it, the outer ones first. */
export function* schemasIn(schema: JsonSchema, path: SchemaPath = []): Generator<{ schema: JsonSchema; path: SchemaPath }, void> {
  yield { schema, path };
  const inner: { schema: JsonSchema; path: SchemaPath }[] = [];
  mapSubschemas(schema, (found, step) => inner.push({ schema: found, path: [...path, ...step] }));
  for (const found of inner) yield* schemasIn(found.schema, found.path);
}
