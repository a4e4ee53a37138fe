import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../../src/core/call-failure.js';
import { classifyBodyError, classifyRefusal } from '../../../src/llm/refusals/classify.js';
import { classifyFault, classifyUnexpected } from '../../../src/llm/refusals/classify-fault.js';
import { readError } from '../../../src/llm/refusals/error-facts.js';
import { FAMILIES, type Family, familyOf } from '../../../src/llm/refusals/family.js';
import { completionIn } from '../../../src/llm/wires/chat/pieces.js';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const HOUR = 3_600_000;
const ANSWERS = { many: 'chat completions', one: 'a completion' };

const error = (fields: object) => JSON.stringify({ error: fields });
const said = (message: string) => error({ message });

function refuse(family: Family, status: number, body = said('no'), headers: Record<string, string> = {}) {
  return classifyRefusal(
    { family, answers: ANSWERS, now: NOW, secrets: [], sentFields: [{ field: 'temperature', key: 'temperature' }] },
    { status, body, headers, value: completionIn(body).value },
  );
}

function expectVerdict(
  family: Family,
  status: number,
  body: string,
  verdict: string,
  headers: Record<string, string> = {},
): void {
  const result = refuse(family, status, body, headers);
  expect(`${result.class} ${result.code} ${result.mayHaveBeenBilled ? 'billed?' : 'free'}`, `${family} ${status} ${body}`).toBe(
    verdict,
  );
}

// Every cell of the table, family by family: the verdict for a plain refusal of that status.
const PLAIN: Readonly<Record<number, string>> = {
  400: 'request E_REQUEST_REFUSED free',
  401: 'key E_KEY_REFUSED free',
  402: 'billing E_BILLING free',
  403: 'key E_PERMISSION free',
  404: 'request E_ENDPOINT free',
  405: 'request E_ENDPOINT free',
  407: 'key E_KEY_REFUSED free',
  408: 'transport E_PROVIDER_ERROR free',
  409: 'transport E_PROVIDER_ERROR free',
  410: 'request E_ENDPOINT free',
  413: 'row E_ROW_TOO_BIG free',
  415: 'row E_ROW_REFUSED free',
  418: 'row E_ROW_REFUSED free',
  422: 'row E_ROW_REFUSED free',
  425: 'transport E_PROVIDER_ERROR free',
  429: 'rate E_RATE_LIMITED free',
  431: 'row E_ROW_REFUSED free',
  498: 'overload E_OVERLOADED free',
  499: 'transport E_PROVIDER_ERROR free',
  500: 'transport E_PROVIDER_ERROR free',
  502: 'transport E_PROVIDER_ERROR billed?',
  503: 'overload E_OVERLOADED free',
  504: 'transport E_PROVIDER_ERROR billed?',
  520: 'transport E_PROVIDER_ERROR billed?',
  529: 'overload E_OVERLOADED free',
  599: 'transport E_PROVIDER_ERROR billed?',
  307: 'request E_ENDPOINT free',
  700: 'transport E_PROVIDER_ERROR billed?',
};
const DIFFERENT: Partial<Record<Family, Record<number, string>>> = {
  deepseek: { 429: 'overload E_CONCURRENCY_LIMITED free' },
  openrouter: { 403: 'row E_ROW_FILTERED free' },
};

describe.each(FAMILIES)('plain refusals of %s', (family) => {
  test.each(Object.keys(PLAIN).map(Number))('%d', (status) => {
    expectVerdict(family, status, said('no'), DIFFERENT[family]?.[status] ?? PLAIN[status]!);
  });
});

