import { describe, expect, it } from 'vitest';
import { answerOf, answerParts, answerText, type Message, messageText } from '../../../src/core/conversation/message.js';
import { callsByRow, outputOf } from '../../../src/core/conversation/output.js';

describe('answers', () => {
  it('answerOf: one plain text, or nothing -> a text; anything more -> its parts', () => {
    expect(answerOf([{ type: 'text', text: 'a' }])).toBe('a');
    expect(answerOf([])).toBe('');
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ] as const;
    expect(answerOf(parts)).toBe(parts);
    const signed = [{ type: 'text', text: 'a', providerData: { p: { id: 'i' } } }] as const;
    expect(answerOf(signed)).toBe(signed);
  });

  it('answerText: text parts alone, joined; answerParts: a text -> one part', () => {
    expect(
      answerText([
        { type: 'text', text: 'a' },
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'b' },
      ]),
    ).toBe('ab');
    expect(answerParts('a')).toEqual([{ type: 'text', text: 'a' }]);
  });

  it('messageText: each role -> what it says', () => {
    const messages: Message[] = [
      { role: 'system', text: 's' },
      { role: 'user', parts: [{ type: 'text', text: 'u' }] },
      { role: 'tool', results: [{ id: '1', name: 'n', text: 'r' }] },
    ];
    expect(messages.map(messageText)).toEqual(['s', 'u', 'r']);
  });
});

describe('outputOf', () => {
  it('outputOf: calls of a row -> the texts of its answered turns, none before or after those of the outcome', () => {
    const call = (turn: number, state: string, answer: string | null) => ({ index: 0, turn, state, answer });
    const calls = [
      call(1, 'answered', 'a'),
      call(2, 'superseded', 'x'),
      call(2, 'answered', 'b'),
      call(3, 'answered', 'c'),
      call(4, 'answered', 'd'),
    ];
    expect(outputOf(calls, { fromTurn: 2, turns: 3 })).toBe('bc');
    expect(callsByRow([...calls, { ...call(1, 'answered', 'z'), index: 1 }]).get(1)).toHaveLength(1);
  });
});
