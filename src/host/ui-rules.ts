/** Which requests the Web UI answers: those of a page that it served itself, at an address that is known to be its own. */
import type { IncomingMessage } from 'node:http';
import { LOOPBACK } from './ports.js';

/** Values of the header Host by which a browser on this machine reaches the port, and those that the user added. */
export function allowedHosts(port: number, added: readonly string[]): ReadonlySet<string> {
  return new Set([`${LOOPBACK}:${port}`, `localhost:${port}`, ...added].map((host) => host.toLowerCase()));
}

/** Host and port of an origin as a browser sends them; null for `null` and what is no web origin. */
function hostOfOrigin(origin: string): string | null {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}

/** A link from another page may be followed; what a page loads or sends by itself may come from the UI's own alone. */
function isForeignFetch({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return false;
  return headers['sec-fetch-mode'] !== 'navigate' || method !== 'GET';
}

/**
 * Why a request is refused, as a sentence; null when it is answered. A name that somebody else's DNS leads to this machine (DNS rebinding)
 * stands in Host, a page that sends to another site is named by Origin.
 */
export function refusalOf(
  request: Pick<IncomingMessage, 'url' | 'method' | 'headers' | 'rawHeaders'>,
  allowed: ReadonlySet<string>,
): string | null {
  const named = (name: string) => request.rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === name).length;
  if (!request.url?.startsWith('/')) return 'The request names no path.';
  if (named('host') !== 1 || named('origin') > 1) return 'The request has not one Host, or more than one Origin.';
  const { host = '', origin } = request.headers;
  if (!allowed.has(host.toLowerCase())) return `The Host of this address is not one that this Web UI answers to.`;
  if (origin !== undefined && !allowed.has(hostOfOrigin(origin) ?? '')) return 'The request comes from another page (Origin).';
  if (isForeignFetch(request)) return 'The request comes from another page (Sec-Fetch-Site).';
  return null;
}
