import { describe, expect, it } from 'vitest';
import type { AnswerPart } from '../../src/core/conversation/message.js';
import { promptOf } from '../../src/llm/sdk-prompt.js';

describe('promptOf', () => {
  const signed = { anthropic: { signature: 's' } };
  const parts: AnswerPart[] = [
    { type: 'reasoning', text: '', providerData: signed },
    { type: 'text', text: 'a' },
    { type: 'tool-call', id: 'c1', name: 'look', input: '{"at": 1}', providerData: signed },
    { type: 'tool-call', id: 'c2', name: 'web', input: '{}', byProvider: true },
    { type: 'provider-result', id: 'c2', name: 'web', result: [{ encryptedContent: 'e' }], providerData: { anthropic: {} } },
  ];

  it('promptOf: an answer that was stored as JSON -> goes back as it came, arguments parsed', () => {
    const stored = JSON.parse(JSON.stringify(parts));
    expect(promptOf([{ role: 'assistant', parts: stored }], 'anthropic')).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: '', providerOptions: signed },
          { type: 'text', text: 'a' },
          { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: { at: 1 }, providerOptions: signed },
          { type: 'tool-call', toolCallId: 'c2', toolName: 'web', input: {}, providerExecuted: true },
          {
            type: 'tool-result',
            toolCallId: 'c2',
            toolName: 'web',
            output: { type: 'json', value: [{ encryptedContent: 'e' }] },
            providerOptions: { anthropic: {} },
          },
        ],
      },
    ]);
  });

  it.each(['[1]', '7', '"text"', 'null'])('promptOf: arguments that are no object (%s) -> none', (input) => {
    const [message] = promptOf([{ role: 'assistant', parts: [{ type: 'tool-call', id: 'c', name: 'look', input }] }], null);
    expect(message?.content[0]).toMatchObject({ input: {} });
  });

  it('promptOf: a tool of the provider that failed -> its result says so', () => {
    const failed: AnswerPart = {
      type: 'provider-result',
      id: 'c2',
      name: 'web',
      result: { errorCode: 'x' },
      isError: true,
      providerData: { anthropic: {} },
    };
    const [message] = promptOf([{ role: 'assistant', parts: [failed] }], 'anthropic');
    expect(message?.content[0]).toMatchObject({ type: 'tool-result', output: { type: 'error-json', value: { errorCode: 'x' } } });
  });

  it('promptOf: arguments that are no JSON -> none; a tool that failed -> says so in its text', () => {
    expect(
      promptOf(
        [
          { role: 'assistant', parts: [{ type: 'tool-call', id: 'c', name: 'look', input: '{"at": ' }] },
          { role: 'tool', results: [{ id: 'c', name: 'look', text: 'no JSON', isError: true }] },
        ],
        null,
      ),
    ).toEqual([
      { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'look', input: {} }] },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'c', toolName: 'look', output: { type: 'error-text', value: 'ERROR: no JSON' } },
        ],
      },
    ]);
  });

  it('promptOf: a conversation that goes on with another wire -> thoughts and results of the one before stay behind, texts and calls do not', () => {
    const types = (partsOf: string | null) => {
      const [message] = promptOf([{ role: 'assistant', parts: [...parts, { type: 'reasoning', text: 'hm' }] }], partsOf);
      return message?.role === 'assistant' ? message.content.map(({ type }) => type) : [];
    };
    expect(types('google')).toEqual(['text', 'tool-call', 'tool-call']);
    expect(types(null)).toEqual(['text', 'tool-call', 'tool-call', 'reasoning']);
  });
});
