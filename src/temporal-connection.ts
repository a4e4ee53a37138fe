/** How to reach Temporal: the embedded server, or the user's cluster by TEMPORAL_* variables and temporal.toml. */
import { Connection, defaultGrpcRetryOptions, isGrpcServiceError, makeGrpcRetryInterceptor } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { proxySettings, temporalEnvironment } from './config.js';
import { EXIT, SwarmError } from './core/errors.js';
import { proxyNames } from './core/proxy.js';
import { type TlsAddress, tlsProblem } from './temporal-tls.js';

type ConnectOptions = NonNullable<Parameters<typeof Connection.connect>[0]>;

/** Accepted by `Connection.connect` of the client and by `NativeConnection.connect` of the worker. */
export interface TemporalConnectionSettings extends TlsAddress {
  namespace: string;
  /** A secret: never logged or stored. */
  apiKey?: string;
  metadata?: NonNullable<ConnectOptions['metadata']>;
}

/** Longest waits for a cluster: for the connection, and for that with the look at the namespace, in ms. */
const CONNECT_MS = 4_000;
const ANSWER_MS = 4_800;

/**
 * Settings of an existing cluster, as the `temporal` CLI reads them (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
 * `TEMPORAL_API_KEY`, `TEMPORAL_TLS*`, `TEMPORAL_PROFILE`, temporal.toml). Default address localhost:7233, namespace default.
 * Throws E_TEMPORAL_CONFIG (exit 2).
 */
export function clusterConnectionSettings(env: Record<string, string> = temporalEnvironment()): TemporalConnectionSettings {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: env });
    const { address, tls, apiKey, metadata } = connectionOptions;
    return {
      address: address ?? 'localhost:7233',
      namespace: namespace ?? 'default',
      ...(tls ? { tls } : {}),
      ...(typeof apiKey === 'string' ? { apiKey } : {}),
      ...(metadata ? { metadata } : {}),
    };
  } catch (error) {
    throw new SwarmError(
      {
        code: 'E_TEMPORAL_CONFIG',
        found: `the settings of the Temporal cluster cannot be read: ${(error as Error).message}`,
        allowed: 'TEMPORAL_* variables, or a profile of temporal.toml',
        fix: 'see `temporal config list`, or unset the TEMPORAL_* variables to use the embedded server',
      },
      EXIT.badInput,
      { cause: error },
    );
  }
}

/** Where a proxy is the only way out, this is why nothing answers. */
function directly(): string {
  const proxies = proxyNames(proxySettings());
  return proxies === null ? '' : ` (asked directly: the proxy of ${proxies} is for model calls)`;
}

/** Names address and namespace, and nothing that may be secret. */
function refusal(settings: TemporalConnectionSettings, error: unknown, tls: string | null): SwarmError {
  const said = tls ?? (isGrpcServiceError(error) ? error.details : (error as Error).message);
  return new SwarmError(
    {
      code: 'E_TEMPORAL_UNREACHABLE',
      found: `no Temporal server answers at ${settings.address} (namespace ${settings.namespace}): ${said}${directly()}`,
      fix: 'start one (`temporal server start-dev`, or docker compose up), correct TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the TLS or key settings, or unset them to use the embedded server',
    },
    EXIT.unreachable,
    { cause: error },
  );
}

/** `CANCELLED` of gRPC: not tried again. Also what is left of a request whose connection was closed. */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
const UNANSWERED: readonly number[] = [CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE];

/** The problem when a server that had been reached did not answer a request; null for an error that says something else. */
export function unanswered(settings: TemporalConnectionSettings, error: unknown): SwarmError | null {
  const fault = isGrpcServiceError(error) ? error : (error as Error | null)?.cause;
  return isGrpcServiceError(fault) && UNANSWERED.includes(fault.code) ? refusal(settings, fault, null) : null;
}

/**
 * gRPC never goes through a proxy: grpc-js takes one from the environment, also for addresses of this machine, and the worker's native
 * connection takes none.
 */
export const DIRECT = { channelArgs: { 'grpc.enable_http_proxy': 0 } } as const;

type Interceptor = NonNullable<ConnectOptions['interceptors']>[number];
type Call = ReturnType<Interceptor>;

/**
 * Comes after the retries of the SDK: those run by timers, and one that fires when the connection was closed meanwhile would throw where
 * nobody can catch it. Here it ends as a cancelled call.
 */
const cancelledOnceClosed: Interceptor = (options, nextCall) => {
  try {
    return nextCall(options) as Call;
  } catch (error) {
    const nothing = () => undefined;
    const start: Call['start'] = (metadata, listener) => {
      listener?.onReceiveMessage?.(null);
      listener?.onReceiveStatus?.({ code: CANCELLED, details: (error as Error).message, metadata });
    };
    return { start, sendMessage: nothing, halfClose: nothing, startRead: nothing, cancelWithStatus: nothing } as unknown as Call;
  }
};

/** What a connection of the SDK keeps of deadlines and signals across an `await`. */
export type RemembersCalls = Pick<Connection, 'callContextStorage'>;

/**
 * After `withDeadline` and its like. While an AsyncLocalStorage is in use, Node before 24 follows every promise of the process. Calls under
 * way keep what they were given; calls that the same `fn` makes later have nothing.
 */
export function leaveCallContext({ callContextStorage }: RemembersCalls): void {
  callContextStorage.disable();
}

/**
 * Connects and sees that the namespace is there. The caller closes the connection.
 * Throws E_TEMPORAL_UNREACHABLE (exit 4) within 5 s, 7 s when certificates are the matter, also for a refused key and an unknown namespace.
 */
export async function connectTemporal(settings: TemporalConnectionSettings): Promise<Connection> {
  const { namespace, ...options } = settings;
  const until = Date.now() + ANSWER_MS;
  let connection: Connection | undefined;
  try {
    const interceptors = [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), cancelledOnceClosed];
    connection = await Connection.connect({ ...options, ...DIRECT, interceptors, connectTimeout: CONNECT_MS });
    const opened = connection;
    await opened.withDeadline(until, () => opened.workflowService.describeNamespace({ namespace }));
    leaveCallContext(opened);
    return opened;
  } catch (error) {
    await connection?.close();
    throw refusal(settings, error, connection === undefined ? await tlsProblem(settings) : null);
  }
}
