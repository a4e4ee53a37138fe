/** The fetch of downloads: through the proxies of the environment, which Node's own does not heed, and ended by a signal. */
import { ProxyAgent, fetch as undiciFetch } from 'undici';
import { type ProxySettings, proxyOf } from '../../core/proxy.js';

function throughProxies(proxies: ProxySettings): typeof fetch {
  return async (url, init) => {
    const proxy = proxyOf(new URL(String(url)), proxies);
    if (proxy === null) return await fetch(url, init);
    const options = { ...init, dispatcher: new ProxyAgent(proxy.url) } as Parameters<typeof undiciFetch>[1];
    return (await undiciFetch(String(url), options)) as unknown as Response;
  };
}

/** `fetchUrl` in place of the network, for tests. */
export function downloadFetch(proxies: ProxySettings, signal?: AbortSignal, fetchUrl?: typeof fetch): typeof fetch {
  const base = fetchUrl ?? throughProxies(proxies);
  if (signal === undefined) return base;
  return (url, init) => base(url, { ...init, signal: init?.signal ? AbortSignal.any([signal, init.signal]) : signal });
}
