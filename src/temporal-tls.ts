/** Why a Temporal frontend cannot be reached although something listens there: gRPC only says that its time was up. */
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { ConnectionOptions as TemporalOptions } from '@temporalio/client';

/** A handshake takes one or two ways over the network; a refused client certificate is told right after it. */
const HANDSHAKE_MS = 1_500;
const AFTER_HANDSHAKE_MS = 500;

/** Where a connection goes, and how it is secured. */
export interface TlsAddress {
  /** `host:port`. */
  address: string;
  tls?: NonNullable<TemporalOptions['tls']>;
}

type Handshake = { kind: 'accepted' } | { kind: 'silent' } | { kind: 'refused'; code: string; said: string };

function handshake(options: ConnectionOptions): Promise<Handshake> {
  return new Promise((resolve) => {
    let socket: TLSSocket | null = null;
    const end = (result: Handshake) => {
      clearTimeout(late);
      socket?.destroy();
      resolve(result);
    };
    let late = setTimeout(() => end({ kind: 'silent' }), HANDSHAKE_MS);
    try {
      socket = connect({ ...options, ALPNProtocols: ['h2'] });
    } catch (error) {
      return end({ kind: 'refused', code: 'CERTIFICATE', said: (error as Error).message });
    }
    socket.once('error', (error: NodeJS.ErrnoException) => end({ kind: 'refused', code: error.code ?? '', said: error.message }));
    socket.once('secureConnect', () => {
      clearTimeout(late);
      late = setTimeout(() => end({ kind: 'accepted' }), AFTER_HANDSHAKE_MS);
    });
    // An answer, such as the first frame of HTTP/2: the client was let in.
    socket.once('data', () => end({ kind: 'accepted' }));
  });
}

/** The reason in a sentence, or null when the handshake tells none. Takes 2 s at most. */
export async function tlsProblem({ address, tls }: TlsAddress): Promise<string | null> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const place = { host, port: Number(address.slice(colon + 1)) };
  if (tls === undefined || tls === null || tls === false) {
    const answer = await handshake({ ...place, rejectUnauthorized: false });
    const isTls = answer.kind === 'accepted' || (answer.kind === 'refused' && answer.code.startsWith('ERR_SSL_TLSV'));
    return isTls ? 'it speaks TLS, and no TLS is set' : null;
  }
  const given = tls === true ? {} : tls;
  const pair = given.clientCertPair;
  const answer = await handshake({
    ...place,
    servername: given.serverNameOverride ?? (/^[\d.:]+$/.test(host) ? '' : host),
    ...(given.serverRootCACertificate ? { ca: Buffer.from(given.serverRootCACertificate) } : {}),
    ...(pair ? { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) } : {}),
  });
  if (answer.kind !== 'refused') return null;
  if (answer.code.includes('ALERT')) {
    const ours = pair ? 'our client certificate' : 'a client without a certificate';
    return `it refuses ${ours} (${answer.code})`;
  }
  if (answer.code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'TLS is set, and it does not speak TLS';
  if (/^(ECONN|EHOST|ENET|ENOTFOUND|EAI|ETIMEDOUT)/.test(answer.code)) return null;
  return `its certificate or ours cannot be used: ${answer.said} (${answer.code})`;
}
