import { expect, test } from 'vitest';
import { editDistance, nearest, nearestFew } from '../../src/core/nearest.js';

test.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['abc', 'acb', 1],
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
])('editDistance: %j and %j -> %i', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test.each([
  ['worker_modle', 'worker_model'],
  ['Parquet', 'parquet'],
  ['cvs', 'csv'],
  ['sed', 'seed'],
  ['zzz', null],
  ['c', null],
  ['x'.repeat(1000), null],
])('nearest: %s -> %s', (word, expected) => {
  expect(nearest(word, ['worker_model', 'parquet', 'csv', 'seed', 'a'])).toBe(expected);
});

test.each([
  ['rn', 'run'],
  ['ru', null],
  ['xn', null],
])('nearest: %s, a letter missing inside -> %s', (word, found) => {
  expect(nearest(word, ['check', 'run', 'runs', 'retry'])).toBe(found);
});

test('nearestFew: names of models -> the nearest first, those that hold the word before others, never more than asked for', () => {
  const names = ['gpt-5.1', 'gpt-5.1-mini', 'gpt-4o', 'o3', 'whisper-1', 'x'.repeat(65)];
  expect(nearestFew('gtp-5.1', names, 3)).toEqual(['gpt-5.1', 'gpt-4o', 'gpt-5.1-mini']);
  expect(nearestFew('mini', names, 2)).toEqual(['gpt-5.1-mini', 'o3']);
  expect(nearestFew('GPT-4', names, 1)).toEqual(['gpt-4o']);
  expect(nearestFew('a', [], 3)).toEqual([]);
  expect(nearestFew('x'.repeat(65), names, 3)).toEqual([]);
});
