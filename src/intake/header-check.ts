/** Which extra request headers a task may set. */
import type { Problem } from '../core/errors.js';
import { keyNotes } from '../schema/task.js';
import { looksLikeSecret } from './key-problems.js';

/** Carry a key, or frame the request. */
const RESERVED =
  /^(?:authorization|proxy-authorization|cookie|host|content-length|content-type|content-encoding|transfer-encoding|connection|upgrade|te|trailer|expect|keep-alive|x-api-key|api-key|x-goog-api-key|(?:x-)?(?:auth|access)-token)$/i;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The fault of one header, or null. Its value is never shown. */
export function headerFault(name: string, value: string): Omit<Problem, 'place'> | null {
  const { allowed } = keyNotes('headers');
  const refuse = (found: string, fix: string) => ({ code: 'E_TASK_HEADER', found, allowed, fix });
  if (!TOKEN.test(name))
    return refuse(`headers: ${JSON.stringify(name.slice(0, 80))} is not a header name`, 'use letters, digits and dashes');
  if (RESERVED.test(name))
    return refuse(`headers: ${name} is set by the program itself`, 'remove it; a key comes from worker_api_key_env');
  if (looksLikeSecret(value))
    return refuse(`headers: the value of ${name} looks like a key`, 'remove it; a key comes from worker_api_key_env');
  if (!/^[\t\x20-\x7e]*$/.test(value)) {
    return refuse(`headers: the value of ${name} holds a line break or a non-ASCII character`, 'write it on one line in ASCII');
  }
  return null;
}
