import { describe, expect, it } from 'vitest';
import { SwarmError } from '../../src/core/errors.js';
import { drawFault, FAULTS, sharesOf } from '../../src/simulator/faults.js';
import { SIMULATOR_FLAGS } from '../../src/simulator/flags.js';
import { parseSimulatorOptions, withDefaults } from '../../src/simulator/options.js';

function refusal(flags: Record<string, string | number>): string {
  try {
    parseSimulatorOptions(flags);
  } catch (error) {
    if (SwarmError.is(error)) return `${error.code} ${error.exitCode} ${error.problems[0]?.found}`;
    throw error;
  }
  return 'accepted';
}

describe('parseSimulatorOptions', () => {
  it('options: every flag -> its option', () => {
    const options = parseSimulatorOptions({
      port: '8080',
      seed: 'x',
      latency: 'lognormal:200,0.5',
      answerTokens: '30',
      reasoningTokens: '5',
      cachedShare: '0.5',
      doneTurns: '4',
      rpm: '600',
      rpmChanges: '2400@40s,60@500ms',
      tpm: 9000,
      window: 'sliding:1.5s',
      refusalsCount: true,
      maxInFlight: '50',
      hiddenLimits: true,
      ignoreMaxTokens: true,
      contextWindow: '4096',
      models: 'a, b',
      price: '1,2,0.5',
      faults: '500:0.05,reset:0.01,429@llama3:8b:0.9',
      retryAfter: 'date',
      wire: 'gemini',
      namedWait: '0',
      outage: '10s@5s,200ms@1.5s',
      storm: '60s@5s',
      log: 'calls.jsonl',
    });
    expect(options).toEqual({
      port: 8080,
      seed: 'x',
      latency: { kind: 'lognormal', median: 200, sigma: 0.5 },
      answerTokens: { kind: 'fixed', value: 30 },
      reasoningTokens: 5,
      cachedShare: 0.5,
      doneTurns: 4,
      rpm: 600,
      rpmChanges: [
        { perMinute: 2400, afterMs: 40_000 },
        { perMinute: 60, afterMs: 500 },
      ],
      tpm: 9000,
      window: { kind: 'sliding', ms: 1_500 },
      refusalsCount: true,
      maxInFlight: 50,
      hiddenLimits: true,
      ignoreMaxTokens: true,
      contextWindow: 4096,
      models: ['a', 'b'],
      price: { input: 1, output: 2, cachedInput: 0.5 },
      faults: [
        { name: '500', share: 0.05 },
        { name: 'reset', share: 0.01 },
        { name: '429', share: 0.9, model: 'llama3:8b' },
      ],
      retryAfter: 'date',
      wire: 'gemini',
      namedWaitMs: 0,
      outages: [
        { forMs: 10_000, afterMs: 5000 },
        { forMs: 200, afterMs: 1500 },
      ],
      storms: [{ forMs: 60_000, afterMs: 5000 }],
      log: 'calls.jsonl',
    });
    expect(parseSimulatorOptions({ burst: '10' })).toEqual({ burst: 10 });
    // Beside a window there is no burst.
    expect(SIMULATOR_FLAGS).toHaveLength(Object.keys(options).length + 1);
  });

  it('options: nothing -> defaults', () => {
    expect(withDefaults(parseSimulatorOptions({}))).toMatchObject({
      port: 0,
      latency: { kind: 'fixed', value: 100 },
      rpm: null,
      faults: [],
    });
  });

  it('options: bad values -> a code, exit 2, the flag', () => {
    expect(refusal({ port: '70000' })).toBe('E_CLI_PORT 2 --port is "70000"');
    expect(refusal({ port: 'http' })).toMatch(/^E_CLI_PORT 2/);
    expect(refusal({ dance: '1' })).toMatch(/^E_CLI_UNKNOWN 2 --dance/);
    const bad: Record<string, string>[] = [
      { latency: 'fast' },
      { latency: 'lognormal:200' },
      { rpm: '0' },
      { rpm: '1.5' },
      { rpm: '1e3' },
      { maxInFlight: '-1' },
      { cachedShare: '1.5' },
      { price: '1' },
      { price: '1,x' },
      { faults: 'boom:0.1' },
      { faults: '500' },
      { faults: '500:2' },
      { faults: '500:0.6,429:0.6' },
      { faults: '500:0.6,429@a:0.6' },
      { faults: '500@a' },
      { retryAfter: 'later' },
      { outage: '10@5' },
      { log: '' },
    ];
    for (const flags of bad) expect(refusal(flags)).toMatch(/^E_CLI_VALUE 2 --/);
    expect(refusal({ window: 'fixed:0s' })).toBe('E_CLI_VALUE 2 --window is "fixed:0s"');
    expect(refusal({ window: 'minute' })).toContain('--window');
    expect(refusal({ window: 'fixed:60s', burst: '5' })).toBe('E_CLI_VALUE 2 --burst is "5"');
    expect(refusal({ namedWait: '-1' })).toContain('--named-wait');
    expect(refusal({ maxInFlight: 'x' })).toContain('--max-in-flight');
  });
});

describe('drawFault', () => {
  it('drawFault: many keys -> shares as asked; a second attempt may differ; the same again is the same', () => {
    const shares = [
      { name: '500', share: 0.2 },
      { name: 'reset', share: 0.1 },
    ];
    const draw = (attempt: number) => Array.from({ length: 5000 }, (_, i) => drawFault(shares, 's', `key ${i}`, attempt));
    const first = draw(1);
    expect(first.filter((name) => name === '500').length / 5000).toBeCloseTo(0.2, 1);
    expect(first.filter((name) => name === 'reset').length / 5000).toBeCloseTo(0.1, 1);
    expect(draw(1)).toEqual(first);
    expect(draw(2)).not.toEqual(first);
  });

  it('sharesOf: a model -> its own faults and those of all', () => {
    const shares = [
      { name: '500', share: 0.2 },
      { name: 'reset', share: 0.1, model: 'a' },
    ];
    expect(sharesOf(shares, 'a').map(({ name }) => name)).toEqual(['500', 'reset']);
    expect(sharesOf(shares, 'b').map(({ name }) => name)).toEqual(['500']);
  });

  it('FAULTS: refusals -> statuses of 4xx and 5xx with a body', () => {
    const refusals = Object.values(FAULTS).filter((fault) => fault.kind === 'refuse');
    expect(refusals.length).toBeGreaterThan(20);
    for (const fault of refusals) {
      expect(fault.status).toBeGreaterThanOrEqual(400);
      if (fault.type !== 'html') expect(JSON.parse(fault.body).error).toBeDefined();
    }
  });
});
