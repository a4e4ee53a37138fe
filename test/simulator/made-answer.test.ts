import { describe, expect, it } from 'vitest';
import { answerFormOf } from '../../src/answers/answer-form.js';
import { validatorOf } from '../../src/answers/validator.js';
import { answerNotes } from '../../src/core/conversation/answer-form.js';
import type { ChatRequest } from '../../src/simulator/exchange.js';
import { FAULTS } from '../../src/simulator/faults.js';
import { madeAnswer } from '../../src/simulator/made-answer.js';
import { aTask } from '../activities/turn-setup.js';

const ask = (system: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  ...{ model: 'm', maxTokens: null, stream: false, includeUsage: false, ...more },
  messages: [
    { role: 'system', content: system },
    { role: 'user', content: 'row' },
  ],
});

describe('madeAnswer', () => {
  it.each<[what: string, schema: object]>([
    [
      'an object',
      {
        type: 'object',
        properties: { a: { type: 'string' }, b: { type: 'integer', minimum: 3, maximum: 3 } },
        required: ['a', 'b'],
      },
    ],
    ['lists', { type: 'array', items: { enum: ['x', 'y'] }, minItems: 3, maxItems: 3 }],
    [
      'bounds',
      {
        type: 'object',
        properties: {
          a: { type: 'number', exclusiveMinimum: 0, multipleOf: 5 },
          b: { type: 'string', minLength: 20, maxLength: 22 },
        },
      },
    ],
    ['alternatives', { anyOf: [{ const: 4 }, { type: 'null' }] }],
    [
      'references',
      {
        $ref: '#/$defs/a',
        $defs: { a: { allOf: [{ type: 'object', required: ['b'] }, { properties: { b: { type: 'boolean' } } }] } },
      },
    ],
    [
      'formats',
      {
        type: 'object',
        properties: { a: { format: 'date' }, b: { format: 'uuid' }, c: { format: 'email' }, d: { type: ['string', 'null'] } },
      },
    ],
    [
      'a recursive one',
      {
        $ref: '#/$defs/n',
        $defs: { n: { type: 'object', properties: { next: { $ref: '#/$defs/n' }, v: { type: 'integer' } }, required: ['v'] } },
      },
    ],
  ])('%s -> meets the schema; the same request, the same answer', (_what, schema) => {
    for (const key of ['1', '2', '3']) {
      const made = madeAnswer(ask('', { schema }), key);
      expect(validatorOf({ ...schema })(JSON.parse(made ?? ''))).toBeNull();
      expect(madeAnswer(ask('', { schema }), key)).toBe(made);
      expect(madeAnswer(ask(answerNotes(aTask({ outputSchema: { ...schema } }))), key)).toBe(made);
    }
  });

  it('labels that the messages list -> one of them; several -> a list; neither -> any text', () => {
    const one = ask(`${answerNotes(aTask({ labels: ['a', 'b'] }))}\n\nBe kind.`);
    const many = ask(answerNotes(aTask({ labels: ['a', 'b'], multiLabel: true })));
    const keys = ['1', '2', '3', '4', '5'];
    expect(new Set(keys.map((key) => madeAnswer(one, key)))).toEqual(new Set(['a', 'b']));
    expect(new Set(keys.map((key) => madeAnswer(many, key)))).toEqual(new Set(['["a"]', '["b"]']));
    expect(madeAnswer(ask('Be kind.'), '1')).toBeNull();
  });

  it.each([
    ['schema_fenced', true],
    ['schema_think', true],
    ['schema_slip', true],
    ['schema_miss', false],
    ['schema_open', false],
    ['schema_twice', false],
  ])('fault %s -> an answer that is read: %s', async (name, read) => {
    const fault = FAULTS[name];
    if (fault?.kind !== 'alter') throw new Error(`${name} alters nothing`);
    const choice = { index: 0, message: { role: 'assistant' as const, content: '{"a":1}' }, finish_reason: 'stop' };
    fault.alter({ id: '', object: 'chat.completion', created: 0, model: 'm', choices: [choice] }, ask(''));
    const { check } = answerFormOf(aTask({ outputSchema: { type: 'object', required: ['a'] } }));
    expect((await check(choice.message.content, false)).ok).toBe(read);
  });
});
