/** worker_api_base: what it may be, and its one form. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Problem } from '../core/errors.js';
import { keyNotes } from '../schema/task.js';
import { looksLikeSecret } from './key-problems.js';

type Fault = Omit<Problem, 'place'>;

const CHAT_PATH = /\/chat\/completions\/*$/;
const LOOPBACK = /^(?:localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
/** Names that no public server has: without a dot, or under a domain that is kept for networks of one's own. */
const OWN_NAME = /^(?:[^.]+|.+\.(?:local|internal|intranet|lan|home|corp|private|localdomain|home\.arpa))\.?$/;
/** RFC 1918, link-local, and the shared space of RFC 6598 (also that of private overlay networks). */
const OWN_IPV4 = /^(?:10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
/** fc00::/7 and fe80::/10. */
const OWN_IPV6 = /^(?:f[cd][0-9a-f]{2}|fe[89ab][0-9a-f]):/;
/** Parameters of a query that carry keys. */
const SECRET_PARAMETER = /^(?:.*[_-])?(?:key|token|secret|password|signature|sig|auth|authorization|code|credential)$/i;

/** A private address, or a name that only a network of one's own knows. */
function isOwnNetwork(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIPv4(address)) return OWN_IPV4.test(address);
  return isIPv6(address) ? OWN_IPV6.test(address) : OWN_NAME.test(address);
}

/** In clear over a network: its prompts and key can be read on the way. Null when that is allowed. */
function plainHttpFault(url: URL, allowHttp: boolean): { found: string; fix: string } | null {
  if (url.protocol !== 'http:' || LOOPBACK.test(url.hostname) || allowHttp) return null;
  const found = `worker_api_base sends prompts and the key to ${url.host} in plain http`;
  const fix = isOwnNetwork(url.hostname)
    ? 'add the line "allow_http: true" if all who can listen on that network may read them, else use https'
    : 'use https, or a tunnel that ends on this machine; "allow_http: true" sends them over the public network all the same';
  return { found, fix };
}

/** Names of the parameters of a query that hold a key; their values are never shown. */
function secretParameters(url: URL): string[] {
  return [...url.searchParams]
    .filter(([name, value]) => SECRET_PARAMETER.test(name) || looksLikeSecret(value))
    .map(([name]) => name);
}

/**
 * Checks and normalises a base URL: without a trailing slash and `/chat/completions`; a query (`?api-version=...`) stays. Texts never hold its
 * user, password or query.
 */
export function readApiBase(given: string, allowHttp = false): { apiBase: string; notes: string[] } | { fault: Fault } {
  const { allowed } = keyNotes('worker_api_base');
  const refuse = (found: string, fix: string, code = 'E_API_BASE') => ({ fault: { code, found, allowed, fix } });
  const trimmed = given.trim();
  if (!URL.canParse(trimmed))
    return refuse('worker_api_base is not a URL', 'write it in full, such as https://api.example.com/v1');
  const url = new URL(trimmed);
  if (url.username !== '' || url.password !== '') {
    return refuse(
      'worker_api_base holds a user or password',
      'take it out, and name the variable of the key in worker_api_key_env',
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refuse(`worker_api_base begins with "${url.protocol}"`, 'use the https address of the API');
  }
  if (url.hash !== '') return refuse('worker_api_base holds a fragment (#)', 'end it before the #');
  const secret = secretParameters(url)[0];
  if (secret !== undefined) {
    const found = `worker_api_base holds a key in its query (${JSON.stringify(secret.slice(0, 40))})`;
    return refuse(found, 'take it out, and name the variable of the key in worker_api_key_env');
  }
  const plain = plainHttpFault(url, allowHttp);
  if (plain !== null) return refuse(plain.found, plain.fix, 'E_API_BASE_PLAINTEXT');
  const notes: string[] = [];
  let path = url.pathname.replace(/\/+$/, '');
  if (CHAT_PATH.test(path)) {
    path = path.replace(CHAT_PATH, '');
    notes.push(`worker_api_base: took off /chat/completions, the base is ${url.origin}${path}`);
  }
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    notes.push(`allow_http: prompts and the key go to ${url.host} in plain http`);
  }
  return { apiBase: `${url.origin}${path}${url.search}`, notes };
}
