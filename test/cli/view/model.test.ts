import { describe, expect, it } from 'vitest';
import { addSample, type Sample, viewModel, WINDOW_MS } from '../../../src/cli/view/model.js';
import type { Progress } from '../../../src/client/api.js';
import { progressOf } from '../support/fake-run.js';
import { START } from '../support/terminal.js';

const at = (ms: number, part: Partial<Progress> = {}): Sample => ({ at: START + ms, progress: progressOf(part) });
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
  it('under way: since the start; ended: until the end; not started: null', () => {
    expect(model([], at(5000)).elapsedMs).toBe(5000);
    expect(model([], at(5000, { endedAt: START + 3000 })).elapsedMs).toBe(3000);
    expect(model([], at(5000, { startedAt: null })).elapsedMs).toBeNull();
  });
});

describe('viewModel: what it waits for', () => {
  it.each<[string, Partial<Progress>, string | null]>([
    ['paused by a person', { state: 'paused', reason: 'user' }, 'a person: swarm resume poems-1'],
    ['refused key', { state: 'paused', reason: 'key' }, 'a valid API key'],
    ['refused billing', { state: 'paused', reason: 'billing' }, 'the account: the provider refused to bill'],
    ['being staged', { state: 'staging' }, 'its start'],
    ['interrupted', { state: 'interrupted' }, 'a person: swarm run'],
    ['cap nearly reached by what is held', { maxCostUsd: 1, costUsd: 0.5, heldUsd: 0.495 }, 'money'],
    ['a 429 in the window', { limited: 1 }, "the provider's rate limit"],
    ['the own rate', { requestsPerMinute: 60, calls: 2, inFlight: 1 }, 'requests/min (60)'],
    ['all slots full', { inFlight: 4 }, 'answers (4 at a time)'],
    ['fewer rows left than slots', { ok: 18, inFlight: 2 }, 'the last answers'],
    ['nothing known', { inFlight: 1 }, null],
    ['all done', { ok: 20, inFlight: 0 }, null],
    ['completed', { state: 'completed', ok: 19, failed: 1 }, null],
  ])('%s', (_name, part, expected) => {
    expect(model([at(0)], at(2000, part)).waitsFor).toBe(expected);
  });

  it('429s before the window: not told any more', () => {
    const samples = [at(0), at(5000, { limited: 7 }), at(15_000, { limited: 7 })];
    expect(model(samples, at(20_000, { limited: 7, inFlight: 1 })).waitsFor).toBeNull();
  });
});

describe('viewModel: texts', () => {
  it('names with control sequences or newlines: one safe line', () => {
    expect(model([], at(0, { name: 'a\u001b[31mb\nc\u202ed' })).name).toBe('ab cd');
  });
});
