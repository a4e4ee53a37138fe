import { describe, expect, it } from 'vitest';
import { answerFormOf } from '../../src/answers/answer-form.js';
import { aTask } from '../activities/turn-setup.js';

describe('answerFormOf', () => {
  it('a schema whose check may take long -> checked in a thread, which is killed when it does, and there again for the next', async () => {
    const { check } = answerFormOf(
      aTask({ outputSchema: { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } } }),
    );
    const began = performance.now();
    const [slow, quick] = await Promise.all([check(`{"a":"${'a'.repeat(60)}!"}`, false), check('{"a":"aa"}', false)]);
    expect(slow).toEqual({ ok: false, problem: 'its check against output_schema took too long' });
    expect(quick).toEqual({ ok: true, json: '{"a":"aa"}' });
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(await check('```\n{"a":"aa"}\n```', false)).toEqual({ ok: true, json: '{"a":"aa"}' });
  });

  it('an exponential schema without patterns -> the same', async () => {
    const half = { properties: { x: { $ref: '#/$defs/n' } }, required: ['y'] };
    const { check } = answerFormOf(aTask({ outputSchema: { $ref: '#/$defs/n', $defs: { n: { anyOf: [half, half] } } } }));
    expect(await check(`${'{"x":'.repeat(100)}{}${'}'.repeat(100)}`, false)).toMatchObject({ ok: false });
  });

  it('a long answer -> checked as well', async () => {
    const { check } = answerFormOf(aTask({ outputSchema: { type: 'array', items: { type: 'string' } } }));
    const long = JSON.stringify(Array.from({ length: 5_000 }, () => 'abcdefgh'));
    expect(await check(`${long}`, false)).toEqual({ ok: true, json: long });
    expect(await check(`Here: ${long}`, false)).toEqual({ ok: true, json: long });
  });

  it('an answer that was cut -> never mended, even where it reads as whole', async () => {
    const { check } = answerFormOf(aTask({ outputSchema: { type: 'integer' } }));
    expect(await check('12', true)).toEqual({ ok: false, problem: 'it was cut short' });
  });

  it('labels -> no schema goes out', async () => {
    const { check, sent } = answerFormOf(aTask({ labels: ['a', 'b'] }));
    expect(sent('chat')).toBeNull();
    expect(await check('B.', false)).toEqual({ ok: true, json: '"b"' });
  });
});