describe('why it was refused', () => {
  test.each<[Family, number, string, Refusal | null]>([
    ['openai', 429, said('Rate limit reached on tokens per min (TPM): Limit 30000'), { kind: 'rate', of: 'tokens' }],
    ['openai', 429, said('Rate limit reached on requests per min (RPM): Limit 3'), { kind: 'rate', of: 'requests' }],
    ['other', 429, said('slow down'), { kind: 'rate', of: null }],
    ['deepseek', 429, said('no'), { kind: 'rate', of: 'concurrency' }],
    ['groq', 429, said('on tokens per day (TPD): try again in 1h'), { kind: 'rate', of: 'day' }],
    ['together', 503, said('no'), { kind: 'overload' }],
    ['anthropic', 529, said('Overloaded'), { kind: 'overload' }],
    ['openai', 429, error({ message: 'x', code: 'credit_balance_exhausted' }), { kind: 'money', of: 'prepaid' }],
    ['openai', 429, error({ message: 'x', code: 'project_spend_limit_exceeded' }), { kind: 'money', of: 'limit' }],
    ['openai', 429, error({ message: 'x', code: 'organization_usage_limit_exceeded' }), { kind: 'money', of: 'limit' }],
    ['anthropic', 429, said('Your organization has reached its spend limit'), { kind: 'money', of: 'limit' }],
    ['gemini', 429, said('Your prepayment credits are depleted'), { kind: 'money', of: 'prepaid' }],
    ['mistral', 429, said('Monthly spending limit reached'), { kind: 'money', of: 'limit' }],
    ['openrouter', 402, error({ code: 402, message: 'openrouter_in_flight_budget' }), { kind: 'money', of: 'window' }],
    ['openrouter', 403, said('Key limit exceeded'), { kind: 'money', of: 'limit' }],
    ['openai', 401, said('no'), { kind: 'key' }],
    ['gemini', 400, said('API key not valid'), { kind: 'key' }],
    ['openai', 403, said('no'), { kind: 'permission' }],
    ['openai', 404, error({ message: 'The model x does not exist', code: 'model_not_found' }), { kind: 'request', of: 'model' }],
    ['openai', 400, error({ message: 'no', param: 'temperature' }), { kind: 'request', of: 'field' }],
    // A sentence may name a field beside what this row has alone.
    ['openai', 400, said('max_tokens is larger than what is left after your prompt'), { kind: 'request', of: null }],
    ['openai', 404, said('no'), { kind: 'request', of: 'address' }],
    ['openai', 400, said('no'), { kind: 'request', of: null }],
    ['openai', 400, said('maximum context length is 8'), { kind: 'row' }],
    ['openai', 422, said('no'), { kind: 'row' }],
    ['openai', 500, said('no'), null],
    ['openai', 408, said('no'), null],
    ['openai', 400, '<html><body>no</body></html>', null],
  ])('%s %d %s -> %o', (family, status, body, refusal) => {
    expect(refuse(family, status, body).refusal ?? null).toEqual(refusal);
  });

  test.each([400, 402, 403, 429])('%d, money in words of a host that is not known -> billing, prepaid', (status) => {
    for (const message of ['Your credit balance is too low to access the API', 'Insufficient credits', 'Insufficient balance']) {
      expect(refuse('other', status, said(message))).toMatchObject({
        class: 'billing',
        refusal: { kind: 'money', of: 'prepaid' },
      });
    }
  });
});

describe('money', () => {
  test.each([
    'credit_balance_exhausted',
    'organization_usage_limit_exceeded',
    'organization_spend_limit_exceeded',
    'project_spend_limit_exceeded',
    'insufficient_quota',
  ])('OpenAI 429 %s -> billing, no wait', (code) => {
    expectVerdict('openai', 429, error({ message: 'x', code }), 'billing E_BILLING free');
    expectVerdict('openai', 429, error({ message: 'x', code, type: 'insufficient_quota' }), 'billing E_BILLING free');
    expectVerdict('other', 429, error({ message: 'x', code: null, type: code }), 'billing E_BILLING free');
    expect(refuse('openai', 429, error({ message: 'try again in 5s', code }), { 'retry-after': '5' }).retryAfterMs).toBeNull();
  });
});

