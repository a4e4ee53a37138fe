import { expect, test } from 'vitest';
import { editDistance, nearest } from '../../src/core/nearest.js';

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
