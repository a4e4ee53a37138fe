/** Money, in the words of other providers and of gateways; and what only speaks of it. */
import { anthropic, type Cell, google, openai, quota, retryIn } from './cell.js';

const PREPAID = 'billing E_BILLING money/prepaid -> key';
const LIMIT = 'billing E_BILLING money/limit -> key';
const QUOTA = 'You exceeded your current quota, please check your plan and billing details.';

export const MONEY_ELSEWHERE: readonly Cell[] = [
  // The upstream's own words inside a gateway's error.
  {
    from: 'github.com/anomalyco/opencode/issues/24462',
    by: 'other',
    status: 429,
    body: JSON.stringify({
      error: {
        message: 'Provider returned error',
        code: 429,
        metadata: { raw: openai('Your account org-1 is suspended due to insufficient balance, please recharge your account') },
      },
    }),
    is: PREPAID,
  },
  // One word for it at each of the others.
  {
    from: 'github.com/Aider-AI/aider/issues/4851',
    by: 'deepseek',
    status: 402,
    body: openai('Insufficient Balance', { type: 'unknown_error', code: 'invalid_request_error' }),
    is: PREPAID,
  },
  {
    from: 'github.com/expectedparrot/edsl/issues/2098',
    by: 'together',
    status: 402,
    body: openai('Credit limit exceeded. Please navigate to your settings to add credit or upgrade your plan.', {
      type: 'credit_limit',
    }),
    is: LIMIT,
  },
  {
    from: 'docs.mistral.ai/resources/error-glossary',
    by: 'mistral',
    status: 429,
    body: JSON.stringify({
      object: 'error',
      message: 'Monthly spending limit reached',
      type: 'rate_limited',
      param: null,
      code: '1301',
    }),
    is: LIMIT,
  },
  {
    from: 'github.com/continuedev/continue/issues/10373',
    by: 'https://api.x.ai/v1',
    status: 429,
    body: JSON.stringify({
      code: 'Some resource has been exhausted',
      error: 'Your team t-1 has either used all available credits or reached its monthly spending limit.',
    }),
    is: LIMIT,
  },
  {
    from: 'github.com/tetsuo-ai/agenc-core/pull/2483',
    by: 'https://api.x.ai/v1',
    status: 403,
    body: '{"code":"personal-team-blocked:spending-limit","error":"You have run out of credits or need a Grok subscription."}',
    is: LIMIT,
  },
  {
    from: 'github.com/MoonshotAI/Kimi-K2/issues/5',
    by: 'https://api.moonshot.ai/v1',
    status: 403,
    body: openai('Your account is not active, organization exceeded current quota, please check your plan and billing details', {
      type: 'exceeded_current_quota_error',
    }),
    is: PREPAID,
  },
  {
    from: 'github.com/zai-org/GLM-5/issues/148',
    by: 'https://api.z.ai/api/paas/v4',
    status: 429,
    body: '{"error":{"code":"1113","message":"Insufficient balance or no resource package. Please recharge."}}',
    is: PREPAID,
  },
  {
    from: 'github.com/zhayujie/CowAgent/issues/2910',
    by: 'https://open.bigmodel.cn/api/paas/v4',
    status: 429,
    body: '{"error":{"code":"1113","message":"余额不足或无可用资源包,请充值。"}}',
    is: PREPAID,
  },
  {
    from: 'github.com/hsliuping/TradingAgents-CN/issues/170',
    by: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
    status: 400,
    body: openai('Access denied, please make sure your account is in good standing.', { type: 'Arrearage', code: 'Arrearage' }),
    is: PREPAID,
  },
  {
    from: 'github.com/FoundationAgents/OpenManus/issues/438',
    by: 'https://api.siliconflow.cn/v1',
    status: 403,
    body: '{"code":30011,"message":"The selected model requires paid balance. Your paid balance is insufficient.","data":null}',
    is: PREPAID,
  },
  {
    from: 'github.com/pollinations/pollinations/issues/12136',
    by: 'https://api.fireworks.ai/inference/v1',
    status: 412,
    body: openai('Account a is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices.', {
      type: 'error',
      code: 'PRECONDITION_FAILED',
    }),
    is: LIMIT,
  },
  {
    from: 'github.com/huggingface/agents-course/issues/386',
    by: 'https://router.huggingface.co/v1',
    status: 402,
    body: '{"error":"You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get more."}',
    is: PREPAID,
  },
  {
    from: 'github.com/MiniMax-AI/MiniMax-M2/issues/62',
    by: 'https://api.minimax.io/v1',
    status: 500,
    body: anthropic('api_error', 'insufficient balance (1008)'),
    is: PREPAID,
  },
  {
    from: 'github.com/Wei-Shaw/sub2api/issues/890',
    by: 'other',
    status: 403,
    body: '{"code":"INSUFFICIENT_BALANCE","message":"Insufficient account balance"}',
    is: PREPAID,
  },
  { from: 'a gateway in plain text', by: 'other', status: 402, body: 'Payment Required', is: PREPAID },
  // Not money, though it says so.
  {
    from: 'github.com/cline/cline/issues/5301',
    by: 'openrouter',
    status: 429,
    body: openai('Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day', {
      code: 429,
    }),
    is: 'reset E_QUOTA_DAILY rate/day',
    wait: 12 * 3_600_000,
  },
  {
    from: 'platform.openai.com/docs/guides/rate-limits',
    by: 'openai',
    status: 429,
    body: openai(
      'Rate limit reached for m on requests per min (RPM): Limit 3. Please try again in 20s. Please add a payment method to your account to increase your rate limit.',
      { type: 'requests', code: 'rate_limit_exceeded' },
    ),
    is: 'rate E_RATE_LIMITED rate/requests',
    wait: 20_000,
  },
  {
    from: 'github.com/dimetron/pi-go/pull/177',
    by: 'gemini',
    status: 429,
    body: google(429, 'RESOURCE_EXHAUSTED', QUOTA, [
      quota('GenerateContentPaidTierInputTokensPerModelPerMinute', '4000000'),
      retryIn('59s'),
    ]),
    is: 'rate E_RATE_LIMITED rate/tokens',
    wait: 59_000,
  },
  // Ollama's cloud: what it gives in a week, in a session of hours, in an hour.
  {
    from: 'github.com/NousResearch/hermes-agent/pull/68832',
    by: 'other',
    status: 429,
    body: JSON.stringify({
      error:
        'you (someone) have reached your weekly usage limit, upgrade for higher limits: https://ollama.com/upgrade or add extra usage: https://ollama.com/settings (ref: 1)',
    }),
    is: LIMIT,
  },
  {
    from: 'github.com/continuedev/continue/issues/11444',
    by: 'https://ollama.com',
    status: 429,
    body: JSON.stringify({
      error: 'you (someone) have reached your session usage limit, upgrade for higher limits: https://ollama.com/upgrade',
    }),
    is: LIMIT,
  },
  {
    from: 'github.com/continuedev/continue/issues/9233',
    by: 'other',
    status: 429,
    body: JSON.stringify({ error: "you've reached your hourly usage limit, please wait or upgrade to continue" }),
    is: 'rate E_RATE_LIMITED money/window',
  },
];
