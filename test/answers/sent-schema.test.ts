import { describe, expect, it } from 'vitest';
import { sentSchema } from '../../src/answers/sent-schema.js';
import { WIRE_NAMES } from '../../src/schema/wires.js';

const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    a: { type: 'string', minLength: 2, pattern: '^x', description: 'A.' },
    b: { oneOf: [{ type: 'number', minimum: 0 }, { type: 'null' }] },
    c: { type: 'array', items: { $ref: '#/definitions/c' }, uniqueItems: true, maxItems: 3 },
    d: { type: 'string', format: 'uri' },
  },
  required: ['a', 'b', 'c', 'd'],
  additionalProperties: false,
  definitions: { c: { type: 'string', format: 'date-time', default: 'x' } },
};
const sent = (wire: string) => sentSchema(wire, SCHEMA);

describe('sentSchema: what a wire does not take -> in the description', () => {
  it.each(['chat', 'responses'])('%s -> the subset of strict mode', (wire) => {
    expect(sent(wire)).toEqual({
      name: 'answer',
      strict: true,
      schema: {
        type: 'object',
        properties: {
          a: { type: 'string', pattern: '^x', description: 'A. (minLength: 2)' },
          b: { anyOf: [{ type: 'number', minimum: 0 }, { type: 'null' }], description: '(exactly one of the alternatives)' },
          c: { type: 'array', items: { $ref: '#/$defs/c' }, maxItems: 3, description: '(uniqueItems: true)' },
          d: { type: 'string', description: '(format: "uri")' },
        },
        required: ['a', 'b', 'c', 'd'],
        additionalProperties: false,
        $defs: { c: { type: 'string', format: 'date-time', description: '(default: "x")' } },
      },
    });
  });

  it('gemini -> what its package would drop is said', () => {
    const properties = (sent('gemini')?.schema['properties'] ?? {}) as Record<string, unknown>;
    expect(properties['a']).toEqual({ type: 'string', minLength: 2, description: 'A. (pattern: "^x")' });
    expect(properties['b']).toEqual({ oneOf: [{ type: 'number', description: '(minimum: 0)' }, { type: 'null' }] });
    expect(properties['c']).toMatchObject({ description: '(uniqueItems: true; maxItems: 3)' });
    expect(sent('gemini')?.strict).toBe(false);
  });

  it.each(['anthropic', 'ollama'])('%s -> whole, without notes of the schema itself', (wire) => {
    const { $schema: _none, ...rest } = SCHEMA;
    expect(sent(wire)?.schema).toEqual(rest);
  });

  it('every wire has its rules; an unknown one -> nothing goes out', () => {
    for (const wire of WIRE_NAMES) expect(sent(wire)).not.toBeNull();
    expect(sent('telegraph')).toBeNull();
  });
});

describe('sentSchema: strict', () => {
  const of = (schema: object) => sentSchema('chat', { type: 'object', ...schema });

  it('objects with all their properties -> closed; with optional ones, others, or values of any kind -> not strict', () => {
    const all = { properties: { a: { type: 'string' } }, required: ['a'] };
    expect(of(all)).toMatchObject({ strict: true, schema: { additionalProperties: false } });
    expect(of({ properties: all.properties })).toMatchObject({ strict: false });
    expect(of({ ...all, additionalProperties: { type: 'string' } })).toMatchObject({ strict: false });
    expect(of({ ...all, properties: { a: {} } })).toMatchObject({ strict: false });
    expect(of({})).toMatchObject({ strict: false });
    expect(of({ ...all, properties: { a: { type: 'object', properties: { b: { type: 'string' } } } } })?.strict).toBe(false);
  });

  it('no object at its root -> told in words alone on wires that take objects only', () => {
    for (const wire of ['chat', 'responses']) expect(sentSchema(wire, { type: 'array', items: { type: 'string' } })).toBeNull();
    for (const wire of ['anthropic', 'gemini', 'ollama']) expect(sentSchema(wire, { type: 'array' })).not.toBeNull();
  });
});
