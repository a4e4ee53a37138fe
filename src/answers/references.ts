/** References within a schema: whether they lead to something, and whether they ever get to a part of the value. */
import { isFields } from '../core/fields.js';
import type { JsonSchema } from '../schema/task-types.js';
import { type SchemaPath, schemasIn } from './subschemas.js';

/** Keywords whose schemas are for the value itself, not for a part of it. */
const SAME_VALUE = /^(?:allOf|anyOf|oneOf|not|if|then|else|dependentSchemas)$/;

/** A step of a reference: a JSON pointer in a URI fragment. */
function unescaped(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return step;
  }
}

export class References {
  readonly #root: JsonSchema;
  readonly #anchors = new Map<string, JsonSchema>();

  constructor(root: JsonSchema) {
    this.#root = root;
    for (const { schema } of schemasIn(root))
      for (const name of [schema['$anchor'], schema['$dynamicAnchor']])
        if (typeof name === 'string') this.#anchors.set(name, schema);
  }

  /** What `#...` points at; undefined for nothing. */
  target(ref: string): unknown {
    if (ref === '#') return this.#root;
    if (!ref.startsWith('#/')) return this.#anchors.get(ref.slice(1));
    let here: unknown = this.#root;
    for (const step of ref.slice(2).split('/')) {
      const name = unescaped(step);
      if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined;
      here = (here as Record<string, unknown>)[name];
    }
    return isFields(here) || typeof here === 'boolean' ? here : undefined;
  }

  /** The place of a schema that comes back to itself with the same value, so that its check would never end; null for none. */
  endless(): SchemaPath | null {
    const done = new Set<unknown>();
    const found = [...schemasIn(this.#root)].find(({ schema }) => this.#comesBack(schema, new Set(), done));
    return found?.path ?? null;
  }

  #comesBack(schema: unknown, open: Set<unknown>, done: Set<unknown>): boolean {
    if (!isFields(schema) || done.has(schema)) return false;
    if (open.has(schema)) return true;
    open.add(schema);
    const ref = schema['$ref'];
    const next = typeof ref === 'string' ? [this.target(ref)] : [];
    for (const [name, value] of Object.entries(schema)) {
      if (SAME_VALUE.test(name))
        next.push(...(name === 'dependentSchemas' || Array.isArray(value) ? Object.values(value as object) : [value]));
    }
    const isEndless = next.some((inner) => this.#comesBack(inner, open, done));
    open.delete(schema);
    done.add(schema);
    return isEndless;
  }
}
