import { Ansis } from 'ansis';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { bar, lineIsDue, liveBlock, plainLine } from '../../../src/cli/view/lines.js';
import { viewModel } from '../../../src/cli/view/view-state.js';
import { estimateOf, type ProgressPart, progressOf } from '../support/fake-run.js';
import { START } from '../support/terminal.js';

const BUSY: ProgressPart = {
  ok: 8,
  failed: 1,
  filtered: 1,
  calls: 10,
  usage: { input: 123_456, cached: 0, output: 7890, reasoning: 0 },
  costUsd: 0.0123,
  heldUsd: 0.004,
  maxCostUsd: 5,
};
const OUTAGE: ProgressPart = {
  failedCalls: 17,
  waits: {
    why: 'breaker',
    text: 'the provider: outage, next probe at 12:03:10Z',
    since: START,
    until: START + 15_000,
    failure: { text: 'no connection to api.example.com: the name is not known (ENOTFOUND)', since: START - 60_000 },
  },
};
const REST = estimateOf({ rows: 10, sample: 24, costUsd: { low: 0.04, expected: 0.05, high: 0.06 } });
const model = (part: ProgressPart = BUSY) => viewModel([{ at: START, progress: progressOf() }], progressOf(part), START + 5000);
const style = { width: 80, unicode: false, colors: new Ansis(0) };

describe('liveBlock', () => {
  it('a cost that nobody knows -> unknown, not $0', () => {
    const text = liveBlock(model({ ...BUSY, costUsd: null, heldUsd: null, maxCostUsd: null }), style).join('\n');
    expect(text).toContain('7890 out | cost unknown');
    expect(text).not.toContain('$');
  });

  it('80 columns, ASCII: all that is known', () => {
    expect(liveBlock(model(), style)).toMatchInlineSnapshot(`
      [
        "poems  running  1m 05s  poems-1",
        "  ###################------------------- 50 %  10 of 20",
        "  8 ok | 1 failed | 1 filtered | 4 in flight",
        "  123k tokens in, 7890 out | $0.0123 + $0.0040 held of $5.00",
        "  2.0 rows/s, 120 calls/min | about 5s left",
        "  waits for workers (all 4 busy), for 5s",
      ]
    `);
  });

  it('with an estimate: what the rest will take, in the order of what matters, cut at whole facts', () => {
    const found = { callsPerSecond: 98.04, callsInFlight: null, refusedAnyway: 0, at: START };
    const block = (width: number) => liveBlock(model({ ...BUSY, rest: REST, found }), { ...style, width });
    expect(block(120)).toMatchInlineSnapshot(`
      [
        "poems  running  1m 05s  poems-1",
        "  ###################------------------- 50 %  10 of 20",
        "  8 ok | 1 failed | 1 filtered | 4 in flight",
        "  123k tokens in, 7890 out | $0.0123 + $0.0040 held of $5.00",
        "  2.0 rows/s, 120 calls/min | about 5s (5s to 6s) left",
        "  rest $0.0500 ($0.0400 to $0.0600) | 5000 (4500 to 5500) tokens out | the provider takes 98.0 calls/s",
        "  waits for workers (all 4 busy), for 5s",
      ]
    `);
    expect(block(80)).toMatchInlineSnapshot(`
      [
        "poems  running  1m 05s  poems-1",
        "  ###################------------------- 50 %  10 of 20",
        "  8 ok | 1 failed | 1 filtered | 4 in flight",
        "  123k tokens in, 7890 out | $0.0123 + $0.0040 held of $5.00",
        "  2.0 rows/s, 120 calls/min | about 5s (5s to 6s) left",
        "  rest $0.0500 ($0.0400 to $0.0600) | 5000 (4500 to 5500) tokens out",
        "  waits for workers (all 4 busy), for 5s",
      ]
    `);
    expect(block(40)).toMatchInlineSnapshot(`
      [
        "poems  running  1m 05s  poems-1",
        "  ###########----------- 50 %  10 of 20",
        "  8 ok | 1 failed | 1 filtered",
        "  $0.0123 + $0.0040 held of $5.00",
        "  about 5s (5s to 6s) left",
        "  rest $0.0500 ($0.0400 to $0.0600)",
        "  waits for workers (all 4 busy), for",
        "    5s",
      ]
    `);
    expect(plainLine(model({ ...BUSY, rest: REST }))).toContain('rest $0.0500 ($0.0400 to $0.0600), ');
    const free = liveBlock(model({ ...BUSY, rest: { ...REST, costUsd: null } }), style);
    expect(free.find((line) => line.includes('rest'))).toBe('  rest 5000 (4500 to 5500) tokens out');
  });

  it('no speed measured yet: the time by the estimate', () => {
    const first = viewModel([], progressOf({ ...BUSY, rest: REST }), START);
    expect(liveBlock(first, style).join('\n')).toContain('about 20s (18s to 25s) left');
  });

  it('ASCII asked for: no character above 126', () => {
    for (const line of liveBlock(model(), style)) expect(line).toMatch(/^[\x20-\x7e]*$/);
  });

  it.each([10, 11, 20, 33, 79, 200])('%i columns: no line reaches the last one', (width) => {
    const wide = model({ ...BUSY, name: '\u6b4c'.repeat(60) });
    for (const unicode of [true, false]) {
      for (const line of liveBlock(wide, { ...style, width, unicode }))
        expect(stringWidth(line)).toBeLessThan(Math.max(width, 11));
    }
  });

  it('colours: only when asked for', () => {
    expect(liveBlock(model(), style).join('')).not.toContain('\u001b');
    expect(liveBlock(model(), { ...style, colors: new Ansis(1) }).join('')).toContain('\u001b[');
  });

  it('the first look: says that it measures', () => {
    const first = viewModel([], progressOf({ inFlight: 0 }), START);
    expect(liveBlock(first, style)).toContain('  measuring the rate');
  });

  it('running and waiting for nothing: the block keeps its height', () => {
    expect(liveBlock(model({ ...BUSY, inFlight: 1 }), style)).toHaveLength(liveBlock(model(), style).length);
  });

  it.each([80, 60])('%i columns, an outage: its cause, since when and until when can be read whole', (width) => {
    const block = liveBlock(model({ ...BUSY, ...OUTAGE }), { ...style, width });
    // As many counts as fit.
    expect(block[2]).toMatch(width === 80 ? / 4 in flight \| 17 calls failed$/ : / 4 in flight$/);
    const text = block.map((line) => line.trim()).join(' ');
    expect(text).toMatch(
      /last failure: no connection to api\.example\.com: the name is not known \(ENOTFOUND\), since \d\d:59:00Z waits for the provider: outage, next probe at 12:03:10Z, for 5s$/,
    );
    for (const line of block) expect(line.length).toBeLessThan(width);
  });

  it.each([80, 60])('%i columns, paused in a run with a long name: the command on one line', (width) => {
    const run = `poems-${'long'.repeat(5)}-20261121-1203`;
    const block = liveBlock(model({ ...BUSY, run, state: 'paused', reason: 'user' }), { ...style, width });
    expect(block.find((line) => line.includes(`swarm resume ${run}`))).toBeDefined();
  });

  it('ended: no time left is shown', () => {
    const text = liveBlock(model({ ok: 20, inFlight: 0, state: 'completed' }), style).join('\n');
    expect(text).not.toContain('left');
    expect(text).toContain('rows/s');
  });

  it('paused: no rate is claimed', () => {
    const text = liveBlock(model({ ...BUSY, state: 'paused', reason: 'user' }), style).join('\n');
    expect(text).not.toMatch(/rows\/s|left/);
    expect(text).toContain('waits for a person: swarm resume poems-1');
  });
});

