/** What one row has alone, and what lies between us and the provider: pages, plain text, cut bodies. */
import { anthropic, type Cell, google, openai } from './cell.js';

const TOO_LONG = 'row E_ROW_TOO_LONG row';
const FILTERED = 'row E_ROW_FILTERED row';
const PASSING = 'transport E_PROVIDER_ERROR -';
const PAGE = 'transport E_CALL_BODY -';
const page = (title: string) =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body><center><h1>${title}</h1></center></body>\r\n</html>`;

export const ROW_CELLS: readonly Cell[] = [
  {
    from: 'platform.openai.com',
    by: 'openai',
    status: 400,
    body: openai("This model's maximum context length is 128000 tokens.", { code: 'context_length_exceeded', param: 'messages' }),
    is: TOO_LONG,
  },
  {
    from: 'platform.claude.com',
    by: 'anthropic',
    status: 400,
    body: anthropic('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'),
    is: TOO_LONG,
  },
  {
    from: 'github.com/anthropics/claude-code/issues/29584: a 429 that no wait ends',
    by: 'anthropic',
    status: 429,
    body: anthropic('rate_limit_error', 'Extra usage is required for long context requests.'),
    is: TOO_LONG,
  },
  {
    from: 'github.com/google-gemini/gemini-cli/issues/4692',
    by: 'gemini',
    status: 400,
    body: google(
      400,
      'INVALID_ARGUMENT',
      'The input token count (2845475) exceeds the maximum number of tokens allowed (1048576).',
    ),
    is: TOO_LONG,
  },
  {
    from: 'github.com/oobabooga/textgen/issues/7257',
    by: 'https://127.0.0.1:8080/v1',
    status: 400,
    body: '{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":14429,"n_ctx":8192}}',
    is: TOO_LONG,
  },
  {
    from: 'github.com/ggml-org/llama.cpp/issues/19774: the same with 500',
    by: 'https://127.0.0.1:8080/v1',
    status: 500,
    body: '{"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}',
    is: TOO_LONG,
  },
  {
    from: 'Ollama, truncate and shift off',
    by: 'https://localhost:11434',
    status: 400,
    body: '{"error":"prompt too long; exceeded max context length by 904 tokens"}',
    is: TOO_LONG,
  },
  {
    from: 'platform.claude.com: 32 MB',
    by: 'anthropic',
    status: 413,
    body: anthropic('request_too_large', 'Request exceeds the maximum size'),
    is: 'row E_ROW_TOO_BIG row',
  },
  { from: 'nginx', by: 'other', status: 413, body: page('413 Request Entity Too Large'), is: 'row E_ROW_TOO_BIG row' },
  {
    from: 'github.com/openai/openai-dotnet/issues/55',
    by: 'https://name.openai.azure.com/openai/v1',
    status: 400,
    body: JSON.stringify({
      error: {
        message: 'The response was filtered due to the prompt triggering a policy.',
        type: null,
        param: 'prompt',
        code: 'x',
        status: 400,
        innererror: {
          code: 'ResponsibleAIPolicyViolation',
          content_filter_result: { sexual: { filtered: true, severity: 'high' } },
        },
      },
    }),
    is: FILTERED,
  },
  {
    from: 'platform.openai.com, Responses',
    by: 'openai',
    status: 400,
    body: openai('Invalid prompt: your prompt was flagged as potentially violating our usage policy.', {
      code: 'invalid_prompt',
    }),
    is: FILTERED,
  },
  {
    from: 'platform.claude.com',
    by: 'anthropic',
    status: 400,
    body: anthropic('invalid_request_error', 'Output blocked by content filtering policy'),
    is: FILTERED,
  },
  { from: 'api-docs.deepseek.com', by: 'deepseek', status: 400, body: openai('Content Exists Risk'), is: FILTERED },
  {
    from: 'openrouter.ai/docs/api/reference/errors-and-debugging',
    by: 'openrouter',
    status: 403,
    body: JSON.stringify({
      error: { code: 403, message: 'Your input was refused', metadata: { reasons: ['violence'], flagged_input: 'x' } },
    }),
    is: FILTERED,
  },
  {
    from: 'github.com/UKGovernmentBEIS/inspect_ai/pull/2267',
    by: 'https://api.x.ai/v1',
    status: 403,
    body: '{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}',
    is: FILTERED,
  },
  {
    from: 'github.com/camel-ai/owl/issues/432',
    by: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
    status: 400,
    body: openai('Input data may contain inappropriate content.', {
      type: 'data_inspection_failed',
      code: 'data_inspection_failed',
    }),
    is: FILTERED,
  },
  {
    from: 'a bad row',
    by: 'openai',
    status: 400,
    body: openai('Invalid unicode in messages'),
    is: 'request E_REQUEST_REFUSED request',
  },

  // Between us and the provider.
  { from: 'nginx', by: 'other', status: 502, body: page('502 Bad Gateway'), is: PASSING },
  {
    from: 'AWS load balancer',
    by: 'other',
    status: 503,
    body: page('503 Service Temporarily Unavailable'),
    is: 'overload E_OVERLOADED overload',
  },
  { from: 'AWS API Gateway', by: 'other', status: 504, body: '{"message": "Endpoint request timed out"}', is: PASSING },
  { from: 'AWS API Gateway', by: 'other', status: 429, body: '{"message":"Too Many Requests"}', is: 'rate E_RATE_LIMITED rate' },
  {
    from: 'Cloudflare',
    by: 'other',
    status: 520,
    body: page('api.example.com | 520: Web server is returning an unknown error'),
    is: PASSING,
  },
  { from: 'Cloudflare', by: 'other', status: 524, body: 'error code: 524', is: PASSING },
  {
    from: 'Cloudflare, error 1015',
    by: 'other',
    status: 429,
    headers: { 'retry-after': '30' },
    body: page('You are being rate limited'),
    is: 'rate E_RATE_LIMITED rate',
    wait: 30_000,
  },
  { from: 'a firewall', by: 'other', status: 403, body: page('Just a moment...'), is: PAGE },
  { from: 'a page that speaks of money', by: 'other', status: 403, body: page('Insufficient balance? Pay here'), is: PAGE },
  {
    from: 'envoy',
    by: 'other',
    status: 503,
    body: 'upstream connect error or disconnect/reset before headers',
    is: 'overload E_OVERLOADED overload',
  },
  {
    from: 'Hugging Face, a model that fails',
    by: 'other',
    status: 424,
    body: '{"error":"Request failed during generation"}',
    is: PASSING,
  },
  {
    from: 'platform.openai.com',
    by: 'openai',
    status: 500,
    body: openai('The server had an error while processing your request.', { type: 'server_error' }),
    is: PASSING,
  },
  {
    from: 'ai.google.dev',
    by: 'gemini',
    status: 500,
    body: google(500, 'INTERNAL', 'An internal error has occurred.'),
    is: PASSING,
  },
  {
    from: 'ai.google.dev',
    by: 'gemini',
    status: 504,
    body: google(504, 'DEADLINE_EXCEEDED', 'The request timed out.'),
    is: PASSING,
  },
  {
    from: 'github.com/continuedev/continue/issues/9649',
    by: 'https://localhost:11434',
    status: 500,
    body: '{"error":"model requires more system memory (5.3 GiB) than is available (4.7 GiB)"}',
    is: PASSING,
  },
  { from: 'nothing at all', by: 'other', status: 500, body: '', is: PASSING },
  { from: 'a redirect', by: 'other', status: 307, body: '', is: 'request E_ENDPOINT request/address' },
];
