import { describe, expect, test } from 'vitest';
import { type Answer, answerParts, answerText, type Message, userMessage } from '../../../../src/core/conversation/message.js';
import { promptOf } from '../../../../src/llm/sdk-prompt.js';
import { geminiModel } from '../../../../src/llm/wires/gemini/build.js';
import { partsIn } from '../../../../src/llm/wires/gemini/parts.js';
import { answerIn } from '../../../../src/llm/wires/gemini/pieces.js';
import { answer, geminiServer } from './gemini-calls.js';

const gemini = geminiServer();
const signature = (name: string) => Buffer.from(`signature of ${name}`).toString('base64');
const signed = (name: string) => ({ google: { thoughtSignature: signature(name) } });

describe('partsIn', () => {
  test('partsIn: texts without anything else -> one', () => {
    expect(partsIn([{ text: 'fo' }, { text: '' }, { text: 'ur' }])).toEqual([{ type: 'text', text: 'four' }]);
  });

  test('partsIn: signed and unsigned pieces of a text -> stay apart, for the signature is that of its piece', () => {
    expect(partsIn([{ text: 'fo' }, { text: 'ur', thoughtSignature: signature('ur') }, { text: '!' }])).toEqual([
      { type: 'text', text: 'fo' },
      { type: 'text', text: 'ur', providerData: signed('ur') },
      { type: 'text', text: '!' },
    ]);
  });

  test('partsIn: thoughts -> kept, signed or not, and marked as those of this wire', () => {
    expect(
      partsIn([
        { text: 'hm', thought: true },
        { text: 'so', thought: true, thought_signature: signature('so') },
      ]),
    ).toEqual([
      { type: 'reasoning', text: 'hm', providerData: { google: {} } },
      { type: 'reasoning', text: 'so', providerData: signed('so') },
    ]);
  });

  test('partsIn: calls without ids -> by position, the same at every reading; ids of the wire stay', () => {
    const wire = [
      { functionCall: { name: 'look', args: { at: 1 } } },
      { functionCall: { name: 'web', args: '{"q":"x"}', id: 'own' } },
      { functionCall: { name: 'end' } },
    ];
    const parts = [
      { type: 'tool-call', id: 'c0', name: 'look', input: '{"at":1}' },
      { type: 'tool-call', id: 'own', name: 'web', input: '{"q":"x"}' },
      { type: 'tool-call', id: 'c2', name: 'end', input: '{}' },
    ];
    expect([partsIn(wire), partsIn(wire)]).toEqual([parts, parts]);
  });

  test('partsIn, answerIn: more parts than anybody asked for -> all of them, at once', () => {
    const parts = Array.from({ length: 200_000 }, () => ({ text: 'a', thoughtSignature: 'c2ln' }));
    expect(partsIn(parts)).toHaveLength(200_000);
    const { value } = answerIn(JSON.stringify([answer(parts, {}, null), answer([])]));
    expect(value).toMatchObject({ candidates: [{ content: { parts: { length: 200_000 } }, finishReason: 'STOP' }] });
  });

  const TEXT = { text: 'four' };
  const CALL = { functionCall: { name: 'look', args: {} } };
  const EMPTY = { text: '', thoughtSignature: signature('empty') };
  test.each([
    ['at the end of a text -> with the text', [TEXT, EMPTY], ['empty']],
    ['at the end of a signed text -> not in its place', [{ ...TEXT, thoughtSignature: signature('own') }, EMPTY], ['own']],
    ['first of all -> with what follows', [EMPTY, TEXT], ['empty']],
    ['of a thought -> with the call that came of it', [TEXT, { ...EMPTY, thought: true }, CALL], ['', 'empty']],
    [
      'of a thought, before a signed call -> not in its place',
      [
        { ...EMPTY, thought: true },
        { ...CALL, thoughtSignature: signature('own') },
      ],
      ['own'],
    ],
    ['of a thought at the end -> with what stands before', [TEXT, { ...EMPTY, thought: true }], ['empty']],
    ['with nothing to carry it -> nothing', [EMPTY], []],
  ])('partsIn: the signature of a part without a text, %s', (_, wire, expected) => {
    const names = partsIn(wire).map(({ providerData }) =>
      Buffer.from(String(providerData?.['google']?.['thoughtSignature'] ?? ''), 'base64').toString(),
    );
    expect(names.map((name) => name.replace('signature of ', ''))).toEqual(expected);
  });
});

/** A conversation of these answers, each stored as JSON and read again. */
function conversation(answers: readonly Answer[]): Message[] {
  const messages: Message[] = [userMessage('start')];
  for (const stored of answers.map((one) => JSON.parse(JSON.stringify(one)) as Answer)) {
    messages.push({ role: 'assistant', parts: answerParts(stored) });
    const calls = answerParts(stored).filter((part) => part.type === 'tool-call' && part.byProvider !== true);
    if (calls.length === 0) messages.push(userMessage('go on'));
    else
      messages.push({
        role: 'tool',
        results: calls.map((call) => ({ id: (call as { id: string }).id, name: 'look', text: 'seen' })),
      });
  }
  return messages;
}

