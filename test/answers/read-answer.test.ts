/** Answers that are no plain JSON: each is read right, or refused; none is changed without a word. */
import { describe, expect, it } from 'vitest';
import { MOST_REPAIRED, readAnswer } from '../../src/answers/read-answer.js';
import { validatorOf } from '../../src/answers/validator.js';

const validate = validatorOf({
  type: 'object',
  properties: {
    name: { type: 'string' },
    n: { type: 'integer' },
    tags: { type: 'array', items: { type: 'string' } },
    more: {},
  },
  required: ['name', 'n'],
  additionalProperties: false,
});
const read = (text: string) => readAnswer(text, validate);
const GOOD = { name: 'a', n: 1 };

describe('readAnswer: broken answers that have one reading -> that', () => {
  it.each<[what: string, answer: string, value?: object]>([
    ['as it should be', '{"name":"a","n":1}'],
    ['white space and a byte order mark around it', '\uFEFF\n {"name":"a","n":1}\n\n'],
    ['a code fence', '```json\n{"name":"a","n":1}\n```'],
    ['a code fence without a language', '```\n{"name":"a","n":1}\n```'],
    ['prose before', 'Here is the JSON you asked for:\n{"name":"a","n":1}'],
    ['prose behind', '{"name":"a","n":1}\nLet me know if you need more.'],
    ['prose around a fence', 'Sure!\n```json\n{"name":"a","n":1}\n```\nDone.'],
    ['braces in the prose', 'Fields {name} and {n}: {"name":"a","n":1}'],
    ['thoughts before, with a draft in them', '<think>{"name":"b","n":2}</think>\n{"name":"a","n":1}'],
    ['the end of thoughts alone', 'maybe {"name":"b","n":2}?\n</think>{"name":"a","n":1}'],
    ['thoughts and a fence', '<think>hm</think>\n```json\n{"name":"a","n":1}\n```'],
    ['single quotes', "{'name': 'a', 'n': 1}"],
    ['quotes within single quotes', `{'name': 'say "x"', 'n': 1}`, { name: 'say "x"', n: 1 }],
    ['an escaped apostrophe', "{'name': 'it\\'s', 'n': 1}", { name: "it's", n: 1 }],
    ['quotation marks of print', '{“name”: “a”, “n”: 1}'],
    ['keys without quotes', '{name: "a", n: 1}'],
    ['a comma too many', '{"name":"a","n":1,}'],
    ['a comma too many in a list', '{"name":"a","n":1,"tags":["x",]}', { ...GOOD, tags: ['x'] }],
    ['a comma too few', '{"name":"a" "n":1}'],
    ['a comma too few in a list', '{"name":"a","n":1,"tags":["x" "y"]}', { ...GOOD, tags: ['x', 'y'] }],
    ['comments', '{"name":"a", // the name\n "n":1 /* one */}'],
    ['words of Python', '{"name":"a","n":1,"more":[True,False,None]}', { ...GOOD, more: [true, false, null] }],
    ['a line end within a text', '{"name":"a\nb","n":1}', { name: 'a\nb', n: 1 }],
    ['JSON in a JSON string', '"{\\"name\\":\\"a\\",\\"n\\":1}"'],
    ['the same without its quotes', '{\\"name\\":\\"a\\",\\"n\\":1}'],
    ['a bracket too many at its end', '{"name":"a","n":1}}'],
    ['prose in brackets behind', '{"name":"a","n":1}\n(As you asked, in one line.)'],
    [
      'the end of thoughts within a text',
      '```json\n{"name":"say </think>","n":1,"more":{"name":"b","n":2}}\n```\nDone.',
      { name: 'say </think>', n: 1, more: { name: 'b', n: 2 } },
    ],
    ['dots, braces and quotes within a text', '{"name":"x ... {y} \\"z\\"","n":1}', { name: 'x ... {y} "z"', n: 1 }],
  ])('%s', (_what, answer, value = GOOD) => {
    expect(read(answer)).toEqual({ ok: true, json: JSON.stringify(value) });
  });

  it('a whole number that no double holds -> with all its digits', () => {
    expect(read('{"name":"a","n":12345678901234567890}')).toEqual({ ok: true, json: '{"name":"a","n":12345678901234567890}' });
  });

  it('a multiple of a part that no double holds -> one', () => {
    const price = validatorOf({ type: 'number', multipleOf: 0.01 });
    for (const text of ['19.99', '0.07', '123456.78', '3']) expect(readAnswer(text, price)).toEqual({ ok: true, json: text });
    expect(readAnswer('19.995', price).ok).toBe(false);
  });

  it('whole characters of two escapes, and text of other scripts -> as they are', () => {
    const { json } = read('{"name":"\\ud83d\\ude00 \u202bשלום\u202c 日本","n":1}') as { json: string };
    expect(JSON.parse(json)).toEqual({ name: '😀 \u202bשלום\u202c 日本', n: 1 });
  });

  it('values that are no objects -> as they stand, also in a fence; never made of prose', () => {
    const text = (value: unknown) => (typeof value === 'string' ? null : 'must be string');
    expect(readAnswer('"yes"', text)).toEqual({ ok: true, json: '"yes"' });
    expect(readAnswer('```json\n"yes"\n```', text)).toEqual({ ok: true, json: '"yes"' });
    expect(readAnswer('yes', text)).toEqual({ ok: false, problem: 'it holds no JSON' });
    expect(readAnswer('[1,2]', () => null)).toEqual({ ok: true, json: '[1,2]' });
    expect(readAnswer('As [1](https://example.com) says, there are none.', () => null).ok).toBe(false);
  });
});

