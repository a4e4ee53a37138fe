/** From what the transport or a library threw to a CallFailure. Pure, messages are redacted. */
import type { CallFailure } from '../../core/call-failure.js';
import { redact } from '../../core/redact.js';
import type { FaultKind, TransportFault } from '../transport/wire-request.js';
import { type CallFacts, classifyRefusal, failure } from './classify.js';
import { noConnection } from './fault-words.js';
import type { CallCode, Verdict } from './rules.js';

const FAULTS: Readonly<Record<FaultKind, Verdict & { text: string }>> = {
  connect: { class: 'transport', code: 'E_CALL_CONNECT', text: 'no connection' },
  timeout: { class: 'transport', code: 'E_CALL_TIMEOUT', text: 'no whole answer within the deadline' },
  abort: { class: 'cancelled', code: 'E_CANCELLED', text: 'the call was cancelled' },
  reset: { class: 'transport', code: 'E_CALL_RESET', text: 'the connection ended before an answer' },
  cut: { class: 'transport', code: 'E_CALL_BODY', text: 'the answer was cut' },
  'too-big': { class: 'transport', code: 'E_CALL_BODY', text: 'the answer is larger than 32 MiB' },
};

/** Reasons of `connect` for which no second try can help: the request itself cannot be built. */
const UNBUILDABLE: ReadonlySet<string> = new Set<string>(['UND_ERR_INVALID_ARG', 'ERR_INVALID_URL', 'UND_ERR_NOT_SUPPORTED']);

/** The process, or the machine, has no descriptor left for a connection: the provider has no part in it. */
const NO_DESCRIPTOR: ReadonlySet<string> = new Set<string>(['EMFILE', 'ENFILE']);

/** The transport gave up. A cut refusal is judged by its status, which says more than the cut. */
export function classifyFault(
  call: CallFacts,
  fault: Pick<TransportFault, 'kind' | 'sent' | 'reason' | 'status' | 'headers'> & { proxy?: string | null },
): CallFailure {
  const { kind, sent, reason, status, headers } = fault;
  if ((kind === 'cut' || kind === 'too-big') && status !== null && status >= 300) {
    return classifyRefusal(call, { status, headers, body: '', value: undefined });
  }
  const { text, ...verdict } = FAULTS[kind];
  const said =
    kind === 'connect'
      ? noConnection(call.address, reason, fault.proxy ?? null)
      : `${text}${reason === '' ? '' : ` (${reason})`}`;
  const message = redact(said, call.secrets);
  const rest = { status, message, retryAfterMs: null, mayHaveBeenBilled: sent };
  if (kind === 'connect' && NO_DESCRIPTOR.has(reason)) {
    const found = `no file descriptor is free for a connection (${reason}): raise the limit of open files (ulimit -n), or lower workers`;
    return failure({ class: 'local', code: 'E_TOO_MANY_FILES' }, { ...rest, message: found });
  }
  if (kind === 'connect' && UNBUILDABLE.has(reason))
    return failure({ class: 'request', code: 'E_REQUEST_REFUSED', refusal: { kind: 'request', of: null } }, rest);
  return failure(verdict, rest);
}

/** A fault of ours or of a library after which nothing is known. */
export function classifyUnexpected(call: CallFacts, error: unknown): CallFailure {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
  const code: CallCode = 'E_CALL_UNEXPECTED';
  return failure(
    { class: 'transport', code },
    { status: null, message: redact(text, call.secrets), retryAfterMs: null, mayHaveBeenBilled: true },
  );
}
