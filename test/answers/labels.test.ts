import { describe, expect, it } from 'vitest';
import { Labels, likeLabels } from '../../src/answers/labels.js';

const LIST = ['positive', 'negative', 'Not sure', 'C++', 'pos'];
const one = (answer: string, cut = false) => new Labels(LIST, false).check(answer, cut);
const many = (answer: string, cut = false) => new Labels(LIST, true).check(answer, cut);
const label = (name: string) => ({ ok: true, json: JSON.stringify(name) });
const list = (...names: string[]) => ({ ok: true, json: JSON.stringify(names) });

describe('one label', () => {
  it.each([
    ['as written', 'positive', 'positive'],
    ['case', 'POSITIVE', 'positive'],
    ['a full stop', 'Positive.', 'positive'],
    ['quotes', '"positive"', 'positive'],
    ['quotes and a full stop', '“Positive.”', 'positive'],
    ['a full stop behind quotes', "'Positive'.", 'positive'],
    ['emphasis', '**Positive**', 'positive'],
    ['white space', '  not   sure \n', 'Not sure'],
    ['signs that are part of it', 'c++', 'C++'],
    ['a dash, as the list is shown', '- Positive', 'positive'],
    ['a code fence', '```\npositive\n```', 'positive'],
    ['thoughts before', '<think>negative?</think>\npositive', 'positive'],
  ])('%s -> that of the list, as it is written there', (_what, answer, name) => {
    expect(one(answer)).toEqual(label(name));
  });

  it.each([
    ['in a sentence', 'The label is positive'],
    ['two of them', 'positive, negative'],
    ['another word', 'neutral'],
    ['the beginning of one', 'posit'],
    ['nothing', '...'],
  ])('%s -> none', (_what, answer) => {
    expect(one(answer)).toEqual({ ok: false, problem: `${JSON.stringify(answer)} is none of the labels` });
  });

  it('an answer that repeats signs without end -> none, at once', () => {
    const began = performance.now();
    for (const text of ['.', '_', '."', ' ', '\n', '- '].map((signs) => `a${signs.repeat(100_000)}b`)) {
      expect(one(text).ok).toBe(false);
      expect(many(text).ok).toBe(false);
    }
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('cut at the output limit -> taken, unless it may be the beginning of another', () => {
    expect(one('Negative', true)).toEqual(label('negative'));
    expect(one('pos', true).ok).toBe(false);
  });
});

describe('several labels', () => {
  it.each([
    ['a JSON array', '["Positive", "C++"]', ['positive', 'C++']],
    ['in a fence', '```json\n["positive"]\n```', ['positive']],
    ['under a name', '{"labels": ["pos", "negative"]}', ['pos', 'negative']],
    ['one to a line', '- Positive\n- not sure', ['positive', 'Not sure']],
    ['numbered', '1. pos\n2. c++', ['pos', 'C++']],
    ['with commas', 'positive, Negative.', ['positive', 'negative']],
    ['one alone', 'Positive.', ['positive']],
    ['one twice', '["pos", "POS"]', ['pos']],
    ['none, said so', '[]', []],
  ])('%s -> a list of them', (_what, answer, names) => {
    expect(many(answer)).toEqual(list(...names));
  });

  it('labels that are numbers or words of JSON -> meant without quotes, too', () => {
    const stars = new Labels(['1', '2', 'true'], true);
    expect(stars.check('[1, 2]', false)).toEqual(list('1', '2'));
    expect(stars.check('[true]', false)).toEqual(list('true'));
    expect(stars.check('2', false)).toEqual(list('2'));
    expect(stars.check('[3]', false)).toEqual({ ok: false, problem: '"3" is none of the labels' });
  });

  it('with one that is none, of another form, or cut -> refused', () => {
    expect(many('["positive", "neutral"]')).toEqual({ ok: false, problem: '"neutral" is none of the labels' });
    expect(many('{"positive": true}').ok).toBe(false);
    expect(many('').ok).toBe(false);
    expect(many('["positive"]', true)).toEqual({ ok: false, problem: 'the list was cut short' });
  });
});

describe('likeLabels', () => {
  it('labels that differ by what does not count -> their places; others -> null', () => {
    expect(likeLabels(['yes', 'no', 'Yes.'])).toEqual({ at: 2, like: 0 });
    expect(likeLabels(LIST)).toBeNull();
  });
});
