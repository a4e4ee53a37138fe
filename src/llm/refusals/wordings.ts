/**
 * How providers say it, in lower case: words of their own (codes, types) and sentences. Through any base, since gateways and proxies hand
 * on the sentences of those behind them. From the providers' error references and reports of their users, November 2026; each has a cell in
 * test/llm/refusals/corpus/.
 */

/** Codes of money that somebody has to pay, or of a limit on it that somebody has to raise. */
export const MONEY_WORDS =
  /^(?:credit_balance_exhausted|credit_limit|credits?error|organization_usage_limit_exceeded|organization_spend_limit_exceeded|project_spend_limit_exceeded|insufficient_(?:quota|balance|balance_error|credits|funds|user_quota)|exceeded_current_quota_error|billing_(?:hard_limit_reached|not_active|error)|enforced_spend_limit_reached|budget_exceeded|payment_required|not_enough_balance|arrearage|accountoverdueerror)$/;

export const MONEY = new RegExp(
  [
    'credit balance is too low',
    String.raw`insufficient (?:\w+ )?(?:balance|credits?|funds)`,
    '(?:balance|credits?) (?:is|are|has been|have been) (?:insufficient|not enough|too low|depleted|exhausted|used up)',
    // "Add 10 credits to unlock more" stands under a quota of the day, and "add a payment method" under limits per minute.
    String.raw`(?:out of|not enough|requires more|all available) credits?\b|credit limit exceeded|included credits`,
    String.raw`(?:reach|exceed|hit)\w*[^.]{0,40}(?:spend(?:ing)?|api usage|budget|billing)[ -](?:limit|cap)`,
    // Ollama's cloud. Its hours pass by themselves (IN_FLIGHT).
    'reached your (?:session |weekly |monthly )?usage limit',
    '(?:spend(?:ing)?|budget) (?:limit|cap)[^.]{0,40}(?:reach|exceed|hit)',
    'exceeded ?budget|budget has been exceeded|over budget|crossed budget',
    'account (?:is )?in good standing|overdue|in arrears|past invoices',
    'payment (?:is )?required|(?:enable|activate) billing|billing (?:is )?(?:not (?:active|enabled)|disabled)',
    'exceeded current quota|free (?:tier|quota) (?:of the model )?has been (?:exhausted|used up)',
    '余额不足|欠费|额度不足|请充值',
  ].join('|'),
);

/** A limit on spending that somebody set, beside money that was paid in and is used up. */
export const SPEND_LIMIT =
  /spend(?:ing)?[ _-]?(?:limit|cap)|usage[ _-]?limit|hard_limit|monthly limit|key limit|limit exceeded|budget/;

/** What calls in flight hold of the money, or what was spent in the last minutes or hours: it comes back by itself. */
export const IN_FLIGHT = /in_flight_budget|current in-flight requests|hourly usage limit/;

/** Which limit ran out: `Limit: 30000 TPM`, `tokens per min (TPM)`, `GenerateContentInputTokensPerModelPerMinute`, `token rate limit`. */
export const TOKENS_RAN_OUT = /\btpm\b|\btokens? per min|tokens?(?:per\w*)?perminute|\btokens? rate limit|too many tokens/;
export const REQUESTS_RAN_OUT = /\brpm\b|\brequests? per min|requests?(?:per\w*)?perminute|\b(?:requests?|call) rate limit/;
export const CONCURRENCY_RAN_OUT = /\bconcurren(?:t|cy)\b/;

/** A 429 of a provider that has no room for anybody, or whose own provider refuses it: no limit of ours. */
export const NO_ROOM =
  /\boverloaded|no capacity available|capacity[_ ]exhausted|(?:tier|model)[_ ]capacity[_ ]exceeded|at capacity|high demand|rate-limited upstream|not your usage limit|server (?:is )?busy/;

export const TOO_LONG =
  /maximum context|context[ _-]?(?:length|window|size|limit)|max_model_len|too many tokens|prompt is too long|prompt too long|input token count|reduce the length|input is too long|tokens? (?:limit|count) exceeded|max_new_tokens. must be|max_(?:completion_)?tokens must be at least 1, got -|long context (?:requests|beta)/;

/** Prompt and output limit are above the budget of a whole minute: no wait helps. */
export const ABOVE_THE_MINUTE = /request too large|input or output tokens must be reduced/;

export const FILTERED_WORDS =
  /^(?:content_filter|content_policy_violation|responsibleaipolicyviolation|data_inspection_failed|invalid_prompt|moderation_blocked)$/;
export const FILTERED =
  /content[ _](?:filter|policy|management)|content exists risk|moderation|flagged|safety (?:system|policy)|responsible ai|usage guidelines|safety_check|inappropriate content|considered high risk/;

/** A key that is refused with another status than 401. */
export const KEY =
  /(?:incorrect|invalid|wrong|unknown|expired|revoked|missing) api[ -_]?key|api[ _-]?key (?:\w+ ){0,3}(?:invalid|incorrect|expired|revoked|leaked|disabled|suspended|not valid|not found)|api_key_(?:invalid|expired)|api_key:\S{0,60} has been suspended|unregistered callers/;

/** Where somebody may not be served at all. */
export const REGION =
  /user location is not supported|unsupported_country|not available in your (?:region|country)|country, region, or territory/;

export const MODEL_WORDS =
  /^(?:model_not_found|invalid_model|model_not_supported|model_not_available|model_decommissioned|model_deprecated|model_retired|unsupported_model|deploymentnotfound)$/;
/** A model that is not there, or not any more. A sentence that names it first: another one may say that a field is not for it. */
export const NO_MODEL = new RegExp(
  [
    String.raw`\b(?:model|deployment)s?\b.{0,120}?\b(?:not exist|not found|decommissioned|deprecated|retired|discontinued|sunset|shut ?down|no longer (?:available|supported|served|exists?|accessible)|has been removed|end of (?:its )?life|not a valid|identifier is invalid)`,
    String.raw`\b(?:invalid|unknown|unsupported|no such|nonexistent|non-serverless) model\b`,
    'is not a valid model|model id .{0,120}on-demand throughput|no endpoints (?:found|available)|no allowed providers',
  ].join('|'),
);
