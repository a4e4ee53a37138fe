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
