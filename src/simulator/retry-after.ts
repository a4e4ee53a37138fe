/** The forms in which providers, good and bad, say how long to wait. */

export const RETRY_AFTER_FORMS = ['both', 'seconds', 'ms', 'date', 'absent', 'negative', 'decade', 'garbage'] as const;
/**
 * `both`: `retry-after` in seconds and `retry-after-ms`; `seconds`, `ms`: one of them; `date`: an HTTP date;
 * `absent`: none; `negative`, `decade`, `garbage`: values that a client must not trust.
 */
export type RetryAfterForm = (typeof RETRY_AFTER_FORMS)[number];

/** Flat list of headers that ask for a wait. */
export function retryAfterHeaders(form: RetryAfterForm, waitMs: number, now: number): string[] {
  const seconds = String(Math.ceil(waitMs / 1000));
  const ms = String(Math.ceil(waitMs));
  switch (form) {
    case 'both':
      return ['retry-after', seconds, 'retry-after-ms', ms];
    case 'seconds':
      return ['retry-after', seconds];
    case 'ms':
      return ['retry-after-ms', ms];
    case 'date':
      // The header has whole seconds: rounded up, so that the wait is never too short.
      return ['retry-after', new Date(Math.ceil((now + waitMs) / 1000) * 1000).toUTCString()];
    case 'absent':
      return [];
    case 'negative':
      return ['retry-after', '-5'];
    case 'decade':
      return ['retry-after', '315360000'];
    case 'garbage':
      return ['retry-after', 'soon'];
  }
}
