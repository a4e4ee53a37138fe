/** worker_api_base: what it may be, and its one form. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Problem } from '../core/errors.js';
import { AZURE_PATH, isAzure, knownProvider, type Provider, providerOfBase, wiresOf } from '../schema/providers.js';
import { keyNotes } from '../schema/task.js';
import { WIRES, type WireName } from '../schema/wires.js';
import { looksLikeSecret } from './key-problems.js';

type Fault = Omit<Problem, 'place'>;

/** The end of a path that names a version: `/v1`, `/v1beta`. */
const VERSION = /\/v\d+(?:alpha|beta)?\d*$/;
/** Vertex AI has its models below the version: `/v1/projects/p/locations/l/publishers/google`. */
const PUBLISHER = /\/v\d+(?:alpha|beta)?\d*\/(?:.+\/)?publishers\/[^/]+$/;
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

/** The bases of the provider that lives at this host. */
function knownBases(url: URL): ReturnType<typeof wiresOf> {
  const provider = providerOfBase(url.href);
  return provider === null ? [] : wiresOf(knownProvider(provider) as Provider);
}

function pathOf(apiBase: string | null): string {
  return apiBase === null ? '' : new URL(apiBase).pathname.replace(/\/+$/, '');
}

/** Whoever runs the server of this provider gives it an address of their own. */
function isLocal({ apiBase }: Provider): boolean {
  return apiBase?.startsWith('http:') === true;
}

/**
 * The wire of an address: at the host of a known provider, and at any address of a local one (`prefix`: its name before the model's), that of
 * the path, else the provider's own; chat for all others.
 */
export function wireOfBase(given: string, prefix = ''): WireName {
  if (!URL.canParse(given.trim())) return 'chat';
  const url = new URL(given.trim());
  const named = knownProvider(prefix);
  const known = knownBases(url);
  const bases = known.length === 0 && named !== undefined && isLocal(named) ? wiresOf(named) : known;
  const path = url.pathname.replace(/\/+$/, '');
  const isRequest = (wire: WireName) => WIRES[wire].requestPath.test(path);
  const [best] = bases
    .map(({ wire, apiBase }) => ({ wire, fit: fitOf(path, pathOf(apiBase)) }))
    .filter(({ fit }) => fit >= 0)
    // Of equal ones the one whose requests end so (`/chat/completions`), else the provider's own wire, which is the first.
    .sort((a, b) => b.fit - a.fit || Number(isRequest(b.wire)) - Number(isRequest(a.wire)));
  return (best ?? bases[0])?.wire ?? 'chat';
}

/**
 * How well a path fits that of a base: best the longest one that it lies below (`/v1beta/openai` is no `/v1beta`), then one that it is the
 * beginning of, then a base without a path. Negative: not at all.
 */
function fitOf(path: string, base: string): number {
  if (base !== '' && (path === base || path.startsWith(`${base}/`))) return 1000 + base.length;
  if (path !== '' && base.startsWith(`${path}/`)) return base.length;
  return base === '' ? 0 : -1;
}

/** A base without its version gets that of its wire: at a known host the provider's own path, elsewhere the usual one. */
function versioned(url: URL, path: string, wire: WireName): string {
  const { versionPath } = WIRES[wire];
  const own = knownBases(url).find((base) => base.wire === wire);
  if (own !== undefined && (path === '' || pathOf(own.apiBase).startsWith(`${path}/`))) return pathOf(own.apiBase);
  const isOpenAi = wire === 'chat' || wire === 'responses';
  if (isOpenAi && isAzure(url.hostname) && (path === '' || AZURE_PATH.startsWith(`${path}/`))) return AZURE_PATH;
  if (versionPath === '' || VERSION.test(path) || PUBLISHER.test(path)) return path;
  // Elsewhere a path of the chat wires is one of a gateway, which names its own version or none.
  const isUsual = wire === 'anthropic' || wire === 'gemini' || path === '';
  return isUsual ? `${path}${versionPath}` : path;
}

/**
 * Checks and normalises a base URL: without a trailing slash and the path of a request (such as `/chat/completions`), with its version; a query
 * (`?api-version=...`) stays. An address that was given with the path of a request is taken as it is. Texts never hold its user, password or query.
 */
export function readApiBase(
  given: string,
  allowHttp = false,
  wire: WireName = wireOfBase(given),
): { apiBase: string; notes: string[] } | { fault: Fault } {
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
  const written = url.pathname.replace(/\/+$/, '');
  const { requestPath } = WIRES[wire];
  const path = requestPath.test(written) ? written.replace(requestPath, '') : versioned(url, written, wire);
  if (path.length < written.length) {
    notes.push(`worker_api_base: took off ${written.slice(path.length)}, the base is ${url.origin}${path}`);
  } else if (path !== written) {
    notes.push(`worker_api_base: added ${path.slice(written.length)}, the base is ${url.origin}${path}`);
  }
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    notes.push(`allow_http: prompts and the key go to ${url.host} in plain http`);
  }
  return { apiBase: `${url.origin}${path}${url.search}`, notes };
}
