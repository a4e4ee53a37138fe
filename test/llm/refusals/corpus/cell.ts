/** One refusal as it came back, and what it is to be read as. Ids and names of accounts are made up. */
import type { Family } from '../../../../src/llm/refusals/family.js';

export interface Cell {
  /** Where it was seen, or whose pages document it. */
  from: string;
  /** The provider of the task, or a base URL. */
  by: Family | `https://${string}`;
  status: number;
  headers?: Record<string, string>;
  body: string;
  /**
   * Class, code, kind: `rate E_RATE_LIMITED rate/tokens`. Behind an arrow whose calls stop by it, after good answers:
   * `billing E_BILLING money/limit -> key`. None for calls that wait, or of a row.
   */
  is: string;
  /** Ms. @default null, no wait is named */
  wait?: number;
  /** Keys of the task that set fields of the request. @default worker_max_tokens alone */
  sent?: readonly string[];
  /** The key that is to be changed. @default none is named */
  change?: string;
}

/** OpenAI's shape, and that of most others. */
export function openai(
  message: string,
  more: { type?: string | null; code?: string | number | null; param?: string | null } = {},
): string {
  return JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null, ...more } });
}

export function anthropic(type: string, message: string): string {
  return JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_011CabJ9ACVfYuqhf5QDYJdP' });
}

/** Google's shape; `details` as in its RPC error model. */
export function google(code: number, status: string, message: string, details: object[] = []): string {
  return JSON.stringify({ error: { code, message, status, ...(details.length > 0 && { details }) } });
}

const RPC = 'type.googleapis.com/google.rpc';
export const quota = (quotaId: string, quotaValue: string) => ({
  '@type': `${RPC}.QuotaFailure`,
  violations: [{ quotaId, quotaValue }],
});
export const retryIn = (retryDelay: string) => ({ '@type': `${RPC}.RetryInfo`, retryDelay });
export const reason = (why: string) => ({ '@type': `${RPC}.ErrorInfo`, reason: why, domain: 'googleapis.com' });
export const badField = (field: string, description: string) => ({
  '@type': `${RPC}.BadRequest`,
  fieldViolations: [{ field, description }],
});

/** FastAPI's list, as Mistral and vLLM send it. */
export const unprocessable = (...loc: string[]) => [
  { type: 'extra_forbidden', loc, msg: 'Extra inputs are not permitted', input: 8192 },
];
