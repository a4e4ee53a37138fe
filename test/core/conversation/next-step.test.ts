import { describe, expect, it } from 'vitest';
import { messageText } from '../../../src/core/conversation/message.js';
import {
  CONTINUE_PROMPT,
  type ConversationRules,
  MAX_PIECES,
  nextStep,
  type Step,
  transcript,
} from '../../../src/core/conversation/next-step.js';

const single: ConversationRules = {
  systemPrompt: null,
  multiTurn: false,
  maxTurns: 1,
  followUp: 'Go on.',
  stopWhen: [],
  onTruncate: 'keep',
};
const many: ConversationRules = { ...single, multiTurn: true, maxTurns: 3, stopWhen: [{ contains: '[DONE]' }] };
const pieced: ConversationRules = { ...single, onTruncate: 'continue' };
const seed = { prompt: 'Hi' };
const stop = (answer: string): Step => ({ answer, finish: 'stop' });
const cut = (answer: string): Step => ({ answer, finish: 'length' });
const step = (rules: ConversationRules, ...steps: Step[]) => nextStep(rules, seed, steps);
/** Texts of what the next turn sends; null when there is none. */
const asked = (rules: ConversationRules, ...steps: Step[]) => {
  const next = step(rules, ...steps);
  return next.kind === 'ask' ? next.messages.map(messageText) : null;
};

describe('nextStep: what is asked', () => {
  it('nextStep: no step yet -> the worker, with the system prompt when there is one, then the prompt', () => {
    expect(step(single)).toEqual({
      kind: 'ask',
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
    });
    expect(step({ ...single, systemPrompt: 'Be brief.' })).toMatchObject({
      messages: [{ role: 'system', text: 'Be brief.' }, { role: 'user' }],
    });
  });

  it('nextStep: later turns -> answers and follow-ups alternate', () => {
    expect(asked(many, stop('a'))).toEqual(['Hi', 'a', 'Go on.']);
    expect(asked(many, stop('a'), stop('b'))).toEqual(['Hi', 'a', 'Go on.', 'b', 'Go on.']);
  });

  it('nextStep: a truncated answer under on_truncate continue -> asks for the rest', () => {
    expect(asked({ ...many, onTruncate: 'continue' }, stop('a'), cut('b'))).toEqual(['Hi', 'a', 'Go on.', 'b', CONTINUE_PROMPT]);
  });

  it('nextStep: an answer in parts -> goes back whole and in order, with what the provider needs', () => {
    const answer = [
      { type: 'reasoning', text: '', providerData: { anthropic: { signature: 's1' } } },
      { type: 'text', text: 'a' },
    ] as const;
    expect(step(many, { answer, finish: 'stop' })).toMatchObject({
      messages: [{ role: 'user' }, { role: 'assistant', parts: answer }, { role: 'user' }],
    });
  });

  it('transcript: a finished conversation -> ends with the last answer', () => {
    expect(transcript(many, seed, [stop('a'), stop('b')]).map(messageText)).toEqual(['Hi', 'a', 'Go on.', 'b']);
    expect(transcript(single, seed, []).map(messageText)).toEqual(['Hi']);
  });
});

describe('nextStep: how a row ends', () => {
  it('nextStep: one turn, stop -> ok, with its text alone', () => {
    expect(step(single, stop('x'))).toEqual({ kind: 'ok', fromTurn: 1, output: 'x' });
    const answer = [
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'x' },
    ] as const;
    expect(step(single, { answer, finish: 'stop' })).toEqual({ kind: 'ok', fromTurn: 1, output: 'x' });
  });

  it.each([
    ['filter', 'x', 'content_filter', 'E_ROW_FILTERED'],
    ['unknown', 'x', 'finish', 'E_FINISH_UNKNOWN'],
    ['error', 'x', 'finish', 'E_FINISH_UNKNOWN'],
    ['stop', ' \n', 'empty', 'E_ROW_EMPTY'],
    ['tool', '', 'empty', 'E_ROW_EMPTY'],
  ] as const)('nextStep: finish %s with %j -> failed as %s', (finish, answer, cause, code) => {
    expect(step(single, { answer, finish })).toMatchObject({ kind: 'failed', cause, code, fromTurn: 1 });
  });

  it('nextStep: thoughts without a text -> failed as empty', () => {
    expect(step(single, { answer: [{ type: 'reasoning', text: 'hm' }], finish: 'stop' })).toMatchObject({ code: 'E_ROW_EMPTY' });
  });

  it('nextStep: truncated -> kept, failed or continued as the task says', () => {
    expect(step(single, cut('x'))).toMatchObject({ kind: 'ok', fromTurn: 1 });
    expect(step({ ...single, onTruncate: 'fail' }, cut('x'))).toMatchObject({ kind: 'failed', code: 'E_ROW_TRUNCATED' });
    expect(step(pieced, cut('x')).kind).toBe('ask');
    expect(step(pieced, cut('x'), stop('y'))).toEqual({ kind: 'ok', fromTurn: 1, output: 'xy' });
    expect(step(pieced, cut('x'), stop(' '))).toMatchObject({ kind: 'failed', code: 'E_ROW_EMPTY', fromTurn: 1 });
  });

  it('nextStep: a model that never finishes its answer -> kept after MAX_PIECES pieces, the next piece begins another answer', () => {
    const pieces = Array.from({ length: MAX_PIECES }, () => cut('x'));
    expect(step(pieced, ...pieces.slice(1)).kind).toBe('ask');
    expect(step(pieced, ...pieces)).toEqual({ kind: 'ok', fromTurn: 1, output: 'x'.repeat(MAX_PIECES) });
    const rules = { ...many, onTruncate: 'continue' as const, maxTurns: 2 };
    expect(asked(rules, ...pieces)?.at(-1)).toBe('Go on.');
    expect(step(rules, ...pieces, stop('y'))).toEqual({ kind: 'ok', fromTurn: MAX_PIECES + 1, output: 'y' });
    expect(step(rules, ...pieces, cut('y'), stop('z'))).toEqual({ kind: 'ok', fromTurn: MAX_PIECES + 1, output: 'yz' });
  });

  it('nextStep: multi-turn -> goes on until a stop rule holds or max_turns is reached', () => {
    expect(step(many, stop('a')).kind).toBe('ask');
    expect(step(many, stop('a'), stop('b [DONE]'))).toMatchObject({ kind: 'ok', fromTurn: 2 });
    expect(step(many, stop('a'), stop('b'), stop('c'))).toMatchObject({ kind: 'ok', fromTurn: 3 });
  });

  it('nextStep: pieces of one answer -> count as one turn, and a stop rule sees the whole', () => {
    const rules = { ...many, onTruncate: 'continue' as const };
    expect(step(rules, stop('a'), cut('b [DO'), stop('NE]'))).toEqual({ kind: 'ok', fromTurn: 2, output: 'b [DONE]' });
    expect(step(rules, cut('a'), stop('b'), cut('c'), stop('d')).kind).toBe('ask');
  });
});