describe('quotas and limits', () => {
  test('OpenAI 429 per day -> reset, until its own hint; a hint of seconds, or none -> rate, since its day has no midnight', () => {
    const said = (rest: string) =>
      error({
        message: `Rate limit reached for gpt-6-luna on requests per day (RPD): Limit 200, Used 200, Requested 1.${rest}`,
        code: 'rate_limit_exceeded',
      });
    expect(refuse('openai', 429, said(' Please try again in 7m12s.'))).toMatchObject({
      class: 'reset',
      code: 'E_QUOTA_DAILY',
      retryAfterMs: 432_000,
    });
    expect(refuse('openai', 429, said(' Please try again in 14h29m11.04s.'))).toMatchObject({ class: 'reset' });
    expect(refuse('openai', 429, said(' Please try again in 8.64s.'))).toMatchObject({ class: 'rate', retryAfterMs: 8_640 });
    expect(refuse('openai', 429, said(' Please try again in 120ms.'))).toMatchObject({ class: 'rate', retryAfterMs: 120 });
    expect(refuse('openai', 429, said(''))).toMatchObject({ class: 'rate', code: 'E_RATE_LIMITED' });
    // Other providers are not guessed at.
    expect(refuse('other', 429, said(' Please try again in 7m12s.'))).toMatchObject({ class: 'rate', retryAfterMs: 432_000 });
  });

  test('OpenRouter 429 of free models per day -> reset, until midnight UTC or the time it names', () => {
    expect(refuse('openrouter', 429, said('Rate limit exceeded: free-models-per-day'))).toMatchObject({
      class: 'reset',
      retryAfterMs: 12 * HOUR,
    });
    const named = error({
      message: 'Rate limit exceeded: free-models-per-day',
      metadata: { headers: { 'X-RateLimit-Reset': String(NOW + HOUR) } },
    });
    expect(refuse('openrouter', 429, named).retryAfterMs).toBe(HOUR);
  });

  test('OpenAI 429 slow_down and rate_limit_exceeded -> rate', () => {
    for (const code of ['slow_down', 'rate_limit_exceeded'])
      expectVerdict('openai', 429, error({ message: 'x', code }), 'rate E_RATE_LIMITED free');
  });

  test('Groq 413 rate_limit_exceeded -> row, both numbers first', () => {
    const message =
      'Request too large for model `m` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 8000, Requested 20449';
    const result = refuse('groq', 413, error({ message, code: 'rate_limit_exceeded' }));
    expect(result).toMatchObject({ class: 'row', code: 'E_ROW_OVER_LIMIT', retryAfterMs: null });
    expect(result.message).toContain('limit 8000 tokens per minute, requested 20449');
  });

  test('a page with 429 -> still rate', () => {
    expectVerdict('other', 429, '<html>Too many requests</html>', 'rate E_RATE_LIMITED free');
  });
});

describe('the row', () => {
  test.each([
    ['openai', 400, error({ message: 'x', code: 'context_length_exceeded' })],
    ['groq', 400, said('Please reduce the length of the messages or completion.')],
    [
      'mistral',
      400,
      JSON.stringify({
        object: 'error',
        message: 'Prompt contains 40000 tokens, too large for model with 32768 maximum context length',
      }),
    ],
    ['together', 403, said('input tokens + max_tokens must be less than the context length')],
    ['other', 422, said('`inputs` tokens + `max_new_tokens` must be <= 8193')],
  ] as const)('%s %d %s -> E_ROW_TOO_LONG', (family, status, body) => {
    expectVerdict(family, status, body, 'row E_ROW_TOO_LONG free');
  });

  test('groq 400 json_validate_failed -> E_ROW_SCHEMA: the model wrote nothing that meets the schema', () => {
    const said = { error: { message: 'Failed to validate JSON.', type: 'invalid_request_error', code: 'json_validate_failed' } };
    expectVerdict('groq', 400, JSON.stringify(said), 'row E_ROW_SCHEMA free');
  });

  test.each([
    ['openai', 400, error({ message: 'The response was filtered', code: 'content_filter' })],
    ['openai', 400, said('Your request was rejected as a result of our safety system')],
    [
      'openrouter',
      403,
      error({ code: 403, message: 'x requires moderation. Your input was flagged', metadata: { reasons: ['violence'] } }),
    ],
  ] as const)('%s %d %s -> E_ROW_FILTERED', (family, status, body) => {
    expectVerdict(family, status, body, 'row E_ROW_FILTERED free');
  });

  test('a quoted prompt in the error -> does not decide', () => {
    const detail = [
      {
        loc: ['body', 'messages'],
        msg: 'Field required',
        input: 'maximum context, insufficient_quota, credit balance is too low',
      },
    ];
    const result = refuse('anthropic', 422, JSON.stringify({ detail }));
    expect(result).toMatchObject({ class: 'row', code: 'E_ROW_REFUSED', message: 'HTTP 422: body.messages: Field required' });
  });
});

