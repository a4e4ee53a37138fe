import { describe, expect, it } from 'vitest';
import { MOST_SCHEMA_BYTES, schemaFaults } from '../../src/answers/schema-check.js';

describe('schemaFaults', () => {
  it.each<[what: string, schema: object, at: string, found: RegExp]>([
    ['a misspelt keyword', { properties: { a: { requird: [] } } }, 'properties/a/requird', /no keyword of JSON Schema/],
    ['a misspelt type', { type: 'objekt' }, 'type', /must be equal to one of the allowed values/],
    ['a value of the wrong kind', { properties: { a: { minimum: 'x' } } }, 'properties/a/minimum', /must be number/],
    ['items of an older draft', { items: [{}] }, 'items', /must be object,boolean/],
    ['an older draft', { $schema: 'http://json-schema.org/draft-07/schema#' }, '$schema', /\$schema is/],
    ['a reference to nothing', { $ref: '#/$defs/x' }, '$ref', /points at nothing/],
    ['a reference with a broken escape', { $ref: '#/$defs/%zz' }, '$ref', /points at nothing/],
    ['an anchor that is not there', { items: { $ref: '#x' } }, 'items/$ref', /points at nothing/],
    ['a reference to itself', { $ref: '#' }, '', /refers to itself/],
    [
      'references in a circle',
      { $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { $ref: '#/$defs/a' } } },
      '$defs/a',
      /itself/,
    ],
    ['a misspelt type of a list', { type: ['string', 'nul'] }, 'type/1', /allowed values/],
    ['a reference to another place', { $ref: 'https://example.com/a.json' }, '$ref', /elsewhere, and nothing is fetched/],
    ['a reference to a file', { properties: { a: { $ref: 'other.json#/x' } } }, 'properties/a/$ref', /nothing is fetched/],
    ['an unknown format', { format: 'emial' }, 'format', /format "emial" is not known/],
    ['a pattern that is none', { properties: { a: { pattern: '(' } } }, 'properties/a/pattern', /not a regular expression/],
    ['a name pattern that is none', { patternProperties: { '[': {} } }, 'patternProperties/[', /not a regular expression/],
    ['a pattern of exponential time', { anyOf: [{ pattern: '^(a+)+$' }] }, 'anyOf/0/pattern', /takes too long/],
    ['alternatives of exponential time', { pattern: '^(a|a)*$' }, 'pattern', /takes too long/],
    ['names and types alone', { name: 'string', age: 'integer' }, '', /^name, age: no keywords/],
    ['a format of an answer around it', { name: 'a', strict: true, schema: { type: 'object' } }, '', /^name, strict, schema: no/],
    ['a property without a keyword', { properties: { a: { optional: true } } }, 'properties/a', /^optional: no keywords/],
    ['null as OpenAPI says it', { type: 'string', nullable: true }, 'nullable', /word of OpenAPI/],
    [
      'a property that must and may not be there',
      { properties: { name: {} }, required: ['nmae'], additionalProperties: false },
      'required',
      /^required names "nmae"/,
    ],
    ['words of exponential time', { pattern: '^(\\w+\\s?)*$' }, 'pattern', /takes too long/],
    ['all but a sign, of exponential time', { pattern: '^([^"]+)+$' }, 'pattern', /takes too long/],
    ['any sign, of exponential time', { pattern: '^(.+)+$' }, 'pattern', /takes too long/],
    ['signs of exponential time', { pattern: '^(#+)+$' }, 'pattern', /takes too long/],
    ['pairs of exponential time', { pattern: '(xy|xy)*z' }, 'pattern', /takes too long/],
    ['a schema that is too large', { enum: ['x'.repeat(MOST_SCHEMA_BYTES)] }, '', /it has \d+ bytes/],
  ])('%s -> its place and what is wrong', async (_what, schema, at, found) => {
    const faults = await schemaFaults({ ...schema });
    expect(faults.map(({ path }) => path.join('/'))).toContain(at);
    expect(faults.find(({ path }) => path.join('/') === at)?.found).toMatch(found);
  });

  it('what is no JSON, from code -> said so', async () => {
    const self: Record<string, unknown> = { type: 'object' };
    self['properties'] = { self };
    for (const schema of [self, { enum: [1n] }])
      expect(await schemaFaults(schema)).toMatchObject([{ path: [], found: expect.stringMatching(/^it is no JSON/) }]);
  });

  it('a misspelt type -> the one that was meant', async () => {
    expect(await schemaFaults({ type: ['objekt', 'null'] })).toMatchObject([
      { path: ['type', '0'], fix: 'did you mean object?' },
    ]);
  });

  it.each<[what: string, schema: object]>([
    ['references within', { $ref: '#/$defs/a', $defs: { a: { $anchor: 'q', items: { $ref: '#q' } } } }],
    ['a recursive one', { type: 'object', properties: { next: { $ref: '#' } } }],
    ['patterns that repeat with an end', { pattern: '^(\\d+,)*\\d+$' }],
    ['a pattern of an address', { pattern: '^[\\w.+-]+@[\\w-]+\\.[\\w.-]+$' }],
    ['a pattern of texts in quotes', { pattern: '^"(?:[^"\\\\]|\\\\.)*"$' }],
    ['a pattern of lists', { pattern: '^[^,]+(?:,[^,]+)*$' }],
    ['words of its own', { 'x-note': 'mine', title: 'A', examples: [1] }],
    ['keywords as names of properties', { properties: { requird: { type: 'string' }, format: { type: 'string' } } }],
    ['this draft', { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: 'https://example.com/a', type: 'object' }],
  ])('%s -> no fault', async (_what, schema) => {
    expect(await schemaFaults({ ...schema })).toEqual([]);
  });
});
