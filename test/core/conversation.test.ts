import { describe, expect, it } from 'vitest';
import {
  type Answer,
  CONTINUE_PROMPT,
  type ConversationRules,
  firstPiece,
  judge,
  MAX_PIECES,
  nextMessages,
  transcript,
} from '../../src/core/conversation.js';

const single: ConversationRules = {
  systemPrompt: null,
  multiTurn: false,
  maxTurns: 1,
  followUp: 'Go on.',
  stopWhen: [],
  onTruncate: 'keep',
};
const many: ConversationRules = { ...single, multiTurn: true, maxTurns: 3, stopWhen: [{ contains: '[DONE]' }] };
const stop = (text: string): Answer => ({ text, finish: 'stop' });
const cut = (text: string): Answer => ({ text, finish: 'length' });

describe('nextMessages', () => {
  it('nextMessages: first turn -> system prompt when there is one, then the prompt', () => {
    expect(nextMessages(single, 'Hi', [])).toEqual([{ role: 'user', content: 'Hi' }]);
    expect(nextMessages({ ...single, systemPrompt: 'Be brief.' }, 'Hi', [])).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ]);
  });

  it('nextMessages: later turn -> answers and follow-ups alternate', () => {
    expect(nextMessages(many, 'Hi', [stop('a')])).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'a' },
      { role: 'user', content: 'Go on.' },
    ]);
  });

  it('nextMessages: a truncated answer under on_truncate continue -> asks for the rest', () => {
    const messages = nextMessages({ ...many, onTruncate: 'continue' }, 'Hi', [stop('a'), cut('b')]);
    expect(messages.map(({ content }) => content)).toEqual(['Hi', 'a', 'Go on.', 'b', CONTINUE_PROMPT]);
  });

  it('transcript: finished conversation -> ends with the last answer', () => {
    expect(transcript(many, 'Hi', [stop('a'), stop('b')]).map(({ content }) => content)).toEqual(['Hi', 'a', 'Go on.', 'b']);
    expect(transcript(single, 'Hi', [])).toEqual([{ role: 'user', content: 'Hi' }]);
  });
});

describe('judge', () => {
  it('judge: one turn, stop -> ok', () => {
    expect(judge(single, [stop('x')])).toEqual({ kind: 'ok', fromTurn: 1 });
  });

  it.each([
    ['filter', 'x', 'content_filter', 'E_ROW_FILTERED'],
    ['unknown', 'x', 'finish', 'E_FINISH_UNKNOWN'],
    ['error', 'x', 'finish', 'E_FINISH_UNKNOWN'],
    ['stop', ' \n', 'empty', 'E_ROW_EMPTY'],
    ['tool', '', 'empty', 'E_ROW_EMPTY'],
  ] as const)('judge: finish %s with %j -> failed as %s', (finish, text, cause, code) => {
    expect(judge(single, [{ text, finish }])).toMatchObject({ kind: 'failed', cause, code });
  });

  it('judge: truncated -> kept, failed or continued as the task says', () => {
    expect(judge(single, [cut('x')])).toEqual({ kind: 'ok', fromTurn: 1 });
    expect(judge({ ...single, onTruncate: 'fail' }, [cut('x')])).toMatchObject({ kind: 'failed', code: 'E_ROW_TRUNCATED' });
    expect(judge({ ...single, onTruncate: 'continue' }, [cut('x')])).toEqual({ kind: 'go-on' });
    expect(judge({ ...single, onTruncate: 'continue' }, [cut('x'), stop('y')])).toEqual({ kind: 'ok', fromTurn: 1 });
  });

  it('judge: a model that never finishes its answer -> kept after MAX_PIECES pieces', () => {
    const rules = { ...single, onTruncate: 'continue' as const };
    const pieces = Array.from({ length: MAX_PIECES }, () => cut('x'));
    expect(judge(rules, pieces.slice(1))).toEqual({ kind: 'go-on' });
    expect(judge(rules, pieces)).toEqual({ kind: 'ok', fromTurn: 1 });
  });

  it('judge: multi-turn -> goes on until a stop rule holds or max_turns is reached', () => {
    expect(judge(many, [stop('a')])).toEqual({ kind: 'go-on' });
    expect(judge(many, [stop('a'), stop('b [DONE]')])).toEqual({ kind: 'ok', fromTurn: 2 });
    expect(judge(many, [stop('a'), stop('b'), stop('c')])).toEqual({ kind: 'ok', fromTurn: 3 });
  });

  it('judge: pieces of one answer -> count as one turn, and a stop rule sees the whole', () => {
    const rules = { ...many, onTruncate: 'continue' as const };
    const answers = [stop('a'), cut('b [DO'), stop('NE]')];
    expect(firstPiece(rules, answers)).toBe(2);
    expect(judge(rules, answers)).toEqual({ kind: 'ok', fromTurn: 2 });
    expect(judge(rules, [cut('a'), stop('b'), cut('c'), stop('d')])).toEqual({ kind: 'go-on' });
  });
});
