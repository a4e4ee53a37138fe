import { describe, expect, it } from 'vitest';
import { answer, identify } from '../../src/simulator/answer.js';
import { readDirectives } from '../../src/simulator/directives.js';
import { digest, parseDistribution, sample } from '../../src/simulator/draw.js';
import type { ChatRequest } from '../../src/simulator/exchange.js';
import { withDefaults } from '../../src/simulator/options.js';
import { eventStream, readChatRequest } from '../../src/simulator/wires/chat.js';

const settings = withDefaults({ answerTokens: { kind: 'fixed', value: 12 } });

function ask(content: string, more: Partial<ChatRequest> = {}): ChatRequest {
  return { model: 'm', messages: [{ role: 'user', content }], maxTokens: null, stream: false, includeUsage: false, ...more };
}

function say(request: ChatRequest, with_ = settings) {
  return answer(with_, request, identify(with_.seed, request), readDirectives(request));
}

describe('answer', () => {
  it('answer: same request -> same bytes, another prompt, model or seed -> another answer', () => {
    const text = (request: ChatRequest, seed?: string) =>
      say(request, withDefaults({ ...(seed && { seed }) })).choices[0]?.message.content;
    expect(JSON.stringify(say(ask('a')))).toBe(JSON.stringify(say(ask('a'))));
    const others = [text(ask('a')), text(ask('b')), text(ask('a', { model: 'n' })), text(ask('a'), 'other')];
    expect(new Set(others).size).toBe(4);
  });

  it('answer: fixed size -> that many words and tokens', () => {
    const completion = say(ask('hello there'));
    expect(completion.choices[0]?.message.content?.split(' ')).toHaveLength(12);
    expect(completion.choices[0]?.finish_reason).toBe('stop');
    expect(completion.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 12, total_tokens: 19 });
  });

  it('answer: larger than max_tokens -> cut there, finish length', () => {
    for (const maxTokens of [1, 5, 11]) {
      const completion = say(ask('hello', { maxTokens }));
      expect(completion.choices[0]?.finish_reason).toBe('length');
      expect(completion.choices[0]?.message.content?.split(' ')).toHaveLength(maxTokens);
      expect(completion.usage?.completion_tokens).toBe(maxTokens);
    }
  });

  it('answer: reasoning takes the whole limit -> empty text, finish length', () => {
    const completion = say(ask('x', { maxTokens: 50 }), withDefaults({ reasoningTokens: 100 }));
    expect(completion.choices[0]).toMatchObject({ message: { content: '' }, finish_reason: 'length' });
    expect(completion.usage).toMatchObject({ completion_tokens: 50, completion_tokens_details: { reasoning_tokens: 50 } });
  });

  it('answer: more words than the ring holds -> exact size', () => {
    const completion = say(ask('[[sim tokens=20000]]'));
    expect(completion.choices[0]?.message.content?.split(' ')).toHaveLength(20_000);
  });

  it('answer: a conversation -> ends with [DONE] within doneTurns, never before turn 2 unasked', () => {
    const lastTurns = new Set<number>();
    for (let row = 0; row < 50; row += 1) {
      const messages = [{ role: 'user', content: `row ${row}` }];
      for (let turn = 1; ; turn += 1) {
        const text = say(ask('', { messages })).choices[0]?.message.content ?? '';
        messages.push({ role: 'assistant', content: text }, { role: 'user', content: 'go on' });
        if (!text.endsWith('[DONE]')) continue;
        lastTurns.add(turn);
        break;
      }
    }
    expect([...lastTurns].sort()).toEqual([2, 3]);
  });

  it('answer: the prompt speaks of [DONE] -> may end at turn 1', () => {
    const ends = (n: number) =>
      say(ask(`row ${n}: say [DONE] at the end`), withDefaults({ doneTurns: 1 })).choices[0]?.message.content;
    expect(ends(1)).toMatch(/\[DONE\]$/);
  });

  it('directives: echo and answer -> that text, orders removed', () => {
    expect(say(ask('say this [[sim echo]]')).choices[0]?.message.content).toBe('say this');
    expect(say(ask('[[sim answer={"a":1}]]')).choices[0]?.message.content).toBe('{"a":1}');
    expect(readDirectives(ask('[[sim latency=5]] [[sim fault=500*2]]'))).toEqual({
      latencyMs: 5,
      fault: { name: '500', attempts: 2 },
    });
    expect(readDirectives(ask('[[sim latency=soon]] [[sim dance]]'))).toEqual({});
  });

  it('identify: a follow-up -> same row, other key, next turn', () => {
    const first = identify('s', ask('a'));
    const messages = [...ask('a').messages, { role: 'assistant', content: 'b' }, { role: 'user', content: 'c' }];
    const second = identify('s', ask('', { messages }));
    expect(second).toMatchObject({ row: first.row, turn: 2 });
    expect(second.key).not.toBe(first.key);
  });
});

describe('draw', () => {
  it('digest: parts that join to the same text -> different digests', () => {
    expect(digest(['ab', 'c'])).not.toBe(digest(['a', 'bc']));
  });

  it('sample: lognormal over many texts -> median and spread as asked', () => {
    const distribution = parseDistribution('--latency', 'lognormal:200,0.5');
    const values = Array.from({ length: 4000 }, (_, i) => sample(distribution, `key ${i}`)).sort((a, b) => a - b);
    expect(values[2000]).toBeGreaterThan(185);
    expect(values[2000]).toBeLessThan(215);
    const logs = values.map((value) => Math.log(value / 200));
    const sigma = Math.sqrt(logs.reduce((sum, x) => sum + x * x, 0) / logs.length);
    expect(sigma).toBeCloseTo(0.5, 1);
  });
});

describe('wire', () => {
  it('readChatRequest: not a chat request -> the text of a 400', () => {
    const bodies = ['{', '[]', '{}', '{"model":"m"}', '{"model":"m","messages":[{"role":"user","content":5}]}'];
    bodies.push('{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":0}');
    for (const body of bodies) expect(typeof readChatRequest(body)).toBe('string');
  });

  it('readChatRequest: content parts and max_completion_tokens -> joined text and limit', () => {
    const body = {
      model: 'm',
      max_completion_tokens: 9,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      ],
    };
    expect(readChatRequest(JSON.stringify(body))).toMatchObject({ maxTokens: 9, messages: [{ role: 'user', content: 'ab' }] });
  });

  it('eventStream: pieces -> the same text, one ending, usage when asked for', () => {
    const completion = say(ask('stream', { stream: true }), withDefaults({ answerTokens: { kind: 'fixed', value: 30 } }));
    const events = eventStream(completion, true)
      .trimEnd()
      .split('\n\n')
      .map((line) => line.slice(6));
    expect(events.pop()).toBe('[DONE]');
    const chunks = events.map((event) => JSON.parse(event));
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(completion.choices[0]?.message.content);
    expect(chunks.filter((chunk) => chunk.choices[0]?.finish_reason === 'stop')).toHaveLength(1);
    expect(chunks.at(-1).usage.completion_tokens).toBe(30);
  });
});
