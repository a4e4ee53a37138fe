import { describe, expect, it } from 'vitest';
import { exactJson } from '../../src/core/exact-json.js';
import { outcomeEvent } from '../../src/runs/event-records.js';
import type { FoundOutcome } from '../../src/runs/results.js';

const outcome: FoundOutcome = {
  ...{ seq: 1, index: 0, id: 'a', status: 'ok', finish: 'stop', model: 'm', fromTurn: 1, turns: 1, attempts: 1, costNano: 0 },
  ...{ usage: { input: 1, cached: 0, output: 1, reasoning: 0 }, output: { n: 12345678901234567000 } },
  outputJson: '{"n":12345678901234567890}',
};

describe('outcomeEvent', () => {
  it('a value with a number that no double holds -> written with all its digits, as in output.jsonl', () => {
    expect(exactJson(outcomeEvent(outcome))).toContain('"output":{"n":12345678901234567890}');
  });

  it('a text -> that', () => {
    const { outputJson: _, ...text } = outcome;
    expect(outcomeEvent({ ...text, output: 'yes' }).output).toBe('yes');
  });
});
