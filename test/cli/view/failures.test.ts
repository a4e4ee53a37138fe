import { expect, it } from 'vitest';
import { causeCounts, causeLines, causesText, retrySteps } from '../../../src/cli/view/failures.js';
import type { FailureGroup } from '../../../src/core/model.js';

function group(cause: string, rows: number, message = 'no', code = 'E_X'): FailureGroup {
  return { cause, rows, example: { id: `r${rows}`, index: rows, code, message } };
}

const FILTERED = group('content_filter', 9, 'the provider filtered or refused the answer');
const REFUSED = group('refused', 7, 'HTTP 400: temperature is not supported');

it('causes: counts, most frequent first, by status where a provider refused', () => {
  expect(causeCounts([FILTERED, REFUSED])).toBe('9 content filter, 7 HTTP 400');
  expect(causesText([FILTERED, REFUSED])).toBe(' (9 content filter, 7 HTTP 400)');
  expect([causeCounts([]), causesText([])]).toEqual(['', '']);
  expect(causeLines([REFUSED])).toEqual([
    '7 HTTP 400, such as row r7: HTTP 400: temperature is not supported; change what the message names, in the task or in the row',
  ]);
});

it('an example: escapes and long texts of a provider -> one safe line', () => {
  const [line = ''] = causeLines([group('transport', 1, `a\u001b[2J\n${'b'.repeat(500)}`)]);
  expect(line).not.toMatch(/[\u001b\n]/);
  expect(line.length).toBeLessThan(300);
});

it.each<[string, FailureGroup[], string[]]>([
  [
    'nothing can change by itself',
    [FILTERED, REFUSED],
    [
      'do the 9 rows with cause content_filter again, once the task is changed (swarm run TASK --changed keep): swarm retry R --cause content_filter',
      'do the 7 rows with cause refused again, once the task is changed (swarm run TASK --changed keep): swarm retry R --cause refused',
    ],
  ],
  ['all may', [group('transport', 2), group('empty', 1)], ['do the 3 failed rows again: swarm retry R']],
  [
    'some may',
    [FILTERED, group('transport', 1)],
    [
      'do the 9 rows with cause content_filter again, once the task is changed (swarm run TASK --changed keep): swarm retry R --cause content_filter',
      'do the 1 row with cause transport again: swarm retry R --cause transport',
    ],
  ],
  ['not known', [], ['do the 3 failed rows again: swarm retry R']],
  [
    'a cap of each row',
    [group('capped', 3, 'the next call could pass max_cost_per_row ($0.0100) by $0.0050', 'E_ROW_CAP')],
    ['with a higher cap, such as: swarm resize R --max-cost-per-row 0.03   then: swarm retry R --cause capped'],
  ],
  [
    'a cap of each call, of some nano-dollars',
    [group('capped', 3, 'the next call could pass max_cost_per_call ($0.000000012) by $0.000000003', 'E_ROW_CAP')],
    ['with a higher cap, such as: swarm resize R --max-cost-per-call 0.00000003   then: swarm retry R --cause capped'],
  ],
  [
    'one that was named so before',
    [group('filtered', 2)],
    [
      'do the 2 rows with cause filtered again, once the task is changed (swarm run TASK --changed keep): swarm retry R --cause filtered',
    ],
  ],
])('retry, when %s', (_when, groups, steps) => {
  const failed = groups.reduce((sum, { rows }) => sum + rows, 0) || 3;
  expect(retrySteps('R', failed, groups)).toEqual(steps);
  expect(retrySteps('R', 0, [])).toEqual([]);
});
