/** Money: paid in and used up, a limit that somebody set, or held for a moment. Through any base. */
import { anthropic, type Cell, google, openai, retryIn } from './cell.js';

const PREPAID = 'billing E_BILLING money/prepaid -> key';
const LIMIT = 'billing E_BILLING money/limit -> key';
const WINDOW = 'rate E_RATE_LIMITED money/window';
const QUOTA = 'You exceeded your current quota, please check your plan and billing details.';

export const MONEY_CELLS: readonly Cell[] = [
  // OpenAI's four codes; the type may say insufficient_quota beside each.
  {
    from: 'developersdigest.tech/errors/api/openai-api/429-credit-balance-exhausted',
    by: 'openai',
    status: 429,
    body: openai(QUOTA, { type: 'insufficient_quota', code: 'credit_balance_exhausted' }),
    is: PREPAID,
  },
  {
    from: 'help.openai.com/en/articles/5955604',
    by: 'openai',
    status: 429,
    headers: { 'retry-after': '5' },
    body: openai('Your organization reached its usage limit.', {
      type: 'insufficient_quota',
      code: 'organization_usage_limit_exceeded',
    }),
    is: LIMIT,
  },
  {
    from: 'help.openai.com/en/articles/5955604',
    by: 'openai',
    status: 429,
    body: openai('Your organization reached its spend limit.', { code: 'organization_spend_limit_exceeded' }),
    is: LIMIT,
  },
  {
    from: 'help.openai.com/en/articles/5955604',
    by: 'openai',
    status: 429,
    body: openai('This project reached its spend limit.', { code: 'project_spend_limit_exceeded' }),
    is: LIMIT,
  },
  {
    from: 'github.com/openai/openai-cookbook/issues/844',
    by: 'openai',
    status: 429,
    body: openai(QUOTA, { type: 'insufficient_quota', code: 'insufficient_quota' }),
    is: PREPAID,
  },
  // Anthropic: the account's own limit comes with 400, the spend cap with a 429 that names no wait.
  {
    from: 'github.com/anthropics/claude-code/issues/38035',
    by: 'anthropic',
    status: 400,
    body: anthropic(
      'invalid_request_error',
      'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
    ),
    is: LIMIT,
  },
  {
    from: 'platform.claude.com/docs/en/api/rate-limits',
    by: 'anthropic',
    status: 429,
    body: anthropic('rate_limit_error', 'Your organization has reached its monthly spend limit.'),
    is: LIMIT,
  },
  {
    from: 'platform.claude.com/docs/en/api/errors',
    by: 'anthropic',
    status: 400,
    body: anthropic(
      'invalid_request_error',
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
    ),
    is: PREPAID,
  },
  {
    from: 'platform.claude.com/docs/en/api/errors',
    by: 'anthropic',
    status: 402,
    body: anthropic('billing_error', 'Billing.'),
    is: PREPAID,
  },
  {
    from: 'platform.claude.com/docs/en/api/rate-limits',
    by: 'anthropic',
    status: 429,
    body: '{"type":"error","error":{"type":"rate_limit_error","message":"x","code":"enforced_spend_limit_reached"}}',
    is: LIMIT,
  },
  // The same by way of a proxy that nobody knows, in the text of its own error.
  {
    from: 'a LiteLLM proxy, as in github.com/BitterSecurity/Decepticon/issues/107',
    by: 'other',
    status: 400,
    body: openai(
      `litellm.BadRequestError: AnthropicException - ${anthropic('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.')}`,
      { type: null, code: '400' },
    ),
    is: PREPAID,
  },
  {
    from: 'github.com/BerriAI/litellm/issues/14144',
    by: 'other',
    status: 400,
    body: openai('Budget has been exceeded! Current cost: 14.1, Max budget: 10.0', { type: 'budget_exceeded', code: '400' }),
    is: LIMIT,
  },
  // Gemini: prepaid, the cap of the account, and a limit of ten minutes that passes.
  {
    from: 'github.com/JeffOtano/roni/pull/125',
    by: 'gemini',
    status: 429,
    body: google(429, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted. Please go to AI Studio to add some.'),
    is: PREPAID,
  },
  {
    from: 'ai.google.dev/gemini-api/docs/rate-limits',
    by: 'gemini',
    status: 429,
    body: google(429, 'RESOURCE_EXHAUSTED', 'Your project has exceeded its monthly spending cap.'),
    is: LIMIT,
  },
  {
    from: 'ai.google.dev/gemini-api/docs/rate-limits',
    by: 'gemini',
    status: 429,
    body: google(429, 'RESOURCE_EXHAUSTED', 'Spend of this project in the last 10 minutes is above its limit.', [
      retryIn('120s'),
    ]),
    is: WINDOW,
    wait: 120_000,
  },
  {
    from: 'ai.google.dev/gemini-api/docs/troubleshooting',
    by: 'gemini',
    status: 400,
    body: google(
      400,
      'FAILED_PRECONDITION',
      'Gemini API free tier is not available in your country. Please enable billing on your project in Google AI Studio.',
    ),
    is: PREPAID,
  },
  // OpenRouter's 402s: used up, and held for calls in flight.
  {
    from: 'github.com/Gitlawb/openclaude/issues/1125',
    by: 'openrouter',
    status: 402,
    body: openai(
      'This request requires more credits, or fewer max_tokens. You requested up to 32000 tokens, but can only afford 27342.',
      {
        code: 402,
      },
    ),
    is: PREPAID,
  },
  {
    from: 'github.com/aiosbrain/aios-team-brain/pull/658',
    by: 'openrouter',
    status: 402,
    headers: { 'retry-after': '9' },
    body: JSON.stringify({
      error: {
        code: 402,
        message: 'This request would exceed your available credits given your current in-flight requests.',
        metadata: { reason: 'in_flight_budget_exhausted' },
      },
    }),
    is: WINDOW,
    wait: 9_000,
  },
  {
    from: 'the same, at a base that nobody knows',
    by: 'https://gateway.example.com/v1',
    status: 402,
    body: JSON.stringify({ error: { code: 402, message: 'x', metadata: { limit_source: 'openrouter_in_flight_budget' } } }),
    is: WINDOW,
  },
  {
    from: 'openrouter.ai/docs/api/reference/errors-and-debugging',
    by: 'openrouter',
    status: 402,
    headers: { 'retry-after': '9' },
    body: JSON.stringify({ error: { code: 402, message: 'x', metadata: { reason: 'weight_exceeds_budget' } } }),
    is: LIMIT,
  },
  {
    from: 'github.com/NousResearch/hermes-agent/issues/107166',
    by: 'openrouter',
    status: 403,
    body: openai('Budget limit exceeded (monthly limit). Manage it in your settings.', { code: 403 }),
    is: LIMIT,
  },
  {
    from: 'openrouter.ai/docs/api/reference/errors-and-debugging',
    by: 'openrouter',
    status: 403,
    body: openai('Key limit exceeded (total limit)', { code: 403 }),
    is: LIMIT,
  },
  {
    from: 'openrouter.ai/docs/api/reference/errors-and-debugging: it names a wait',
    by: 'openrouter',
    status: 402,
    headers: { 'retry-after': '4' },
    body: openai('busy', { code: 402 }),
    is: WINDOW,
    wait: 4_000,
  },
];
