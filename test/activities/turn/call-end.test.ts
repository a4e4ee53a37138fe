import { expect, it } from 'vitest';
import { endOf } from '../../../src/activities/turn/call-end.js';
import type { CallFailure, Refusal } from '../../../src/core/call-failure.js';
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

it.each<[string, Refusal | null, object]>([
  ['requests of a minute', { kind: 'rate', of: 'requests' }, { what: 'requests', quota: false, teaches: true }],
  ['tokens of a minute', { kind: 'rate', of: 'tokens' }, { what: 'tokens', quota: false, teaches: true }],
  ['a limit that is not named', { kind: 'rate', of: null }, { what: null, quota: false, teaches: true }],
  ['calls at once', { kind: 'rate', of: 'concurrency' }, { what: 'concurrency', quota: false, teaches: true }],
  ['the quota of a day', { kind: 'rate', of: 'day' }, { what: null, quota: true, teaches: true }],
  ['overload', { kind: 'overload' }, { what: null, quota: false, teaches: false }],
  ['money that comes back', { kind: 'money', of: 'window' }, { what: null, quota: false, teaches: false }],
  ['nothing that was read', null, { what: null, quota: false, teaches: false }],
])('endOf: refused for %s -> the gate is told what ran out by its kind, and learns of limits alone', (_name, refusal, told) => {
  const message = 'Rate limit reached on tokens per min (TPM)';
  expect(endOf(failure('rate', { refusal, message }), AGAIN, 7)).toEqual({ kind: 'limited', until: 7, told: null, ...told });
});

it('endOf: a completion without text -> an answer, no outage', () => {
  expect(endOf(failure('transport', { code: 'E_CALL_EMPTY', status: 200 }), AGAIN, 0)).toEqual({ kind: 'done', told: null });
});

it('endOf: no descriptor of ours -> no word about the provider', () => {
  expect(endOf(failure('local'), AGAIN, 0)).toEqual({ kind: 'unused' });
});

it('endOf: overload in the middle of an answer, whose row then fails -> no room all the same', () => {
  const decision = { kind: 'fail-row', cause: 'transport', code: 'E_OVERLOADED', message: '' } as const;
  const more = { refusal: { kind: 'overload' }, mayHaveBeenBilled: true } as const;
  expect(endOf(failure('overload', more), decision, 7)).toMatchObject({ kind: 'limited', teaches: false });
});