describe('bar', () => {
  it.each([
    [0, '----------'],
    [0.999, '#########-'],
    [1, '##########'],
    [2, '##########'],
    [-1, '----------'],
  ])('%d -> %s', (fraction, expected) => {
    expect(bar(fraction, 10, false)).toBe(expected);
  });
});

describe('plainLine', () => {
  it('a busy run: one line with all that counts', () => {
    expect(plainLine(model())).toBe(
      'running: 10/20 rows, 1 failed, 1 filtered, 4 in flight, 123k tokens in, 7890 out, ' +
        '$0.0123 + $0.0040 held of $5.00, 2.0 rows/s, 120 calls/min, about 5s left, waits for workers (all 4 busy), for 5s',
    );
  });

  it('an outage: calls that failed, and the cause', () => {
    const line = plainLine(model({ ...BUSY, ...OUTAGE }));
    expect(line).toContain(', 4 in flight, 17 calls failed, 123k tokens in');
    expect(line).toMatch(/next probe at 12:03:10Z, for 5s, last failure: no connection .*\(ENOTFOUND\), since \d\d:59:00Z$/);
  });

  it('99.9 %: not called 100', () => {
    expect(liveBlock(model({ ok: 9999, total: 10_000 }), style)[1]).toContain(' 99 %');
  });
});

describe('lineIsDue', () => {
  const last = { at: START, model: model({ ok: 10 }) };
  it.each<[string, typeof last | null, ProgressPart, number, boolean]>([
    ['the first line', null, BUSY, 1, true],
    ['5 % further', last, { ok: 11 }, 1, true],
    ['less than 5 %', last, { ok: 10, inFlight: 3 }, 9999, false],
    ['10 s later, with news', last, { ok: 10, inFlight: 3 }, 10_000, true],
    ['10 s later, without news', last, { ok: 10 }, 10_000, false],
    ['a minute later, without news', last, { ok: 10 }, 60_000, true],
    ['another state', last, { ok: 10, state: 'paused' }, 1, true],
  ])('%s', (_name, before, part, ms, expected) => {
    expect(lineIsDue(before, model(part), START + ms)).toBe(expected);
  });

  it('a run of 1,000 rows in 1,000 looks: about 20 lines', () => {
    let before: Parameters<typeof lineIsDue>[0] = null;
    let lines = 0;
    for (let ok = 0; ok <= 1000; ok += 1) {
      const found = model({ ok, total: 1000 });
      if (!lineIsDue(before, found, START + ok)) continue;
      lines += 1;
      before = { at: START + ok, model: found };
    }
    expect(lines).toBeGreaterThanOrEqual(20);
    expect(lines).toBeLessThanOrEqual(21);
  });
});
