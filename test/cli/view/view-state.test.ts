import { describe, expect, it } from 'vitest';
import { addSample, type Sample, viewModel, WINDOW_MS } from '../../../src/cli/view/view-state.js';
import { type ProgressPart, progressOf } from '../support/fake-run.js';
import { START } from '../support/terminal.js';

const at = (ms: number, part: ProgressPart = {}): Sample => ({ at: START + ms, progress: progressOf(part) });
const model = (previous: readonly Sample[], latest: Sample) => viewModel(previous, latest.progress, latest.at);

describe('addSample', () => {
  it('a long run: keeps the first, one before the window, and the window', () => {
    let samples: readonly Sample[] = [];
    for (let ms = 0; ms <= 3_600_000; ms += 200) samples = addSample(samples, at(ms));
    expect(samples.length).toBeLessThanOrEqual(WINDOW_MS / 200 + 2);
    expect(samples[0]?.at).toBe(START);
    expect(samples[1]?.at).toBe(START + 3_600_000 - WINDOW_MS);
    expect(samples.at(-1)?.at).toBe(START + 3_600_000);
  });

  it('first samples: all kept', () => {
    const samples = [0, 200, 400].reduce<readonly Sample[]>((kept, ms) => addSample(kept, at(ms)), []);
    expect(samples.map((sample) => sample.at - START)).toEqual([0, 200, 400]);
  });
});

describe('viewModel: rates', () => {
  it('the first look: no rate, no time left', () => {
    expect(model([], at(0))).toMatchObject({ rowsPerSecond: null, callsPerMinute: null, etaMs: null });
  });

  it('less than a second: no rate', () => {
    expect(model([at(0)], at(900, { ok: 5 })).rowsPerSecond).toBeNull();
  });

  it('a window: rows/s, calls/min and the time left', () => {
    const found = model([at(0)], at(2000, { ok: 6, failed: 2, calls: 10 }));
    expect(found).toMatchObject({ rowsPerSecond: 4, callsPerMinute: 300, etaMs: 3000, done: 8, fraction: 0.4 });
  });

  it('rows done before the look: not counted as speed', () => {
    expect(model([at(0, { ok: 10, calls: 10 })], at(2000, { ok: 12, calls: 12 })).rowsPerSecond).toBe(1);
  });

  it('only the last 10 s count', () => {
    const samples = [at(0), at(10_000, { ok: 100 }), at(20_000, { ok: 110 })];
    expect(model(samples, at(30_000, { ok: 130, total: 1000 })).rowsPerSecond).toBe(2);
  });

  it('a window without a finished row: time left from the speed since the first look', () => {
    const samples = [at(0), at(30_000, { ok: 10 }), at(55_000, { ok: 10 })];
    const found = model(samples, at(60_000, { ok: 10 }));
    expect(found.rowsPerSecond).toBe(0);
    expect(found.etaMs).toBe(60_000);
  });

  it('counts that go back (a retry): no negative rate', () => {
    expect(model([at(0, { failed: 9 })], at(2000, { failed: 0 }))).toMatchObject({ rowsPerSecond: 0, etaMs: null });
  });

  it.each(['paused', 'interrupted', 'staged'] as const)('%s: no time left is claimed', (state) => {
    expect(model([at(0)], at(2000, { ok: 5, state })).etaMs).toBeNull();
  });

  it('ended: nothing left', () => {
    expect(model([at(0)], at(2000, { ok: 20, state: 'completed' })).etaMs).toBe(0);
  });

  it('no rows: whole from the beginning', () => {
    expect(model([], at(0, { total: 0 })).fraction).toBe(1);
  });
});

describe('viewModel: elapsed', () => {
  it('the time worked; not started: null', () => {
    expect(model([], at(5000, { workedMs: 3000 })).elapsedMs).toBe(3000);
    expect(model([], at(5000, { startedAt: null })).elapsedMs).toBeNull();
  });
});

const WAIT = { why: 'breaker', text: '', since: START, until: null, failure: null };

describe('viewModel: what it waits for', () => {
  it.each<[string, ProgressPart, string | null]>([
    ['paused by a person', { state: 'paused', reason: 'user' }, 'a person: swarm resume poems-1'],
    ['refused key', { state: 'paused', reason: 'key' }, 'a valid API key'],
    ['refused billing', { state: 'paused', reason: 'billing' }, 'the account: the provider refused to bill'],
    ['being staged', { state: 'staging' }, 'its start'],
    ['interrupted', { state: 'interrupted' }, 'a person: swarm resume poems-1'],
    ['what the gate says', {}, 'workers (all 4 busy)'],
    ['a text with an escape sequence', { waits: { ...WAIT, text: 'the provider\u001b[31m' } }, 'the provider'],
    ['fewer rows left than slots', { ok: 18, inFlight: 2, waits: null }, 'the last answers'],
    ['places that nobody wants', { inFlight: 1, waits: null }, 'more rows to be started'],
    ['nothing known', { inFlight: 4, waits: null }, null],
    ['all done', { ok: 20, inFlight: 0 }, null],
    ['completed', { state: 'completed', ok: 19, failed: 1 }, null],
  ])('%s', (_name, part, expected) => {
    expect(model([at(0)], at(2000, part)).waitsFor).toBe(expected);
  });

  it('how long it has waited', () => {
    expect(model([], at(2000)).waitedMs).toBe(2000);
    expect(model([], at(2000, { waits: null })).waitedMs).toBeNull();
  });

  it('what the provider takes: while the run goes on', () => {
    const found = { callsPerSecond: 98.04, callsInFlight: null, refusedAnyway: 0, at: START };
    expect(model([], at(0, { found })).found).toBe('98.0 calls/s');
    expect(model([], at(0, { found, state: 'completed' })).found).toBeNull();
  });
});

describe('viewModel: texts', () => {
  it('names with control sequences or newlines: one safe line', () => {
    expect(model([], at(0, { name: 'a\u001b[31mb\nc\u202ed' })).name).toBe('ab cd');
  });
});
