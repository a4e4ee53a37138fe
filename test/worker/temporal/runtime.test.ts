import { expect, it } from 'vitest';
import { sdkLines } from '../../../src/worker/temporal/runtime.js';

function written(level: 'debug' | 'warn' | 'error', message: string, meta?: Record<string, unknown>): unknown[] {
  const lines: unknown[] = [];
  const to = (at: string) => (facts: object, text: string) => void lines.push([at, facts, text]);
  const log = { debug: to('debug'), warn: to('warn'), error: to('error') };
  sdkLines(log as unknown as Parameters<typeof sdkLines>[0])[level](message, meta);
  return lines;
}

it.each(['debug', 'warn', 'error'] as const)('sdkLines: %s -> a line of that level, its error as err', (level) => {
  const error = new Error('x');
  expect(written(level, 'something', { error, queue: 'q' })).toEqual([[level, { queue: 'q', err: error }, 'something']]);
  expect(written(level, 'something')).toEqual([[level, {}, 'something']]);
});

it.each([
  ['No workflows registered, not polling for workflow tasks', {}],
  [
    'Activity not found on completion. This may happen if the activity has already been cancelled but completed anyway.',
    { details: 'Status { code: NotFound, message: "workflow execution already completed" }' },
  ],
])('sdkLines: a warning of what we mean so: %s -> for who asks for it', (message, meta) => {
  expect(written('warn', message, meta)).toEqual([['debug', meta, message]]);
});

it('sdkLines: an activity that was given to another -> a warning', () => {
  const meta = { details: 'Status { code: NotFound, message: "activity not found" }' };
  expect(written('warn', 'Activity not found on completion.', meta)).toEqual([
    ['warn', meta, 'Activity not found on completion.'],
  ]);
});
