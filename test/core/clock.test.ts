import { describe, expect, it } from 'vitest';
import { fromWall, SteadyClock, toWall } from '../../src/core/clock.js';

const T = 1_700_000_000_000;
const HOUR = 3_600_000;

/** A machine that a test runs, sleeps and sets the clock of. */
function machine() {
  const at = { wall: T, elapsed: 777.25, uptime: 90_000 };
  const clock = new SteadyClock({ wall: () => at.wall, elapsed: () => at.elapsed, uptime: () => at.uptime });
  const pass = (ms: number) => {
    at.wall += ms;
    at.elapsed += ms;
    at.uptime += ms;
  };
  const sleep = (ms: number) => {
    at.wall += ms;
    at.uptime += ms;
  };
  return { clock, at, pass, sleep };
}

describe('SteadyClock', () => {
  it('begins with the wall and goes on with it', () => {
    const { clock, pass } = machine();
    expect([clock.now(), clock.wall()]).toEqual([T, T]);
    pass(1_234.5);
    expect(clock.now()).toBe(T + 1_234);
  });

  it.each([-HOUR, -120_000, 120_000, HOUR])('the wall is set by %d ms -> intervals stay, and it is told once', (step) => {
    const { clock, at, pass } = machine();
    pass(5_000);
    const before = clock.now();
    at.wall += step;
    expect(clock.now()).toBe(before);
    pass(1_000);
    expect(clock.now() - before).toBe(1_000);
    expect(clock.wall()).toBe(T + 6_000 + step);
    expect([toWall(clock, before), fromWall(clock, clock.wall())]).toEqual([T + 5_000 + step, clock.now()]);
    expect([clock.takeStep(), clock.takeStep()]).toEqual([step, 0]);
  });

  it('the machine sleeps -> that time has passed, and nobody has set the clock', () => {
    const { clock, pass, sleep } = machine();
    pass(1_000);
    sleep(8 * HOUR);
    expect(clock.now()).toBe(T + 1_000 + 8 * HOUR);
    pass(1_000);
    sleep(HOUR);
    expect(clock.now()).toBe(T + 2_000 + 9 * HOUR);
    expect(clock.takeStep()).toBe(0);
  });

  it('it sleeps and its clock is set meanwhile -> both', () => {
    const { clock, at, sleep } = machine();
    sleep(2 * HOUR);
    at.wall -= HOUR;
    expect(clock.now()).toBe(T + 2 * HOUR);
    expect(clock.takeStep()).toBe(-HOUR);
  });

  it('a clock that is corrected little by little -> no step', () => {
    const { clock, at, pass } = machine();
    for (let minute = 0; minute < 10; minute += 1) {
      pass(60_000);
      at.wall -= 30;
      clock.now();
    }
    expect([clock.now(), clock.takeStep()]).toEqual([T + 600_000, 0]);
  });
});
