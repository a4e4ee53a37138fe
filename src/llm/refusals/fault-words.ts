/** The system's and undici's words for a connection that did not come about, for people. Pure. */

/** Node's, OpenSSL's and undici's codes. */
const CONNECT_WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up now',
  ECONNREFUSED: 'nothing accepts connections there',
  ECONNRESET: 'the connection was ended at once',
  EPIPE: 'the connection was ended at once',
  UND_ERR_SOCKET: 'the connection was ended at once',
  EHOSTUNREACH: 'no way leads there',
  ENETUNREACH: 'no way leads there',
  ENETDOWN: 'the network is down',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by nobody known here',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody known here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is signed by nobody known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by nobody known here',
  PROXY_407: 'the proxy wants a name and a password, as in http://NAME:PASSWORD@HOST:PORT',
  PROXY_ADDRESS: 'the address of the proxy must be http://HOST:PORT',
  EPROTO: 'it speaks no TLS that is understood here',
};

/** Codes that begin so are OpenSSL's: the handshake failed. */
const TLS_FAULT = /^(?:ERR_SSL_|ERR_TLS_)/;

/** Host and port of an address, without anything that may be secret; null for what is no address. */
function hostOf(address: string | undefined): string | null {
  return address !== undefined && URL.canParse(address) ? new URL(address).host : null;
}

function wordsOf(reason: string): string | null {
  if (CONNECT_WORDS[reason] !== undefined) return CONNECT_WORDS[reason];
  if (reason.startsWith('PROXY_')) return 'the proxy refuses it';
  return TLS_FAULT.test(reason) ? 'the TLS handshake failed' : null;
}

/**
 * `no connection to api.example.com: the name is not known (ENOTFOUND)`; as much of it as is known. `proxy`: what was asked for the
 * connection instead.
 */
export function noConnection(address: string | undefined, reason: string, proxy: string | null = null): string {
  const host = hostOf(address);
  const words = wordsOf(reason);
  const way = proxy === null ? '' : ` through the proxy of ${proxy}`;
  return `no connection${host === null ? '' : ` to ${host}`}${way}${words === null ? '' : `: ${words}`}${reason === '' ? '' : ` (${reason})`}`;
}