describe('readAnswer: answers that may have lost something, or mean two things -> refused, with the reason', () => {
  it.each<[what: string, answer: string, problem: string | RegExp]>([
    ['cut in an object', '{"name":"a","n":1', 'the JSON in it does not end'],
    ['cut within a text', '{"name":"a","n":1,"tags":["x', 'the JSON in it does not end'],
    ['brackets that do not pair', '{"name":"a","n":1,"tags":["x"}', 'the JSON in it does not end'],
    ['an apostrophe within single quotes', "{'name': 'it's', 'n': 1}", 'it is no JSON, and could be read in two ways'],
    ['an escape that JSON does not have', '{"name":"a\\d","n":1,}', 'a text in it has an escape that JSON does not have'],
    ['something left out of a list', '{"name":"a","n":1,"tags":["x", ...]}', 'something is left out (...)'],
    ['something left out, in one sign', '{"name":"a","n":1,"tags":["x", …]}', 'something is left out (...)'],
    ['something left out behind a text', '{"name":"a", "n":1, ...}', 'something is left out (...)'],
    ['a key twice', '{"name":"a","name":"b","n":1}', 'the key "name" is there twice'],
    ['a key twice, mended otherwise', "{'name':'a','name':'b','n':1}", 'the key "name" is there twice'],
    ['two values', '{"name":"a","n":1}\n{"name":"b","n":2}', 'it holds 2 JSON values that could be meant'],
    ['a draft and its correction in prose', 'First {"name":"a","n":1}, better {"name":"b","n":1}', /^it holds 2 JSON values/],
    ['a last bracket that came too early', '{"name":"a","n":1},"tags":["x"]}', 'its brackets do not pair'],
    ['the same without a comma', '{"name":"a","n":1} "tags": ["x"]}', 'its brackets do not pair'],
    ['a list without its brackets, one of two valid', '{"name":"a","n":1}, {"name":"b","n":"x"}', 'its brackets do not pair'],
    ['the same, the other one valid', '{"name":"b","n":"x"}, {"name":"a","n":1}', 'its brackets do not pair'],
    ['a blank within a number, or a comma too few', '{"name":"a","n":1,"more":[1 234],}', 'a comma is missing'],
    ['half of a character', '{"name":"\\ud83d","n":1}', 'a text in it holds half of a character'],
    ['not a number', '{"name":"a","n":1,"more":NaN}', '"NaN" is no JSON'],
    ['undefined', '{"name":"a","n":1,"more":undefined}', '"undefined" is no JSON'],
    ['leading zeros', '{"name":"a","n":1,"more":007}', '"007" is no JSON'],
    ['a text without quotes', '{"name":a,"n":1}', '"a" is no JSON'],
    ['quotes within a text', '{"name":"say "hi" now","n":1}', /^a value stands where a key belongs|is no JSON/],
    ['a value that is missing', '{"name":"a","n":1,"more":}', 'a value is missing'],
    ['an element that is missing', '{"name":"a","n":1,"tags":["x",,"y"]}', 'a value is missing'],
    ['thoughts without an end', '<think>{"name":"a","n":1}', 'it holds no JSON'],
    ['prose', 'I cannot do that.', 'it holds no JSON'],
    ['a number too large', '{"name":"a","n":1e999}', /too large/],
    ['a list around it', '[{"name":"a","n":1}]', 'the value must be object'],
    ['a number as text', '{"name":"a","n":"1"}', '/n must be integer'],
    ['a key too many', '{"name":"a","n":1,"x":2}', 'the value must NOT have additional properties: "x"'],
    ['a key too few', '{"name":"a"}', "the value must have required property 'n'"],
  ])('%s', (_what, answer, problem) => {
    const verdict = read(answer);
    expect(verdict.ok).toBe(false);
    expect('problem' in verdict && verdict.problem).toMatch(problem);
  });

  it('more than 64 kB that are no JSON as they stand -> refused without mending; JSON of any length is read', () => {
    const long = JSON.stringify({ ...GOOD, tags: Array.from({ length: MOST_REPAIRED / 8 }, () => 'abcdefgh') });
    expect(read(long).ok).toBe(true);
    expect(read(`${long.slice(0, -1)},}`)).toEqual({
      ok: false,
      problem: 'it is no JSON as it stands, and too long to look for some in it',
    });
  });

  it('100,000 open brackets -> refused', () => {
    expect(read('['.repeat(60_000))).toEqual({ ok: false, problem: 'the JSON in it does not end' });
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    expect(read(deep).ok).toBe(false);
    expect(readAnswer(deep, () => null)).toEqual({ ok: false, problem: 'it is nested too deep' });
  });

  it('many errors -> five of them, and how many more', () => {
    const answer = JSON.stringify({ ...GOOD, tags: Array.from({ length: 9 }, (_, n) => n) });
    const verdict = read(answer);
    expect('problem' in verdict && verdict.problem).toMatch(/\/tags\/4 must be string; and 4 more$/);
  });
});
