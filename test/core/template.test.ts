import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SwarmError } from '../../src/core/errors.js';
import { parseTemplate, readTemplate, variableOf } from '../../src/core/template.js';

function failure(run: () => unknown): SwarmError {
  try {
    run();
  } catch (error) {
    if (SwarmError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('parseTemplate', () => {
  test('template: several variables -> each once, in order of first use', () => {
    const { variables, offsets } = parseTemplate('{{b}} {{ a }} {{b}} {{c.d}} {{Product Name}}');
    expect(variables).toEqual(['b', 'a', 'c.d', 'Product Name']);
    expect(offsets.get('a')).toBe(6);
  });

  test.each([
    ['B25 unclosed', 'Hello\nand {{seed', 'E_TEMPLATE_SYNTAX', 2, 5],
    ['unclosed before another', '{{a {{b}}', 'E_TEMPLATE_SYNTAX', 1, 1],
    ['no name', 'x {{ }}', 'E_TEMPLATE_SYNTAX', 1, 3],
    ['B26 statement', 'a {% for x in y %}', 'E_TEMPLATE_EXPRESSION', 1, 3],
    ['B21 blank', ' \n\t', 'E_TEMPLATE_EMPTY', 1, 1],
  ])('template: %s -> code and column', (_name, source, code, line, column) => {
    const { problems } = failure(() => parseTemplate(source));
    expect(problems[0]).toMatchObject({ code, place: { line, column } });
    expect(problems[0]?.allowed).toContain('{{seed}}');
    expect(problems[0]?.fix).toBeTruthy();
  });

  test('template: several faults -> all of them, in order', () => {
    const { faults, template } = readTemplate('{{1+1}} {{}} {% if x %} {{y');
    expect(template).toBeNull();
    expect(faults.map(({ offset }) => offset)).toEqual([8, 13, 24]);
  });
});

describe('render', () => {
  test.each([
    ['a text row', 'Say {{seed}}!', 'hi', 'Say hi!'],
    ['a field', '{{a}}-{{b}}', { a: 'x', b: 'y' }, 'x-y'],
    ['a path', '{{a.b.c}}', { a: { b: { c: 'deep' } } }, 'deep'],
    ['a field whose name has a dot', '{{a.b}}', { 'a.b': 'whole', a: { b: 'path' } }, 'whole'],
    [
      'a name with signs',
      '{{price (€)}} {{Q1: how?}} {{a/b.c+d}}',
      { 'price (€)': '5', 'Q1: how?': 'so', 'a/b': { 'c+d': 1 } },
      '5 so 1',
    ],
    ['a name with blanks around it', '{{lang}} {{ a . b }}', { ' lang': 'de', a: { ' b ': 1 } }, 'de 1'],
    ['a whole number above 2^53', '{{n}} {{seed}}', { n: 9007199254740993n }, '9007199254740993 {"n":9007199254740993}'],
    ['numbers and booleans', '{{n}} {{t}}', { n: 1.5, t: false }, '1.5 false'],
    ['the field seed', '{{seed}}', { seed: 's', x: 1 }, 's'],
    ['a whole object', '{{seed}}', { x: 1, y: [2] }, '{"x":1,"y":[2]}'],
    ['an empty text', '[{{a}}]', { a: '' }, '[]'],
    ['an escaped brace pair', '{{{{seed}} {{seed}}', 'v', '{{seed}} v'],
    ['braces of JSON around', '{"a":{{{seed}}}}', '"v"', '{"a":{"v"}}'],
    ['closing braces alone', '{"a":{"b":"{{seed}}"}}', 'v', '{"a":{"b":"v"}}'],
  ])('render: %s -> filled in', (_name, source, content, expected) => {
    expect(parseTemplate(source).render(content)).toBe(expected);
  });

  test('render: a value that looks like a template -> not expanded (S31)', () => {
    expect(parseTemplate('{{a}} {{b}}').render({ a: '{{b}} {{{{', b: 'secret' })).toBe('{{b}} {{{{ secret');
  });

  test.each([
    ['null', null],
    ['a list', [1]],
    ['an object', { x: 1 }],
    ['a whole number over 2^53', 2 ** 60],
  ])('render: field is %s -> E_SEED_FIELD_TYPE (B67)', (_name, value) => {
    expect(failure(() => parseTemplate('{{a}}').render({ a: value })).code).toBe('E_SEED_FIELD_TYPE');
  });

  test.each(['constructor', 'toString', '__proto__', 'a.constructor', 'length', "a.constructor.constructor('x')()"])(
    'render: {{%s}} -> own fields only (B27)',
    (path) => {
      expect(failure(() => parseTemplate(`{{${path}}}`).render({ a: {} })).code).toBe('E_SEED_FIELD');
      expect(variableOf('text', path)).toEqual({ kind: 'absent' });
    },
  );

  test('render: own __proto__ field -> data', () => {
    expect(parseTemplate('{{__proto__}}').render(JSON.parse('{"__proto__":"p"}'))).toBe('p');
  });

  test('render: any text without braces around any value -> concatenation', () => {
    const literal = fc.string().map((text) => text.replaceAll('{', '('));
    fc.assert(
      fc.property(literal, literal, fc.string(), (before, after, value) => {
        expect(parseTemplate(`${before}{{seed}}${after}`).render(value)).toBe(`${before}${value}${after}`);
      }),
      { numRuns: 200 },
    );
  });
});
