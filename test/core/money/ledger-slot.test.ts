import { describe, expect, it } from 'vitest';
import { ledgerDayOf, ledgerSlot } from '../../../src/core/money/ledger-slot.js';

const at = (text: string) => Date.parse(text);
const QUARTER = 900_000;

describe('ledgerSlot', () => {
  it('a clock set back -> the newest slot stays; forward -> the next one', () => {
    const now = at('2026-11-21T12:07:00Z');
    const slot = ledgerSlot(now, null);
    expect(slot * QUARTER).toBe(at('2026-11-21T12:00:00Z'));
    expect(ledgerSlot(now - 86_400_000, slot)).toBe(slot);
    expect(ledgerSlot(now + QUARTER, slot)).toBe(slot + 1);
  });
});

describe('ledgerDayOf', () => {
  it.each([
    ['UTC', '2026-11-21T00:00:00Z', 96],
    ['Asia/Kathmandu', '2026-11-20T18:15:00Z', 96],
    ['America/New_York', '2026-11-21T05:00:00Z', 96],
  ])('%s -> a range of quarters, the same for every slot in it', (zone, start, quarters) => {
    const first = ledgerSlot(at(start), null);
    const day = ledgerDayOf(first, zone);
    expect(day).toEqual({ from: first, to: first + quarters, until: at(start) + quarters * QUARTER });
    expect(ledgerDayOf(first + quarters - 1, zone)).toEqual(day);
    expect(ledgerDayOf(first + quarters, zone).from).toBe(first + quarters);
    expect(ledgerDayOf(first - 1, zone).to).toBe(first);
  });

  it('the day on which clocks go back -> 25 hours', () => {
    const day = ledgerDayOf(ledgerSlot(at('2026-10-25T12:00:00Z'), null), 'Europe/Berlin');
    expect(day.to - day.from).toBe(100);
  });
});
