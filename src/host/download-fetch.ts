/** The fetch of downloads: through the proxies of the environment, which Node's own does not heed, and ended by a signal. */
import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import { type ProxySettings, proxyNames } from '../core/proxy.js';

function throughProxies(proxies: ProxySettings): typeof fetch {
  const { http, https, none } = proxies;
  if (proxyNames(proxies) === null) return fetch;
  const dispatcher = new EnvHttpProxyAgent({ httpProxy: http?.url ?? '', httpsProxy: https?.url ?? '', noProxy: none.join(',') });
  return ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch;
}

/** `fetchUrl` in place of the network, for tests. */
export function downloadFetch(proxies: ProxySettings, signal?: AbortSignal, fetchUrl?: typeof fetch): typeof fetch {
  const base = fetchUrl ?? throughProxies(proxies);
  if (signal === undefined) return base;
  return (url, init) => base(url, { ...init, signal: init?.signal ? AbortSignal.any([signal, init.signal]) : signal });
}
