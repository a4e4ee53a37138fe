import { describe, expect, it } from 'vitest';
import { testTotals, totalsLine } from '../../scripts/test-summary.mjs';

const report = (files: { status: string; tests: string[] }[]) => {
  const tests = files.flatMap((file) => file.tests);
  const count = (status: string): number => tests.filter((test) => test === status).length;
  return {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending'),
    numTodoTests: count('todo'),
    testResults: files.map((file) => ({ status: file.status, assertionResults: file.tests.map((status) => ({ status })) })),
  };
};

describe('testTotals', () => {
  it('all passed, some skipped -> counted', () => {
    const totals = testTotals(report([{ status: 'passed', tests: ['passed', 'passed', 'pending', 'todo'] }]), 0);
    expect(totals).toEqual({ passed: 2, failed: 0, skipped: 2 });
  });

  it('failed tests -> counted once', () => {
    const totals = testTotals(report([{ status: 'failed', tests: ['passed', 'failed', 'failed'] }]), 1);
    expect(totals).toEqual({ passed: 1, failed: 2, skipped: 0 });
  });

  it('a file that did not load, or whose hook threw -> one failure', () => {
    const totals = testTotals(
      report([
        { status: 'failed', tests: [] },
        { status: 'failed', tests: ['pending'] },
        { status: 'passed', tests: ['passed'] },
      ]),
      1,
    );
    expect(totals).toEqual({ passed: 1, failed: 2, skipped: 1 });
  });

  it('all passed but vitest failed -> one failure', () => {
    expect(testTotals(report([{ status: 'passed', tests: ['passed'] }]), 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it('no test at all, or no report -> one failure', () => {
    expect(testTotals(report([]), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(testTotals(null, 137)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe('totalsLine', () => {
  it('with and without skipped tests -> names them only when there are any', () => {
    expect(totalsLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
    expect(totalsLine({ passed: 12, failed: 1, skipped: 3 })).toBe('12 passed, 1 failed, 3 skipped');
  });
});
