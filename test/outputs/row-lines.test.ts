import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { userMessage } from '../../src/core/conversation/message.js';
import { decimalUsd, failedLine, filteredLine, okLine, outputCell, transcriptLine } from '../../src/outputs/row-lines.js';
import type { OutputRow } from '../../src/store/port/store.js';

const ROW: OutputRow = {
  seed: { b: 1, a: 'ü' },
  output: 'line 1\nline 2',
  index: 7,
  id: 'x"y',
  status: 'ok',
  finish: 'stop',
  model: 'sim-small',
  fromTurn: 1,
  turns: 2,
  attempts: 3,
  usage: { reasoning: 4, output: 3, cached: 2, input: 1 },
  costNano: 64_100,
};

describe('decimalUsd', () => {
  it('decimalUsd: whole nano-USD -> exact decimals without exponent or trailing zeros', () => {
    const cases: [number, string][] = [
      [0, '0'],
      [1, '0.000000001'],
      [200, '0.0000002'],
      [64_100, '0.0000641'],
      [1_000_000_000, '1'],
      [12_500_000_000, '12.5'],
      [1_149_514_500, '1.1495145'],
      [-1, '-0.000000001'],
      [Number.MAX_SAFE_INTEGER, '9007199.254740991'],
    ];
    for (const [nano, text] of cases) expect(decimalUsd(nano)).toBe(text);
  });

  it('decimalUsd: any amount -> reads back as the same whole number of nano-USD', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (nano) => {
        const [whole = '', fraction = ''] = decimalUsd(nano).split('.');
        return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')) === BigInt(nano);
      }),
    );
  });
});

describe('row lines', () => {
  it('a cost that nobody knows -> null, never 0', () => {
    for (const line of [okLine, failedLine, filteredLine])
      expect(JSON.parse(line({ ...ROW, costNano: null })).cost_usd).toBeNull();
  });

  it('a parsed value -> as JSON, with all its digits; in a cell of text a text as it is, others as JSON', () => {
    const value = { ...ROW, outputJson: '{"n":12345678901234567890}' };
    expect(okLine(value)).toContain('"output":{"n":12345678901234567890},"model"');
    expect(outputCell(value)).toBe('{"n":12345678901234567890}');
    expect(outputCell({ ...ROW, outputJson: '"a\\"b"' })).toBe('a"b');
    expect(outputCell({ ...ROW, outputJson: '["a"]' })).toBe('["a"]');
    expect(outputCell(ROW)).toBe(ROW.output);
  });

  it('failedLine: a row that failed because of its answer -> has it; others have none', () => {
    const failed = { ...ROW, status: 'failed', cause: 'schema', code: 'E_ROW_SCHEMA', message: 'no' } as const;
    expect(JSON.parse(failedLine(failed))).toMatchObject({ cause: 'schema', answer: 'line 1\nline 2' });
    expect(JSON.parse(failedLine({ ...failed, cause: 'empty', output: null }))).not.toHaveProperty('answer');
  });

  it('okLine: any order of keys in the row -> the documented order', () => {
    expect(okLine(ROW)).toBe(
      '{"id":"x\\"y","index":7,"seed":{"b":1,"a":"ü"},"output":"line 1\\nline 2","model":"sim-small","finish":"stop","turns":2,' +
        '"usage":{"input":1,"cached":2,"output":3,"reasoning":4},"cost_usd":0.0000641}',
    );
  });

  it('failedLine: a failed row -> cause, code, message, attempts; missing ones are null', () => {
    const failed: OutputRow = {
      ...ROW,
      seed: 's',
      output: null,
      status: 'failed',
      cause: 'transport',
      code: 'E_X',
      message: 'status 500',
    };
    expect(failedLine(failed)).toBe(
      '{"id":"x\\"y","index":7,"seed":"s","cause":"transport","code":"E_X","message":"status 500","attempts":3,"cost_usd":0.0000641}',
    );
    expect(JSON.parse(failedLine({ ...ROW, status: 'failed' }))).toMatchObject({ cause: null, code: null, message: null });
  });

  it('filteredLine: a filtered row -> the answer and the reason', () => {
    expect(filteredLine({ ...ROW, seed: 's', status: 'filtered', code: 'E_F', message: 'short' })).toBe(
      '{"id":"x\\"y","index":7,"seed":"s","output":"line 1\\nline 2","code":"E_F","message":"short","model":"sim-small","cost_usd":0.0000641}',
    );
  });

  it('transcriptLine: messages -> role before content', () => {
    expect(transcriptLine(ROW, [userMessage('c')])).toBe('{"id":"x\\"y","index":7,"messages":[{"role":"user","content":"c"}]}');
  });

  it('lines: any texts -> one line each, valid JSON, the same values back', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(text, text, fc.jsonValue(), (id, output, seed) => {
        const line = okLine({ ...ROW, id, output, seed });
        const back = JSON.parse(line);
        expect(line).not.toMatch(/[\n\r]/);
        expect(back.id).toBe(id);
        expect(back.output).toBe(output);
        expect(JSON.stringify(back.seed)).toBe(JSON.stringify(seed));
      }),
    );
  });
});
