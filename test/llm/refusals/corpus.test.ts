/** Refusals as they came back from providers, gateways and servers of one's own: each is read as what it is. */
import { describe, expect, it, test } from 'vitest';
import type { CallFailure, Refusal } from '../../../src/core/call-failure.js';
import { retryDecision, stopScope } from '../../../src/core/retry.js';
import { classifyBodyError } from '../../../src/llm/refusals/classify.js';
import { CELLS, FACTS, readCell } from './corpus/all-cells.js';

const kindOf = (refusal: Refusal | null): string => {
  if (refusal === null) return '-';
  return 'of' in refusal && refusal.of !== null ? `${refusal.kind}/${refusal.of}` : refusal.kind;
};

/** Whose calls it stops after good answers; '' for nobody's. */
function stopped(failure: CallFailure): string {
  const { kind } = retryDecision(failure, { tries: 1, waits: 1, anyAnswered: true, random: 0.5 });
  return kind === 'stop-run' ? ` -> ${stopScope(failure)}` : '';
}

describe('a refusal as it came', () => {
  test.each(CELLS.map((cell, at) => ({ ...cell, at })))('$at: $status by $by, $from -> $is', (cell) => {
    const failure = readCell(cell);
    const { class: kind, code, refusal = null, retryAfterMs, field = null } = failure;
    expect(`${kind} ${code} ${kindOf(refusal)}${stopped(failure)}`, failure.message).toBe(cell.is);
    expect([retryAfterMs, field?.key ?? null]).toEqual([cell.wait ?? null, cell.change ?? null]);
    if (cell.change !== undefined)
      expect(failure.message).toMatch(new RegExp(`^HTTP 4\\d\\d: ${cell.change}( \\([\\w.]+\\))? is refused`));
    // A sure refusal bills nothing; what was perhaps worked on may be on the bill.
    expect(failure.mayHaveBeenBilled).toBe(
      cell.status >= 501 && cell.status !== 503 && cell.status !== 529 ? true : failure.mayHaveBeenBilled && cell.status >= 500,
    );
  });

  it('the corpus: how many -> 80 and more, none twice', () => {
    expect(CELLS.length).toBeGreaterThanOrEqual(80);
    expect(
      new Set(CELLS.map(({ by, status, body, headers, sent }) => JSON.stringify([by, status, body, headers, sent]))).size,
    ).toBe(CELLS.length);
  });
});

describe('a field that is refused before the first answer', () => {
  it.each(CELLS.filter(({ change }) => change !== undefined))(
    '$from -> the run stops after one call, and says which key',
    (cell) => {
      const failure = readCell(cell);
      const decision = retryDecision(failure, { tries: 1, waits: 0, anyAnswered: false, random: 0.5 });
      expect(decision).toMatchObject({ kind: 'stop-run', cause: 'request' });
      expect('message' in decision ? decision.message : '').toMatch(
        /^E_MODEL_PARAM: HTTP 4\d\d: .* is refused, change it in the task/,
      );
      expect(failure.suspect ?? null).toBeNull();
    },
  );
});

describe('the same inside a success', () => {
  it.each<[string, Record<string, unknown>, string]>([
    [
      'OpenAI Responses, failed',
      { code: 'rate_limit_exceeded', message: 'Rate limit reached: tokens per min' },
      'rate E_RATE_LIMITED rate/tokens',
    ],
    ['OpenAI Responses, failed', { code: 'server_error', message: 'An error occurred' }, 'transport E_PROVIDER_ERROR -'],
    ['OpenAI Responses, failed', { code: 'invalid_prompt', message: 'Limited for safety reasons' }, 'row E_ROW_FILTERED row'],
    ['OpenAI Responses, failed', { code: 'insufficient_quota', message: 'x' }, 'billing E_BILLING money/prepaid'],
    ['an Anthropic stream', { type: 'overloaded_error', message: 'Overloaded' }, 'overload E_OVERLOADED overload'],
    ['an Anthropic stream', { type: 'api_error', message: 'Internal server error' }, 'transport E_PROVIDER_ERROR -'],
    ['an Anthropic stream', { type: 'billing_error', message: 'x' }, 'billing E_BILLING money/prepaid'],
    ['MiniMax', { code: 1008, message: 'insufficient balance' }, 'billing E_BILLING money/prepaid'],
    ['Ollama, in mid stream', { message: 'an error was encountered while running the model' }, 'transport E_PROVIDER_ERROR -'],
    ['OpenRouter', { code: 502, message: 'Provider disconnected' }, 'transport E_PROVIDER_ERROR -'],
    ['Gemini', { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'x' }, 'rate E_RATE_LIMITED rate'],
  ])('%s, %j -> %s', (_from, error, is) => {
    const { class: kind, code, refusal = null } = classifyBodyError({ ...FACTS, family: 'other' }, 200, error, false);
    expect(`${kind} ${code} ${kindOf(refusal)}`).toBe(is);
  });
});
