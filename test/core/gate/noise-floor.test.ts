import { describe, expect, it } from 'vitest';
import { NoiseFloor } from '../../../src/core/gate/noise-floor.js';

const of = (refused: number, sent: number) => ({ sent, refused, ms: 200 });

describe('NoiseFloor', () => {
  it('three cuts in a row by several refusals each, as many as before -> noise, a little above what was found', () => {
    const floor = new NoiseFloor();
    expect([floor.proves(of(3, 20), 400), floor.proves(of(3, 20), 330)]).toEqual([false, false]);
    expect(floor.proves(of(3, 20), 260)).toBe(true);
    expect(floor.share).toBeGreaterThan(0.15);
    expect(floor.share).toBeLessThan(0.25);
    expect(floor.exceededBy(of(4, 20))).toBe(false);
    expect(floor.exceededBy(of(15, 20))).toBe(true);
  });

  it('cuts by single refusals -> eight of them prove it', () => {
    const floor = new NoiseFloor();
    const proofs = Array.from({ length: 8 }, (_, n) => floor.proves(of(1, 12), 400 * 0.9 ** n));
    expect(proofs).toEqual([...Array(7).fill(false), true]);
  });

  it('cuts that took less than what was refused -> prove nothing', () => {
    const floor = new NoiseFloor();
    for (let n = 0; n < 12; n += 1) expect(floor.proves(of(2, 20), 100 - n / 10)).toBe(false);
    expect(floor.share).toBe(0);
  });

  it('a quiet time after a cut -> the row is over', () => {
    const floor = new NoiseFloor();
    for (let n = 0; n < 6; n += 1) {
      expect(floor.proves(of(3, 20), 400 / 2 ** n)).toBe(false);
      expect([floor.passes(of(0, 20)), floor.passes(of(0, 20))]).toEqual([false, true]);
    }
    // Quiet until its only refusal.
    for (let n = 0; n < 20; n += 1) expect(floor.proves(of(1, 60), 400 / 2 ** n)).toBe(false);
  });

  it('refusals between quiet times -> the quiet starts anew', () => {
    const floor = new NoiseFloor();
    expect([floor.passes(of(0, 30)), floor.passes(of(1, 20)), floor.passes(of(0, 30))]).toEqual([false, false, false]);
    expect(floor.passes(of(0, 10))).toBe(true);
  });

  it('nearly all or suddenly far more refused -> a limit: the row starts over', () => {
    const floor = new NoiseFloor();
    for (let n = 0; n < 6; n += 1) expect(floor.proves(of(18, 20), 400 / 2 ** n)).toBe(false);
    floor.proves(of(1, 20), 300);
    floor.proves(of(2, 20), 200);
    expect(floor.proves(of(11, 20), 100)).toBe(false);
  });

  it('a known floor -> sinks with clean samples and is forgotten, never rises above what was proven', () => {
    const floor = new NoiseFloor(0.1);
    floor.learn(of(10, 20));
    expect(floor.share).toBe(0.1);
    floor.learn(of(1, 20));
    expect(floor.share).toBeCloseTo(0.095);
    for (let n = 0; n < 60; n += 1) floor.learn(of(0, 20));
    expect(floor.share).toBe(0);
    floor.learn({ sent: 0, refused: 0, ms: 1 });
    expect(floor.share).toBe(0);
  });
});