describe('key and request', () => {
  test.each([['openai', 403, error({ message: 'x', code: 'unsupported_country_region_territory' }), 'E_PERMISSION']] as const)(
    '%s %d %s -> key',
    (family, status, body, code) => {
      expectVerdict(family, status, body, `key ${code} free`);
    },
  );

  test.each([
    ['openai', 404, error({ message: 'The model `gpt-9` does not exist', code: 'model_not_found' }), 'E_MODEL_UNKNOWN'],
    ['gemini', 404, said('models/gemini-2.0-flash is not found for API version v1beta'), 'E_MODEL_UNKNOWN'],
    ['together', 400, error({ message: 'Unable to access x', code: 'model_not_found' }), 'E_MODEL_UNKNOWN'],
    ['other', 404, '<html><title>404 Not Found</title></html>', 'E_ENDPOINT'],
    ['anthropic', 400, said('`temperature` may only be set to 1'), 'E_MODEL_PARAM'],
    ['other', 400, said('Bad request'), 'E_REQUEST_REFUSED'],
    ['other', 400, '', 'E_REQUEST_REFUSED'],
  ] as const)('%s %d %s -> request', (family, status, body, code) => {
    expectVerdict(family, status, body, `request ${code} free`);
  });

  test.each([400, 403, 418])('a page with %d -> unreadable, of no cost', (status) => {
    expectVerdict('openai', status, '<!DOCTYPE html><html><title>Blocked</title></html>', 'transport E_CALL_BODY free');
  });
});

