import { expect, it } from 'vitest';
import { endOf } from '../../../src/activities/turn/call-end.js';
import type { CallFailure } from '../../../src/core/call-failure.js';
import { failure } from '../turn-setup.js';

const AGAIN = { kind: 'again', afterMs: 1_000 } as const;

it.each<[string, Partial<CallFailure>, string]>([
  [
    'no connection',
    { code: 'E_CALL_CONNECT', message: 'no connection to api.example.com: the name is not known (ENOTFOUND)' },
    'no connection to api.example.com: the name is not known (ENOTFOUND)',
  ],
  [
    'a refusal',
    { status: 503, code: 'E_PROVIDER_ERROR', message: 'HTTP 503: cannot do "Say row 0"' },
    'HTTP 503 (E_PROVIDER_ERROR)',
  ],
  ['a page', { status: 200, code: 'E_CALL_BODY', message: 'HTTP 200, <p>Say' }, 'HTTP 200 without a whole answer (E_CALL_BODY)'],
  ['a library fault', { code: 'E_CALL_UNEXPECTED', message: 'Error: Say row 0' }, 'an unexpected fault (E_CALL_UNEXPECTED)'],
])('endOf: %s -> the gate is told in our own words, nothing that a provider or a library said', (_name, more, what) => {
  expect(endOf(failure('transport', more), AGAIN, 0)).toEqual({ kind: 'failed', what });
});

it('endOf: no descriptor of ours -> no word about the provider', () => {
  expect(endOf(failure('local'), AGAIN, 0)).toEqual({ kind: 'unused' });
});