/** What the model said, as the request has it. */
async function sentTurns(answers: readonly Answer[]): Promise<string[]> {
  const { json: body } = await gemini.sent({ messages: conversation(answers) });
  const contents = body['contents'] as { role: string; parts: unknown[] }[];
  return contents.filter(({ role }) => role === 'model').map(({ parts }) => JSON.stringify(parts));
}

describe('a conversation', () => {
  const call = (name: string, id: string, more: object = {}) => ({
    functionCall: { id, name, args: { at: [1, { b: null }] } },
    ...more,
  });
  const TURNS: object[][] = [
    [
      { text: 'I think.', thought: true },
      { text: 'Hello.', thoughtSignature: signature('hello') },
    ],
    [
      { text: 'I must look.', thought: true, thoughtSignature: signature('thought') },
      { text: 'Let me see.' },
      call('look', 'x1', { thoughtSignature: signature('first') }),
      call('look', 'x2'),
    ],
    [{ text: 'a "quoted" 😀\n', thoughtSignature: signature('quoted') }],
    [call('look', 'x3', { thoughtSignature: signature('third') })],
    [
      { toolCall: { toolType: 'GOOGLE_SEARCH', args: { q: 'x' }, id: 's1' }, thoughtSignature: signature('search') },
      { toolResponse: { toolType: 'GOOGLE_SEARCH', response: { found: ['y'] }, id: 's1' }, thoughtSignature: signature('found') },
      { text: 'Found.' },
    ],
    [{ text: 'Done.' }],
  ];

  test('a conversation with thoughts, calls, results of the provider and plain texts -> every part goes back as it came, byte by byte', async () => {
    const answers: Answer[] = [];
    for (const parts of TURNS) {
      expect(await sentTurns(answers)).toEqual(TURNS.slice(0, answers.length).map((turn) => JSON.stringify(turn)));
      // As after a kill: what is known is what was stored.
      answers.push((await gemini.reply(answer(parts))).answer);
    }
    expect(await sentTurns(answers)).toEqual(TURNS.map((turn) => JSON.stringify(turn)));
    expect(answers.map(answerText)).toEqual(['Hello.', 'Let me see.', 'a "quoted" 😀\n', '', 'Found.', 'Done.']);
    expect(answers.at(-1)).toBe('Done.');
  });

  test.each([
    ['on the call', [{ functionCall: { name: 'look', args: {} }, thoughtSignature: signature('call') }]],
    [
      'on the first of two',
      [
        { functionCall: { name: 'look', args: {} }, thoughtSignature: signature('call') },
        { functionCall: { name: 'look', args: {} } },
      ],
    ],
    [
      'on a thought without a text before it',
      [{ text: '', thought: true, thoughtSignature: signature('call') }, { functionCall: { name: 'look', args: {} } }],
    ],
  ])('a call whose signature came %s -> it goes back, and never the word that skips its check', async (_, parts) => {
    const { answer: stored } = await gemini.reply(answer(parts));
    const [turn = ''] = await sentTurns([stored]);
    expect(turn).toContain(signature('call'));
    expect(turn).not.toContain('skip_thought_signature_validator');
  });

  test('a call that another wire answered -> goes back with the word that Google has for such; its thoughts stay behind', async () => {
    const foreign: Answer = [
      { type: 'reasoning', text: 'hm', providerData: { anthropic: { signature: 's' } } },
      { type: 'tool-call', id: 'c1', name: 'look', input: '{}', providerData: { anthropic: {} } },
    ];
    expect(await sentTurns([foreign])).toEqual([
      JSON.stringify([
        { functionCall: { id: 'c1', name: 'look', args: {} }, thoughtSignature: 'skip_thought_signature_validator' },
      ]),
    ]);
  });

  test('a call without an id -> the one that was made goes back with it and with its result', async () => {
    const { answer: stored } = await gemini.reply(
      answer([{ functionCall: { name: 'look', args: {} }, thoughtSignature: signature('a') }]),
    );
    const { json: body } = await gemini.sent({ messages: conversation([stored]) });
    expect(body['contents']).toMatchObject([
      { role: 'user' },
      { role: 'model', parts: [{ functionCall: { id: 'c0', name: 'look' } }] },
      { role: 'user', parts: [{ functionResponse: { id: 'c0', name: 'look', response: { name: 'look', content: 'seen' } } }] },
    ]);
  });

  test.each([
    ['generativelanguage.googleapis.com', true],
    ['aiplatform.googleapis.com', false],
    ['us-central1-aiplatform.googleapis.com', false],
    ['aiplatform.googleapis.com.example', true],
  ])('calls sent to %s -> with their ids: %s', async (host, hasIds) => {
    const sent: string[] = [];
    const model = geminiModel(`https://${host}/v1`, 'gemini-3.5-flash', async (_input, init) => {
      sent.push(String(init?.body));
      throw new Error('sent');
    });
    const { answer: stored } = await gemini.reply(
      answer([{ functionCall: { name: 'look', args: {} }, thoughtSignature: signature('a') }]),
    );
    await expect(model.doGenerate({ prompt: promptOf(conversation([stored]), 'google') })).rejects.toThrow();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.includes('"id":"c0"')).toBe(hasIds);
    expect(sent[0]).toContain(signature('a'));
  });
});