describe('faults', () => {
  test.each([
    [500, said('The server had an error while processing your request.'), false],
    [500, '{"error":"model runner stopped"}', false],
    [500, '{"object":"error","message":"Internal Server Error","type":"InternalServerError","code":500}', false],
    [500, 'data: {"error":{"message":"failed"}}\n\n', false],
    // What is no error of an API of models, or tells of a server behind this one.
    [500, 'Internal Server Error', true],
    [500, '<html><title>500</title></html>', true],
    [500, '', true],
    [500, '{"message":"Internal server error"}', true],
    [500, '{"error":{}}', true],
    [500, said('upstream request timeout'), true],
    [500, said('Request timed out.'), true],
    [500, said('Connection error.'), true],
    [503, said('The engine is currently overloaded'), false],
    [501, said('no'), true],
    [502, said('Provider returned error'), true],
    [504, said('no'), true],
    [522, said('no'), true],
    [524, said('no'), true],
  ])('%d with %s -> may have been billed: %s', (status, body, billed) => {
    expect(refuse('other', status, body).mayHaveBeenBilled).toBe(billed);
  });

  test('503 that handed the request on -> may have been billed', () => {
    expect(refuse('other', 503, 'upstream connect error or disconnect/reset before headers').mayHaveBeenBilled).toBe(true);
    expect(refuse('other', 503, 'no healthy upstream').mayHaveBeenBilled).toBe(false);
  });

  test('503 with Retry-After -> the wait', () => {
    expect(refuse('openrouter', 503, said('x'), { 'retry-after': '30' }).retryAfterMs).toBe(30_000);
  });

  test('Retry-After as a date -> from the clock of the server, as far as it tells; the quota of a day likewise', () => {
    const date = (ms: number) => new Date(ms).toUTCString();
    const skewed = NOW - 3 * HOUR;
    const headers = { date: date(skewed), 'retry-after': date(skewed + 20_000) };
    expect(refuse('openai', 429, said('x'), headers).retryAfterMs).toBe(20_000);
    expect(refuse('openai', 429, said('x'), { 'retry-after': date(NOW + 20_000) }).retryAfterMs).toBe(20_000);
    expect(refuse('gemini', 429, said('quota per day'), { date: date(skewed) }).retryAfterMs).toBe(23 * HOUR);
  });

  test('500 with Retry-After -> the wait', () => {
    expect(refuse('openai', 500, said('x'), { 'retry-after-ms': '250' }).retryAfterMs).toBe(250);
  });

  test.each([
    ['connect', false, null, 'transport E_CALL_CONNECT free'],
    ['timeout', true, null, 'transport E_CALL_TIMEOUT billed?'],
    ['timeout', false, null, 'transport E_CALL_TIMEOUT free'],
    ['abort', true, null, 'cancelled E_CANCELLED billed?'],
    ['abort', false, null, 'cancelled E_CANCELLED free'],
    ['reset', true, null, 'transport E_CALL_RESET billed?'],
    ['cut', true, 200, 'transport E_CALL_BODY billed?'],
    ['too-big', true, 200, 'transport E_CALL_BODY billed?'],
    ['cut', true, 401, 'key E_KEY_REFUSED free'],
    ['too-big', true, 502, 'transport E_PROVIDER_ERROR billed?'],
  ] as const)('%s, sent %s, status %s -> %s', (kind, sent, status, verdict) => {
    const result = classifyFault(
      { family: 'other', answers: ANSWERS, now: NOW, secrets: [] },
      { kind, sent, reason: 'X', status, headers: {} },
    );
    expect(`${result.class} ${result.code} ${result.mayHaveBeenBilled ? 'billed?' : 'free'}`).toBe(verdict);
  });

  test.each([
    ['ENOTFOUND', 'no connection to api.example.com:8443: the name is not known (ENOTFOUND)'],
    ['ECONNREFUSED', 'no connection to api.example.com:8443: nothing accepts connections there (ECONNREFUSED)'],
    ['CERT_HAS_EXPIRED', 'no connection to api.example.com:8443: its certificate has expired (CERT_HAS_EXPIRED)'],
    [
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'no connection to api.example.com:8443: the TLS handshake failed (ERR_SSL_WRONG_VERSION_NUMBER)',
    ],
    ['EODD', 'no connection to api.example.com:8443 (EODD)'],
    ['', 'no connection to api.example.com:8443'],
  ])('no connection, %s -> host and cause in words, nothing else of the address', (reason, message) => {
    const address = 'https://me:hidden-word@api.example.com:8443/v1?key=other-word';
    const fault = { kind: 'connect', sent: false, reason, status: null, headers: {} } as const;
    expect(classifyFault({ family: 'other', answers: ANSWERS, now: NOW, secrets: [], address }, fault).message).toBe(message);
    expect(classifyFault({ family: 'other', answers: ANSWERS, now: NOW, secrets: [] }, fault).message).toBe(
      message.replace(/ to [^ ]*?(?=:? |$)/, ''),
    );
  });

  test('a request that cannot be built -> request', () => {
    const fault = { kind: 'connect', sent: false, reason: 'UND_ERR_INVALID_ARG', status: null, headers: {} } as const;
    expect(classifyFault({ family: 'other', answers: ANSWERS, now: NOW, secrets: [] }, fault)).toMatchObject({
      class: 'request',
      mayHaveBeenBilled: false,
    });
  });

  test.each(['EMFILE', 'ENFILE'])('no descriptor for a connection (%s) -> local, free, names ulimit and workers', (reason) => {
    const fault = { kind: 'connect', sent: false, reason, status: null, headers: {} } as const;
    const result = classifyFault({ family: 'other', answers: ANSWERS, now: NOW, secrets: [] }, fault);
    expect(result).toMatchObject({ class: 'local', code: 'E_TOO_MANY_FILES', mayHaveBeenBilled: false });
    expect(result.message).toMatch(/ulimit -n.*workers/);
  });

  test('an unexpected error -> may have been billed, its text redacted', () => {
    const result = classifyUnexpected(
      { family: 'other', answers: ANSWERS, now: NOW, secrets: ['secret-value'] },
      new TypeError('bad secret-value'),
    );
    expect(result).toMatchObject({ code: 'E_CALL_UNEXPECTED', mayHaveBeenBilled: true, message: 'TypeError: bad [redacted]' });
  });
});

