import { describe, expect, it } from 'vitest';
import { type Message, userMessage } from '../../src/core/conversation/message.js';
import { repeatedOf } from '../../src/core/repeated.js';
import type { Task } from '../../src/schema/task-types.js';
import { aTask } from '../activities/turn-setup.js';

const answer: Message = { role: 'assistant', parts: [{ type: 'text', text: 'b' }] };

function repeated(more: Partial<Task>, rows: number, answered = 0) {
  const messages = [userMessage('a'), ...Array.from({ length: answered }, () => answer)];
  return repeatedOf(aTask({ systemPrompt: 'Be short.', concurrency: 4, ...more }), rows, messages);
}

describe('repeatedOf', () => {
  it.each<[string, Partial<Task>, number, boolean]>([
    ['many more rows than are asked at once', {}, 9, true],
    ['as many as write before one can read', {}, 8, false],
    ['a single row', {}, 1, false],
    ['workers: auto', { concurrency: 'auto' }, 33, true],
    ['workers: auto, few rows', { concurrency: 'auto' }, 32, false],
    ['a system prompt of each row', { systemPrompt: 'For {{name}}.' }, 1_000, false],
    ['braces that an older run sends as they stand', { systemPrompt: 'For {{name}}.', promptAlone: true }, 1_000, true],
    ['no system prompt', { systemPrompt: null }, 1_000, false],
  ])('repeatedOf: %s -> system: %4$s', (_, more, rows, system) => {
    expect(repeated(more, rows)).toEqual({ system, turns: 'none' });
  });

  it.each([
    ['one turn', { multiTurn: false, maxTurns: 1 }, 0, 'none'],
    ['the rest of a cut answer', { multiTurn: false, maxTurns: 1 }, 1, 'none'],
    ['the first of three', { multiTurn: true, maxTurns: 3 }, 0, 'all'],
    ['the second of three', { multiTurn: true, maxTurns: 3 }, 1, 'all'],
    ['the last of three', { multiTurn: true, maxTurns: 3 }, 2, 'earlier'],
    ['several of one', { multiTurn: true, maxTurns: 1 }, 0, 'none'],
  ] as const)('repeatedOf: %s -> turns: %4$s', (_, more, answered, turns) => {
    expect(repeated(more, 1, answered)).toEqual({ system: false, turns });
  });
});
