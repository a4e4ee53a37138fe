/** The headers of a task, as they go with its requests. */
import { EXCHANGE_HEADER } from './transport/fetch.js';

/** Set by the transport or by us; from a task they would break the request or send the key elsewhere. */
const RESERVED: ReadonlySet<string> = new Set<string>([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  EXCHANGE_HEADER,
]);

/** In lower case, without those that are ours. `keyHeader`: where the key goes, in lower case. */
export function taskHeaders(headers: Readonly<Record<string, string>>, keyHeader: string): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const name in headers) {
    const lower = name.toLowerCase();
    if (!RESERVED.has(lower) && lower !== keyHeader) sent[lower] = headers[name] ?? '';
  }
  return sent;
}