describe('errors in the body of a 200', () => {
  const inBody = (fields: Record<string, unknown>, begun = false) =>
    classifyBodyError({ family: 'openrouter', answers: ANSWERS, now: NOW, secrets: [] }, 200, fields, begun);

  test.each([
    [{ code: 'rate_limit_exceeded', message: 'x' }, 'rate'],
    [{ type: 'overloaded_error', message: 'x' }, 'overload'],
    [{ code: 'invalid_api_key', message: 'x' }, 'key'],
    [{ type: 'permission_error', message: 'x' }, 'row'],
    [{ code: 'model_not_found', message: 'x' }, 'request'],
    [{ code: 'context_length_exceeded', message: 'x' }, 'row'],
    [{ code: 402, message: 'x' }, 'billing'],
    [{ code: '503', message: 'x' }, 'overload'],
    [{ message: 'x' }, 'transport'],
    [{ code: 7, message: 'x' }, 'transport'],
  ])('%j -> %s', (fields, kind) => {
    expect(inBody(fields).class).toBe(kind);
  });

  test('a hint beside it -> the wait', () => {
    expect(inBody({ code: 429, message: 'Please try again in 2s' }).retryAfterMs).toBe(2_000);
  });

  test('a 500 in the body of a success -> the success was begun, it may have been billed', () => {
    expect(inBody({ code: 500, message: 'x' }).mayHaveBeenBilled).toBe(true);
  });

  test('within a choice -> may have been billed', () => {
    expect(inBody({ code: 429, message: 'x' }).mayHaveBeenBilled).toBe(false);
    expect(inBody({ code: 429, message: 'x' }, true).mayHaveBeenBilled).toBe(true);
  });
});

describe('readError', () => {
  test.each([
    [
      '{"error":{"message":"a","code":"b","type":"c","param":"d"}}',
      { message: 'a', words: ['b', 'c'], params: ['d'], shape: 'json' },
    ],
    ['{"error":"a"}', { message: 'a', words: [] }],
    ['[{"error":{"message":"a","status":"B"}}]', { message: 'a', words: ['b'] }],
    ['{"object":"error","message":"a","type":"b","code":"3051"}', { message: 'a', words: ['3051', 'b'], status: null }],
    ['{"detail":"a"}', { message: 'a' }],
    ['{"message":"a"}', { message: 'a' }],
    ['{"errors":[{"message":"a"}]}', { message: 'a' }],
    ['{"error":{}}', { message: '{"error":{}}' }],
    ['{"x":1}', { message: '{"x":1}', shape: 'json' }],
    ['plain words', { message: 'plain words', shape: 'text' }],
    ['<html><title>T</title></html>', { message: 'T', shape: 'html' }],
    [' \n ', { message: '', shape: 'empty' }],
    ['[]', { shape: 'json' }],
    ['null', { shape: 'json' }],
    ['"text"', { shape: 'json' }],
  ])('%s', (body, facts) => {
    expect(readError(body, completionIn(body).value)).toMatchObject(facts);
  });
});

describe('familyOf', () => {
  test.each([
    ['openai', 'http://127.0.0.1:1/v1', 'openai'],
    ['gemini', 'http://127.0.0.1:1/v1', 'gemini'],
    ['google', 'http://127.0.0.1:1/v1', 'gemini'],
    ['GROQ', 'http://127.0.0.1:1/v1', 'groq'],
    ['api.deepseek.com', 'https://api.deepseek.com', 'deepseek'],
    ['api.together.ai', 'https://api.together.ai/v1', 'together'],
    ['api.anthropic.com', 'https://api.anthropic.com/v1', 'anthropic'],
    ['generativelanguage.googleapis.com', 'https://generativelanguage.googleapis.com/v1beta/openai', 'gemini'],
    ['127.0.0.1', 'http://127.0.0.1:8000/v1', 'other'],
    ['sim', 'http://127.0.0.1:9/v1', 'other'],
    ['ollama', 'http://localhost:11434/v1', 'other'],
    ['x', 'not a url', 'other'],
  ])('%s at %s -> %s', (provider, base, family) => {
    expect(familyOf(provider, base)).toBe(family);
  });
});
