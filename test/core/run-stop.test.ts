import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/core/model.js';
import { systematicStop } from '../../src/core/run-stop.js';
import { outcomeOf } from '../store/databases.js';

const failed = (cause: NonNullable<Outcome['cause']>, code: string, message: string) =>
  outcomeOf(7, { status: 'failed', cause, code, message });

describe('systematicStop', () => {
  it('rows that fail alike -> an example with its message, and what may help', () => {
    const stop = systematicStop(20, failed('refused', 'E_ROW_REFUSED', 'HTTP 422: no'), 20);
    expect(stop?.message).toMatch(/^20 rows in a row failed with E_ROW_REFUSED and none was ok, such as row s7: HTTP 422: no; /);
    expect(systematicStop(19, failed('refused', 'E_ROW_REFUSED', 'x'), 20)).toBeNull();
    expect(systematicStop(50, failed('refused', 'E_ROW_REFUSED', 'x'), null)).toBeNull();
  });

  it('answers of another form -> nothing of an answer: what is said goes into the history of the workflow', () => {
    const stop = systematicStop(20, failed('schema', 'E_ROW_SCHEMA', '"SECRET" is none of the labels'), 20);
    expect(stop?.message).toMatch(/such as row s7, whose answer is in failed\.jsonl; ask for less/);
    expect(stop?.message).not.toContain('SECRET');
  });
});
