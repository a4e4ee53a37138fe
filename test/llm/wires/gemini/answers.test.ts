import { describe, expect, test } from 'vitest';
import { answerText } from '../../../../src/core/conversation/message.js';
import { answer, geminiServer } from './gemini-calls.js';

const gemini = geminiServer();
const PROMPT = 'two and two?';

describe('answers', () => {
  test('call: a plain answer -> text, finish, usage, served model', async () => {
    expect(await gemini.reply(answer())).toEqual({
      ok: true,
      answer: 'four',
      finish: 'stop',
      rawFinish: 'STOP',
      servedModel: 'served-1',
      usage: { input: 11, cached: 0, output: 3, reasoning: 0 },
      requestId: 'r-1',
      told: null,
    });
  });

  test('call: no model named -> the asked one; named as a resource -> its name', async () => {
    expect(await gemini.reply(answer(undefined, { modelVersion: undefined }))).toMatchObject({ servedModel: 'gemini-3.5-flash' });
    expect(await gemini.reply(answer(undefined, { modelVersion: 'models/gemini-x' }))).toMatchObject({ servedModel: 'gemini-x' });
  });

  const CALL = { functionCall: { name: 'look', args: {} } };
  test.each([
    ['STOP', [{ text: 'four' }], 'stop', 'four'],
    ['STOP', [CALL], 'tool', ''],
    ['STOP', [{ text: 'let me look' }, CALL], 'tool', 'let me look'],
    ['FUNCTION_CALL', [CALL], 'tool', ''],
    ['MAX_TOKENS', [{ text: 'fo' }], 'length', 'fo'],
    ['MAX_TOKENS', null, 'length', ''],
    ['MAX_TOKENS', [{ text: 'hm', thought: true }], 'length', ''],
    ['MAX_TOKENS', [CALL], 'length', ''],
    ['SAFETY', null, 'filter', ''],
    ['SAFETY', [{ text: 'fo' }], 'filter', 'fo'],
    ['RECITATION', null, 'filter', ''],
    ['BLOCKLIST', null, 'filter', ''],
    ['PROHIBITED_CONTENT', null, 'filter', ''],
    ['SPII', null, 'filter', ''],
    ['MODEL_ARMOR', null, 'filter', ''],
    ['IMAGE_SAFETY', null, 'filter', ''],
    ['safety', null, 'filter', ''],
    ['PAUSED_FOR_TEA', [{ text: 'four' }], 'unknown', 'four'],
    ['PAUSED_FOR_TEA', [CALL], 'unknown', ''],
    ['FINISH_REASON_UNSPECIFIED', [{ text: 'four' }], 'unknown', 'four'],
    [null, [{ text: 'four' }], 'unknown', 'four'],
  ])('call: finishReason %j with %j -> %s', async (raw, parts, finish, text) => {
    const reply = await gemini.reply(answer(parts, {}, raw));
    expect(reply).toMatchObject({ finish, rawFinish: raw });
    expect(answerText(reply.answer)).toBe(text);
  });

  test.each([
    ['MALFORMED_FUNCTION_CALL', null],
    ['UNEXPECTED_TOOL_CALL', null],
    ['UNEXPECTED_TOOL_CALL', [CALL]],
    ['TOO_MANY_TOOL_CALLS', null],
    ['LANGUAGE', null],
    ['OTHER', [{ text: 'fo' }]],
  ])('call: finishReason %s with %j -> a fault of the provider, paid by its usage', async (raw, parts) => {
    expect(await gemini.failure(answer(parts, {}, raw))).toMatchObject({
      class: 'transport',
      code: 'E_PROVIDER_ERROR',
      message: `HTTP 200 with an error in the body: finishReason ${raw}`,
      mayHaveBeenBilled: true,
      metered: { servedModel: 'served-1', usage: { input: 11, output: 3 } },
    });
  });

  const counts = { usageMetadata: { promptTokenCount: 11, totalTokenCount: 11 } };
  test.each(['SAFETY', 'OTHER', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'IMAGE_SAFETY'])(
    'call: the prompt is blocked (%s), no candidate -> filtered, its prompt paid for',
    async (blockReason) => {
      const blocked = answer(undefined, { candidates: undefined, promptFeedback: { blockReason }, ...counts });
      expect(await gemini.reply(blocked)).toMatchObject({
        answer: '',
        finish: 'filter',
        rawFinish: blockReason,
        usage: { input: 11, cached: 0, output: 0, reasoning: 0 },
      });
    },
  );

  test.each([
    ['no candidates', answer(undefined, { candidates: [], ...counts }), 'no candidate in the answer'],
    ['no list of candidates', answer(undefined, { candidates: undefined, ...counts }), 'no candidate in the answer'],
    ['a candidate that is none', answer(undefined, { candidates: ['four'], ...counts }), 'no candidate in the answer'],
    [
      'a reason that is none',
      answer(undefined, { candidates: undefined, promptFeedback: { blockReason: 'BLOCK_REASON_UNSPECIFIED' }, ...counts }),
      'no candidate in the answer',
    ],
    ['no parts', answer([], counts), 'no text in the answer (finishReason STOP)'],
    ['no text', answer([{ text: '' }], counts), 'no text in the answer (finishReason STOP)'],
    ['nothing but thoughts', answer([{ text: 'hm', thought: true }], counts), 'no text in the answer (finishReason STOP)'],
    [
      'no content, and no ending',
      answer(undefined, { candidates: [{ index: 0 }], ...counts }),
      'no text in the answer (finishReason absent)',
    ],
  ])('call: %s -> empty, paid by its usage', async (_, body, what) => {
    const failure = { class: 'transport', code: 'E_CALL_EMPTY', message: `HTTP 200, ${what}`, mayHaveBeenBilled: true };
    expect(await gemini.failure(body)).toMatchObject({ ...failure, metered: { usage: { input: 11, output: 0 } } });
  });

  test('call: an empty object -> an answer without anything in it; other JSON -> no answer of this API', async () => {
    expect(await gemini.failure('{}')).toMatchObject({ code: 'E_CALL_EMPTY', message: 'HTTP 200, no candidate in the answer' });
    expect(await gemini.failure('{"ok":true}')).toMatchObject({
      code: 'E_CALL_BODY',
      suspect: 'address',
      message: 'HTTP 200, the body is not an answer of generateContent but other JSON: {"ok":true}',
    });
  });

  test.each([
    ['usage as a list', { usageMetadata: [] }],
    ['no usage', { usageMetadata: undefined }],
    ['usage of zeros beside text', { usageMetadata: { promptTokenCount: 0 } }],
  ])('call: %s -> the paid answer is kept, usage unknown', async (_, more) => {
    expect(await gemini.reply(answer(undefined, more))).toMatchObject({ answer: 'four', usage: null, servedModel: 'served-1' });
  });

  const candidate = (more: object) => ({
    candidates: [{ content: { parts: [{ text: 'four' }] }, finishReason: 'STOP', ...more }],
  });
  test.each([
    ['an id that is a number', { responseId: 17 }],
    ['a model that is a list', { modelVersion: ['served-1'], responseId: 'r-1' }],
    ['another role', candidate({ content: { role: 1, parts: [{ text: 'four' }] } })],
    ['one part that is no list', candidate({ content: { parts: { text: 'four' } } })],
    [
      'odd parts beside it',
      candidate({ content: { parts: [null, 7, 'x', { text: 3 }, { text: 'four' }, { functionCall: 'x' }] } }),
    ],
    [
      'pictures and code beside it',
      candidate({
        content: {
          parts: [{ executableCode: { code: '2+2' } }, { codeExecutionResult: {} }, { text: 'four' }, { inlineData: {} }],
        },
      }),
    ],
    ['texts in pieces', candidate({ content: { parts: [{ text: 'fo' }, { text: 'ur' }] } })],
    ['odd ratings', candidate({ safetyRatings: 'none', groundingMetadata: 3, citationMetadata: [] })],
    ['odd feedback', { promptFeedback: 'fine' }],
    ['an error beside a whole answer', { error: { message: 'too late' } }],
    ['fields of another API', { choices: [], object: 7 }],
  ])('call: %s -> the answer and its usage are kept', async (_, more) => {
    expect(await gemini.reply(answer(undefined, more))).toMatchObject({
      answer: 'four',
      finish: 'stop',
      usage: { input: 11, output: 3 },
    });
  });

  test('call: arguments nested deeper than can be written -> the call without them', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const body = JSON.stringify(answer([{ functionCall: { name: 'look', args: 'DEEP' } }])).replace('"DEEP"', deep);
    const call = { type: 'tool-call', name: 'look', input: '{}' };
    expect((await gemini.reply(body)).answer).toMatchObject([call]);
    expect((await gemini.reply(body + body)).answer).toMatchObject([call, call]);
  });

  test('call: __proto__ in the answer -> data only', async () => {
    const body = JSON.stringify(answer()).replace('"responseId"', '"__proto__":{"polluted":1},"responseId"');
    expect((await gemini.reply(body)).answer).toBe('four');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('bodies that nobody asked for', () => {
  const piece = (parts: unknown[], more: object = {}, finish?: string) => ({
    candidates: [{ content: { parts, role: 'model' }, ...(finish === undefined ? {} : { finishReason: finish }), index: 0 }],
    usageMetadata: { promptTokenCount: 11, totalTokenCount: 11 },
    modelVersion: 'served-1',
    responseId: 'r-1',
    ...more,
  });
  const last = { usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 3, totalTokenCount: 14 } };
  const PIECES = [piece([{ text: 'fo' }]), piece([{ text: 'ur' }], last, 'STOP')];
  const events = (pieces: readonly unknown[]) => pieces.map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`).join('');
  test.each([
    ['event stream', events(PIECES)],
    ['event of a whole answer', events([answer()])],
    ['list of pieces', JSON.stringify(PIECES)],
    ['list of one answer', JSON.stringify([answer()])],
    ['object a line', PIECES.map((one) => `${JSON.stringify(one)}\n`).join('')],
    ['JSON and something after it', `${JSON.stringify(answer())}\n<!-- served by x -->`],
    ['JSON twice', JSON.stringify(answer()).repeat(2)],
    ['JSON after blank lines', `\n\n ${JSON.stringify(answer())}`],
  ])('call: %s -> read whole', async (_, body) => {
    expect(await gemini.reply(body)).toMatchObject({
      answer: 'four',
      finish: 'stop',
      rawFinish: 'STOP',
      servedModel: 'served-1',
      requestId: 'r-1',
      usage: { input: 11, cached: 0, output: 3, reasoning: 0 },
    });
  });

  test('call: pieces with thoughts, calls and a signature that comes last -> the parts in their order', async () => {
    const pieces = [
      piece([{ text: 'h', thought: true }]),
      piece([{ text: 'm', thought: true }]),
      piece([{ text: 'fo' }]),
      piece([{ text: 'ur' }]),
      piece([{ text: '', thoughtSignature: 'c2ln' }], last, 'STOP'),
    ];
    expect((await gemini.reply(events(pieces))).answer).toEqual([
      { type: 'reasoning', text: 'hm', providerData: { google: {} } },
      { type: 'text', text: 'four', providerData: { google: { thoughtSignature: 'c2ln' } } },
    ]);
  });

  test('call: a stream of a blocked prompt -> filtered', async () => {
    expect(
      await gemini.reply(events([{ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 11 } }])),
    ).toMatchObject({
      finish: 'filter',
      usage: { input: 11, output: 0 },
    });
  });

  test.each([
    ['without its ending', events(PIECES.slice(0, 1))],
    [
      'in lines, without its ending',
      PIECES.slice(0, 1)
        .concat(piece([{ text: 'u' }]))
        .map((one) => JSON.stringify(one))
        .join('\n'),
    ],
    ['in the middle of a piece', `data: ${JSON.stringify(PIECES[0]).slice(0, 30)}`],
  ])('call: a stream %s -> cut, perhaps paid', async (_, body) => {
    expect(await gemini.failure(body)).toMatchObject({
      code: 'E_CALL_BODY',
      mayHaveBeenBilled: true,
      message: 'HTTP 200, the answer was cut: an event stream that ends too early',
    });
  });

  test.each([
    [
      'a page',
      '<!doctype html><html><head><title>Sign in</title></head></html>',
      /not an answer of generateContent but a page: Sign in/,
    ],
    ['half of a JSON', JSON.stringify(answer()).slice(0, 60), /not an answer of generateContent: /],
    ['nothing', '', /the body is empty/],
    ['a list of nothing', '[]', /but other JSON: \[\]/],
    ['an answer of another API', '{"choices":[{"message":{"content":"four"}}]}', /but other JSON/],
  ])('call: %s -> no answer of this API', async (_, body, message) => {
    expect(await gemini.failure(body)).toMatchObject({
      class: 'transport',
      code: 'E_CALL_BODY',
      mayHaveBeenBilled: true,
      message: expect.stringMatching(message),
    });
  });
});

describe('errors', () => {
  const error = (code: number, status: string, message: string, details: object[] = []) => ({
    error: { code, status, message, details },
  });
  const RETRY = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '39s' };
  const quota = (quotaId: string) => ({
    '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
    violations: [{ quotaId, quotaValue: '10' }],
  });
  const INVALID_KEY = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: 'API_KEY_INVALID',
    domain: 'googleapis.com',
  };

  test.each([
    [
      429,
      error(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.', [
        quota('GenerateRequestsPerMinutePerProjectPerModel'),
        RETRY,
      ]),
      { class: 'rate', retryAfterMs: 39_000 },
    ],
    [
      429,
      [error(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.', [RETRY])],
      { class: 'rate', retryAfterMs: 39_000 },
    ],
    [
      429,
      error(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.', [
        quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'),
        RETRY,
      ]),
      { class: 'reset', code: 'E_QUOTA_DAILY' },
    ],
    [
      400,
      error(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [INVALID_KEY]),
      { class: 'key', code: 'E_KEY_REFUSED' },
    ],
    [403, error(403, 'PERMISSION_DENIED', 'You may not use this model.'), { class: 'key', code: 'E_PERMISSION' }],
    [
      404,
      error(404, 'NOT_FOUND', 'models/x is not found for API version v1beta, or is not supported for generateContent.'),
      { class: 'request', code: 'E_MODEL_UNKNOWN' },
    ],
    [
      400,
      error(400, 'INVALID_ARGUMENT', 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'),
      { class: 'row', code: 'E_ROW_TOO_LONG' },
    ],
    [
      500,
      error(500, 'INTERNAL', 'An internal error has occurred.'),
      { class: 'transport', code: 'E_PROVIDER_ERROR', mayHaveBeenBilled: false },
    ],
    [
      503,
      error(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'),
      { class: 'overload', code: 'E_OVERLOADED' },
    ],
  ])('call: HTTP %i %j -> the table of refusals', async (status, body, expected) => {
    const failure = await gemini.failure(body, status);
    expect(failure).toMatchObject(expected);
    expect(JSON.stringify(failure)).not.toContain(PROMPT);
    expect(gemini.server().received).toHaveLength(1);
  });

  test.each([
    ['alone', error(503, 'UNAVAILABLE', 'The model is overloaded.'), { class: 'overload', mayHaveBeenBilled: false }],
    [
      'beside counts',
      { ...error(503, 'UNAVAILABLE', 'The model is overloaded.'), usageMetadata: { promptTokenCount: 11, totalTokenCount: 11 } },
      { class: 'overload', mayHaveBeenBilled: true },
    ],
    ['in a list', [error(429, 'RESOURCE_EXHAUSTED', 'Quota.', [RETRY])], { class: 'rate', retryAfterMs: 39_000 }],
    ['by its word alone', { error: { status: 'UNAUTHENTICATED', message: 'no' } }, { class: 'key' }],
    ['as a text', { error: 'upstream failed' }, { class: 'transport', code: 'E_PROVIDER_ERROR', suspect: 'address' }],
  ])('call: an error in a success, %s -> as if it were refused so', async (_, body, expected) => {
    expect(await gemini.failure(body)).toMatchObject({ ok: false, status: 200, ...expected });
  });

  test('call: an error in mid stream -> the answer is lost; what it took is not known, for the counts are those of its beginning', async () => {
    const begun = {
      candidates: [{ content: { parts: [{ text: 'fo' }] } }],
      usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 1 },
    };
    const body = `data: ${JSON.stringify(begun)}\n\ndata: ${JSON.stringify(error(503, 'UNAVAILABLE', 'overloaded'))}\n\n`;
    const failure = await gemini.failure(body);
    expect(failure).toMatchObject({ class: 'overload', mayHaveBeenBilled: true });
    expect(failure).not.toHaveProperty('metered');
  });
});
