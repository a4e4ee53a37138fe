/** Limits of requests, tokens, days and calls at once. */
import { anthropic, type Cell, google, openai, quota, retryIn } from './cell.js';

const TOKENS = 'rate E_RATE_LIMITED rate/tokens';
const REQUESTS = 'rate E_RATE_LIMITED rate/requests';
const AT_ONCE = 'rate E_RATE_LIMITED rate/concurrency';
const RATE = 'rate E_RATE_LIMITED rate';
const DAY = 'reset E_QUOTA_DAILY rate/day';
const NO_ROOM = 'overload E_OVERLOADED overload';
const HOUR = 3_600_000;

export const LIMIT_CELLS: readonly Cell[] = [
  {
    from: 'platform.openai.com/docs/guides/rate-limits',
    by: 'openai',
    status: 429,
    headers: { 'retry-after-ms': '250', 'retry-after': '1' },
    body: openai(
      'Rate limit reached for m on tokens per min (TPM): Limit 30000, Used 29900, Requested 1200. Please try again in 2.2s.',
      {
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    ),
    is: TOKENS,
    wait: 250,
  },
  {
    from: 'developers.openai.com, slow_down',
    by: 'openai',
    status: 429,
    body: openai('Please slow down.', { type: 'requests', code: 'slow_down' }),
    is: RATE,
  },
  {
    from: 'community.openai.com/t/1201052',
    by: 'openai',
    status: 429,
    body: openai('Rate limit reached for m on requests per day (RPD): Limit 200. Please try again in 7m12s.', {
      code: 'rate_limit_exceeded',
    }),
    is: DAY,
    wait: 432_000,
  },
  {
    from: 'github.com/Trae-AI/TRAE/issues/625',
    by: 'anthropic',
    status: 429,
    headers: { 'retry-after': '12' },
    body: anthropic(
      'rate_limit_error',
      'This request would exceed the rate limit for your organization of 20,000 input tokens per minute.',
    ),
    is: TOKENS,
    wait: 12_000,
  },
  {
    from: 'github.com/cline/cline/issues/4351',
    by: 'anthropic',
    status: 429,
    body: anthropic('rate_limit_error', 'Number of concurrent connections has exceeded your rate limit. Please try again later.'),
    is: AT_ONCE,
  },
  {
    from: 'github.com/browserbase/mcp-server-browserbase/issues/129',
    by: 'gemini',
    status: 429,
    body: `[${google(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.', [
      quota('GenerateRequestsPerMinutePerProjectPerModel', '1000'),
      retryIn('39s'),
    ])}]`,
    is: REQUESTS,
    wait: 39_000,
  },
  {
    from: 'github.com/diegosouzapw/OmniRoute/issues/9504',
    by: 'gemini',
    status: 429,
    body: google(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.', [
      quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier', '20'),
      retryIn('36s'),
    ]),
    is: DAY,
    // 12:00 UTC in November is 04:00 in Los Angeles.
    wait: 20 * HOUR,
  },
  {
    from: 'the same behind a gateway, as the text of its error: github.com/voideditor/void/issues/557',
    by: 'other',
    status: 429,
    body: openai(
      google(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.', [
        quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier', '25'),
      ]),
      { code: 429 },
    ),
    is: DAY,
    wait: 20 * HOUR,
  },
  {
    from: 'github.com/continuedev/continue/issues/12749: none of this model in the free tier',
    by: 'gemini',
    status: 429,
    body: google(
      429,
      'RESOURCE_EXHAUSTED',
      'You exceeded your current quota.\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: gemini-3.1-pro\nPlease retry in 59.95s.',
    ),
    is: 'key E_PERMISSION permission -> model',
  },
  {
    from: 'console.groq.com/docs/rate-limits',
    by: 'groq',
    status: 429,
    body: openai('Rate limit reached for model `m` on tokens per minute (TPM): Limit 6000. Please try again in 7.5s.', {
      type: 'tokens',
      code: 'rate_limit_exceeded',
    }),
    is: TOKENS,
    wait: 7_500,
  },
  {
    from: 'console.groq.com/docs/rate-limits',
    by: 'groq',
    status: 429,
    body: openai('Rate limit reached on tokens per day (TPD): Limit 100000. Please try again in 1h2m3s.', {
      code: 'rate_limit_exceeded',
    }),
    is: DAY,
    wait: 3_723_000,
  },
  {
    from: 'github.com/zeeyado/koassistant.koplugin/issues/106',
    by: 'groq',
    status: 413,
    body: openai(
      'Request too large for model `m` on tokens per minute (TPM): Limit 8000, Requested 20449, please reduce your message size.',
      {
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    ),
    is: 'row E_ROW_OVER_LIMIT row',
  },
  {
    from: 'github.com/vanderschaarlab/climb/issues/1: OpenAI says the same with 429',
    by: 'openai',
    status: 429,
    body: openai(
      'Request too large for m in organization org-1 on tokens per min (TPM): Limit 30000, Requested 30601. The input or output tokens must be reduced in order to run successfully.',
      { type: 'tokens', code: 'rate_limit_exceeded' },
    ),
    is: 'row E_ROW_OVER_LIMIT row',
  },
  {
    from: 'api-docs.deepseek.com/quick_start/rate_limit: calls at once',
    by: 'deepseek',
    status: 429,
    body: openai('Rate limit reached', { type: 'rate_limit_error' }),
    is: 'overload E_CONCURRENCY_LIMITED rate/concurrency',
  },
  {
    from: 'github.com/LLM-Red-Team/kimi-cc/issues/16',
    by: 'https://api.moonshot.cn/v1',
    status: 429,
    body: openai('Your account org-1 request reached max organization concurrency: 1, please try again after 1 seconds', {
      type: 'rate_limit_reached_error',
    }),
    is: AT_ONCE,
    wait: 1_000,
  },
  {
    from: 'github.com/raycast/extensions/issues/31107',
    by: 'mistral',
    status: 429,
    body: '{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}',
    is: RATE,
  },
  {
    from: 'docs.mistral.ai, error glossary',
    by: 'mistral',
    status: 429,
    body: '{"message":"Requests rate limit exceeded"}',
    is: REQUESTS,
  },
  {
    from: 'docs.together.ai/docs/rate-limits: above your own limit',
    by: 'together',
    status: 429,
    headers: { 'x-ratelimit-reset': '2' },
    body: openai('Request was rejected due to request rate limiting. Your rate limits are 60 RPM.', { type: 'credit_or_rate' }),
    is: REQUESTS,
  },
  {
    from: 'docs.together.ai/docs/rate-limits: within it, but no capacity',
    by: 'together',
    status: 503,
    body: openai('The server is currently overloaded with other requests.', { type: 'service_unavailable' }),
    is: NO_ROOM,
  },
  {
    from: 'github.com/alex-wolf-ps/dbchatprov2/issues/2',
    by: 'https://name.openai.azure.com/openai/v1',
    status: 429,
    headers: { 'retry-after': '60' },
    body: '{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 60 seconds."}}',
    is: TOKENS,
    wait: 60_000,
  },
  {
    from: 'github.com/langchain-ai/langchain/issues/12986',
    by: 'https://name.openai.azure.com/openai/v1',
    status: 429,
    body: '{"error":{"code":"429","message":"Requests to the operation have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 9 seconds."}}',
    is: REQUESTS,
    wait: 9_000,
  },
  {
    from: 'github.com/aws-samples/amazon-bedrock-client-for-mac/issues/99',
    by: 'https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1',
    status: 429,
    body: '{"message":"Too many tokens, please wait before trying again."}',
    is: TOKENS,
  },
  {
    from: 'github.com/minorun365/agent-book/issues/29',
    by: 'https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1',
    status: 429,
    body: '{"__type":"com.amazon.coral.service#ThrottlingException","message":"Too many tokens per day, please wait before trying again."}',
    is: DAY,
    wait: 12 * HOUR,
  },
];
