import { describe, expect, it, test } from 'vitest';
import { asksAnew } from '../../src/intake/asked-anew.js';
import type { SeedContent } from '../../src/schema/seed.js';
import { IDENTITY_KEYS, type Task } from '../../src/schema/task-types.js';
import { aTask } from '../activities/turn-setup.js';

const ROW = { text: 'a', style: 'dry', spare: '1' };
const OTHER = { text: 'b', style: '', spare: '2' };
const BASE = aTask({ promptTemplate: 'Say {{text}}' });
const SEVERAL: Partial<Task> = { multiTurn: true, maxTurns: 3, stopWhen: [{ contains: 'END' }] };
const model = (more: Partial<Task['model']>) => ({ model: { ...BASE.model, ...more } });

/** Which of two rows that did not change are asked anew, and which of them when an answer was cut short. */
const concerns = (before: Partial<Task>, now: Partial<Task>) => {
  const isAnew = asksAnew({ ...BASE, ...before }, { ...BASE, ...now });
  return [false, true].map((cut) => [ROW, OTHER].map((row) => isAnew({ was: row, now: row, cut })));
};

const NONE = [
  [false, false],
  [false, false],
];
const ALL = [
  [true, true],
  [true, true],
];
const FIRST = [
  [true, false],
  [true, false],
];
const CUT = [
  [false, false],
  [true, true],
];

