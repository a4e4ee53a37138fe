import { describe, expect, it } from 'vitest';
import { dayOf, isTimeZone, nextDayAt, startOf } from '../../../src/core/money/calendar-day.js';

const HOUR = 3_600_000;
const at = (text: string) => Date.parse(text);

describe('calendar days', () => {
  it.each([
    ['2026-11-21', 'UTC', 24],
    ['2026-03-08', 'America/New_York', 23],
    ['2026-11-01', 'America/New_York', 25],
    ['2026-03-29', 'Europe/Berlin', 23],
    ['2026-10-25', 'Europe/Berlin', 25],
    ['2026-10-04', 'Australia/Lord_Howe', 23.5],
    ['2026-04-05', 'Australia/Lord_Howe', 24.5],
    ['2026-06-01', 'Asia/Kolkata', 24],
  ])('%s in %s -> %d hours, with the right day at both ends', (day, zone, hours) => {
    const from = startOf(day, zone);
    const to = nextDayAt(day, zone);
    expect((to - from) / HOUR).toBe(hours);
    expect([dayOf(from - 1, zone) < day, dayOf(from, zone), dayOf(to - 1, zone), dayOf(to, zone) > day]).toEqual([
      true,
      day,
      day,
      true,
    ]);
  });

  it('dayOf: around midnight of the zone, not of UTC', () => {
    expect(dayOf(at('2026-11-21T04:59:59Z'), 'America/New_York')).toBe('2026-11-20');
    expect(dayOf(at('2026-11-21T05:00:00Z'), 'America/New_York')).toBe('2026-11-21');
  });

  it('nextDayAt: over the ends of a month and of a year', () => {
    expect(nextDayAt('2026-12-31', 'UTC')).toBe(at('2027-01-01T00:00:00Z'));
    expect(nextDayAt('2028-02-28', 'UTC')).toBe(at('2028-02-29T00:00:00Z'));
  });

  it('isTimeZone: known zones only', () => {
    expect(['UTC', 'Europe/Berlin', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
    expect(() => dayOf(0, 'Mars/Olympus')).toThrow(RangeError);
  });
});
