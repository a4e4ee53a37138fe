/**
 * The schema that goes out with a call, by wire: what a provider does not take would be refused or dropped without a word, so it moves into
 * the description, where the model reads it. Answers are always checked by the user's own schema.
 */
import type { SentSchema } from '../core/conversation/answer-form.js';
import { isFields } from '../core/fields.js';
import type { JsonSchema } from '../schema/task-types.js';
import { mapSubschemas, schemasIn } from './subschemas.js';

interface WireRules {
  /** Keywords that it takes; null: all, or its package sees to them. */
  keywords: ReadonlySet<string> | null;
  /** Values of `format` that it takes. */
  formats: ReadonlySet<unknown>;
  /** The value must be an object. */
  objectOnly: boolean;
  /** It can promise to keep to a schema whose objects have all their properties and no others. */
  strict: boolean;
}

const COMMON = [
  'type',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'enum',
  'const',
  'anyOf',
  '$ref',
  '$defs',
  'description',
  'title',
  'format',
];
const BOUNDS = ['pattern', 'multipleOf', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minItems', 'maxItems'];
/** Of OpenAI's strict mode, which the servers of its wires follow. */
const OPENAI: WireRules = {
  keywords: new Set([...COMMON, ...BOUNDS]),
  formats: new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid']),
  objectOnly: true,
  strict: true,
};
const ALL = { keywords: null, formats: new Set(), objectOnly: false };

const WIRES: Readonly<Record<string, WireRules>> = {
  chat: OPENAI,
  responses: OPENAI,
  // Its package writes what the API does not take into the description.
  anthropic: { ...ALL, strict: true },
  // Its package drops the others, and turns $ref, const and a null beside another type into what the API knows.
  gemini: {
    keywords: new Set([...COMMON, 'minLength', 'oneOf', 'allOf']),
    formats: new Set(['date-time']),
    objectOnly: false,
    strict: false,
  },
  ollama: { ...ALL, strict: false },
};

/** Keywords that say nothing of a value. */
const ABOUT: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$anchor',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);
/** Of `oneOf` the providers know the weaker form. */
const WEAKER: Readonly<Record<string, string>> = { oneOf: 'anyOf', definitions: '$defs' };

/** Null where the wire takes none of this kind, or is not known: the model is told of it in words alone. */
export function sentSchema(wire: string, schema: JsonSchema): SentSchema | null {
  const rules = Object.hasOwn(WIRES, wire) ? WIRES[wire] : undefined;
  if (rules === undefined || (rules.objectOnly && schema['type'] !== 'object')) return null;
  if (rules.keywords === null) return { name: 'answer', schema: mapAll(schema, withoutNotes), strict: rules.strict };
  const taken = mapAll(schema, (inner) => taking(rules, inner));
  const closed = rules.strict ? closedOf(taken) : null;
  return { name: 'answer', schema: closed ?? taken, strict: closed !== null };
}

function mapAll(schema: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  return mapSubschemas(change(schema), (inner) => mapAll(inner, change));
}

function withoutNotes(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => !ABOUT.has(name)));
}

/** Keywords that are not taken become words of the description. */
function taking({ keywords, formats }: WireRules, schema: JsonSchema): JsonSchema {
  const takes = (name: string) => keywords?.has(name) !== false;
  const taken: JsonSchema = {};
  const words: string[] = [];
  for (const [name, value] of Object.entries(schema)) {
    if (ABOUT.has(name)) continue;
    const weaker = WEAKER[name];
    if (takes(name) && (name !== 'format' || formats.has(value))) taken[name] = references(name, value);
    else if (weaker !== undefined && takes(weaker) && !(weaker in schema)) {
      taken[weaker] = value;
      if (name === 'oneOf') words.push('exactly one of the alternatives');
    } else words.push(`${name}: ${JSON.stringify(value)}`);
  }
  if (words.length === 0) return taken;
  const { description } = schema;
  const before = typeof description === 'string' && description !== '' ? `${description} ` : '';
  return { ...taken, description: `${before}(${words.join('; ')})` };
}

function references(name: string, value: unknown): unknown {
  return name === '$ref' && typeof value === 'string' ? value.replace(/^#\/definitions\//, '#/$defs/') : value;
}

/** One of them says what a value is. */
const KINDS = ['type', 'anyOf', '$ref', 'enum', 'const'];

/** The same with no properties beside those that are named; null when one of its objects has others, or may lack some of them. */
function closedOf(schema: JsonSchema): JsonSchema | null {
  for (const { schema: inner } of schemasIn(schema)) {
    if (!KINDS.some((name) => name in inner)) return null;
    if (!isObject(inner)) continue;
    const names = isFields(inner['properties']) ? Object.keys(inner['properties']) : null;
    const required = Array.isArray(inner['required']) ? inner['required'] : [];
    const isOpen = inner['additionalProperties'] !== undefined && inner['additionalProperties'] !== false;
    if (names === null || isOpen || !names.every((name) => required.includes(name)) || required.length !== names.length)
      return null;
  }
  return mapAll(schema, (inner) => (isObject(inner) ? { ...inner, additionalProperties: false } : inner));
}

function isObject({ type, properties }: JsonSchema): boolean {
  return type === 'object' || properties !== undefined || (Array.isArray(type) && type.includes('object'));
}