describe('a changed key', () => {
  const cases: [key: keyof Task | '', what: string, before: Partial<Task>, now: Partial<Task>, rows: boolean[][]][] = [
    ['', 'nothing, or what is in no request', { maxCost: 1 }, { maxCost: 2, timeoutMs: 9, concurrency: 2 }, NONE],
    ['taskType', 'its prompt the same', {}, { taskType: 'translation' }, NONE],
    ['model', 'another model', {}, model({ model: 'b' }), ALL],
    ['model', 'another provider', {}, model({ provider: 'groq' }), ALL],
    ['model', 'another base', {}, model({ apiBase: 'http://127.0.0.1:8/v1' }), ALL],
    ['model', 'another name of the key variable', {}, model({ apiKeyEnv: 'OTHER_KEY' }), NONE],
    ['maxTokens', 'a higher limit', {}, { maxTokens: 200 }, ALL],
    ['temperature', 'sent now', {}, { temperature: 0 }, ALL],
    ['topP', 'sent now', {}, { topP: 0.5 }, ALL],
    ['model', 'another wire', {}, model({ wire: 'responses' }), ALL],
    ['seed', 'sent now', {}, { seed: 1 }, ALL],
    ['stop', 'one more', { stop: ['a'] }, { stop: ['a', 'b'] }, ALL],
    ['reasoningEffort', 'sent now', {}, { reasoningEffort: 'low' }, ALL],
    ['thinkingBudget', 'another', { thinkingBudget: 1 }, { thinkingBudget: 2 }, ALL],
    ['extraBody', 'further down', { extraBody: { a: { b: 1 } } }, { extraBody: { a: { b: 2 } } }, ALL],
    ['extraBody', 'in another order', { extraBody: { a: 1, b: 2 } }, { extraBody: { b: 2, a: 1 } }, NONE],
    ['headers', 'one more', {}, { headers: { a: 'b' } }, ALL],
    ['headers', 'in another order', { headers: { a: '1', b: '2' } }, { headers: { b: '2', a: '1' } }, NONE],
    ['multiTurn', 'several turns', {}, SEVERAL, ALL],
    ['maxTurns', 'of several', SEVERAL, { ...SEVERAL, maxTurns: 4 }, ALL],
    ['stopWhen', 'of several turns', SEVERAL, { ...SEVERAL, stopWhen: [] }, ALL],
    ['stopWhen', 'of one turn: never read', {}, { stopWhen: [{ equals: 'x' }] }, NONE],
    ['followUp', 'of several turns', SEVERAL, { ...SEVERAL, followUp: 'And?' }, ALL],
    ['followUp', 'of several turns, the same for one row', SEVERAL, { ...SEVERAL, followUp: 'Go on.{{style}}' }, FIRST],
    ['followUp', 'of one turn: never sent', {}, { followUp: 'And?' }, NONE],
    ['promptTemplate', 'other words', {}, { promptTemplate: 'Tell {{text}}' }, ALL],
    ['promptTemplate', 'the same for one row', {}, { promptTemplate: 'Say {{text}}{{style}}' }, FIRST],
    ['promptTemplate', 'written otherwise, filled in alike', {}, { promptTemplate: 'Say {{ text }}' }, NONE],
    ['systemPrompt', 'one where there was none', {}, { systemPrompt: 'Be brief.' }, ALL],
    ['systemPrompt', 'the same for one row', { systemPrompt: 'Be.' }, { systemPrompt: 'Be.{{style}}' }, FIRST],
    ['labels', 'another list', { labels: ['a', 'b'] }, { labels: ['a', 'c'] }, ALL],
    ['multiLabel', 'several now', { labels: ['a', 'b'] }, { labels: ['a', 'b'], multiLabel: true }, ALL],
    ['outputSchema', 'one where there was none', {}, { outputSchema: { type: 'object' } }, ALL],
    ['outputSchema', 'in another order', { outputSchema: { a: 1, b: 2 } }, { outputSchema: { b: 2, a: 1 } }, NONE],
    ['targetLanguage', 'another', { targetLanguage: 'de' }, { targetLanguage: 'fr' }, ALL],
    ['sourceLanguage', 'given now', { targetLanguage: 'de' }, { targetLanguage: 'de', sourceLanguage: 'en' }, ALL],
    ['maxWords', 'fewer', { maxWords: 20 }, { maxWords: 10 }, ALL],
    ['', 'more repairs', { labels: ['a'], maxRepairs: 0 }, { labels: ['a'], maxRepairs: 2 }, NONE],
    ['onTruncate', 'only answers that were cut short', {}, { onTruncate: 'continue' }, CUT],
  ];
  it.each(cases)('%s, %s', (_key, _what, before, now, rows) => {
    expect(concerns(before, now)).toEqual(rows);
    // Back again is the same change.
    expect(concerns(now, before)).toEqual(rows);
  });

  test('every key of a task that makes it another one -> has its case', () => {
    expect(IDENTITY_KEYS.filter((key) => !cases.some(([tested]) => tested === key))).toEqual([]);
  });

  it('texts that were sent as they stood -> concern rows that fill them otherwise', () => {
    const alone: Partial<Task> = { systemPrompt: 'Be {{style}}', promptAlone: true };
    expect(concerns(alone, { systemPrompt: 'Be {{style}}' })).toEqual(ALL);
    expect(concerns(alone, alone)).toEqual(NONE);
  });
});

describe('a changed row', () => {
  const isAnew = (was: SeedContent, now: SeedContent, task: Partial<Task> = {}, before: Partial<Task> = {}) =>
    asksAnew({ ...BASE, ...before }, { ...BASE, ...task })({ was, now, cut: false });

  it('what the prompt names -> anew; a field that it does not name -> as it is', () => {
    expect(isAnew(ROW, { ...ROW, text: 'c' })).toBe(true);
    expect(isAnew(ROW, { ...ROW, spare: '3', more: 'x' })).toBe(false);
    expect(isAnew('a', 'b', { promptTemplate: '{{seed}}' }, { promptTemplate: '{{seed}}' })).toBe(true);
  });

  it('prompt and row changed so that the same is asked -> anew: its own task cannot tell any more what was asked', () => {
    expect(isAnew({ text: 'a' }, { words: 'a' }, { promptTemplate: 'Say {{words}}' })).toBe(true);
    expect(isAnew({ text: 'a' }, { text: 'b', words: 'a' }, { promptTemplate: 'Say {{words}}' })).toBe(true);
    expect(isAnew({ text: 'a' }, { text: 'a', words: 'a' }, { promptTemplate: 'Say {{words}}' })).toBe(false);
  });
});
