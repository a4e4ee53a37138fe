/** Which addresses are reached through a proxy: by HTTPS_PROXY, HTTP_PROXY and NO_PROXY as curl and others read them. Pure. */

/** A proxy of the environment. */
export interface HttpProxy {
  /** As it was set, with a scheme. May hold a password. */
  url: string;
  /** Name of the variable that sets it. */
  variable: string;
}

export interface ProxySettings {
  /** For https addresses. */
  https: HttpProxy | null;
  /** For http addresses. */
  http: HttpProxy | null;
  /** Hosts that are reached directly: names with all below them, addresses, networks (10.0.0.0/8), each with a port or without; `*`: all. */
  none: readonly string[];
}

export const NO_PROXIES: ProxySettings = { https: null, http: null, none: [] };

/** The four numbers of an IPv4 address as one; null for a name. */
function ipv4(host: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** True for this machine: such an address means something else to a proxy. `host` as in a URL. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || name === '::1') return true;
  const address = ipv4(name);
  return address !== null && Math.floor(address / 2 ** 24) === 127;
}

function inNetwork(host: string, entry: string): boolean {
  const [network = '', bits = ''] = entry.split('/');
  const [address, base] = [ipv4(host), ipv4(network)];
  if (address === null || base === null || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(address / size) === Math.floor(base / size);
}

function isListed(host: string, port: string, entry: string): boolean {
  const [, name = entry, ofPort] = /^(.*[^:]):(\d+)$/.exec(entry) ?? [];
  if (ofPort !== undefined && ofPort !== port) return false;
  const listed = name.toLowerCase().replace(/^\*?\./, '');
  return listed === '*' || listed === host || host === `[${listed}]` || host.endsWith(`.${listed}`) || inNetwork(host, listed);
}

/** The proxy of an address; null: it is reached directly. Addresses of this machine always are. */
export function proxyOf(url: URL, { https, http, none }: ProxySettings): HttpProxy | null {
  const proxy = url.protocol === 'https:' ? https : http;
  const host = url.hostname.toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (proxy === null || isLoopback(host) || none.some((entry) => isListed(host, port, entry))) return null;
  return proxy;
}

/** `HTTPS_PROXY (proxy.example:3128)`, never with what may be secret. */
export function proxyName({ url, variable }: HttpProxy): string {
  return `${variable} (${URL.canParse(url) ? new URL(url).host : 'no address that can be read'})`;
}

/** `HTTPS_PROXY (proxy.example:3128) and http_proxy (...)`; null when none is set. */
export function proxyNames({ https, http }: ProxySettings): string | null {
  const names = [https, http].flatMap((proxy) => (proxy === null ? [] : [proxyName(proxy)]));
  return names.length === 0 ? null : names.join(' and ');
}
