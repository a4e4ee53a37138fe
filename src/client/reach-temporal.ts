/**
 * Temporal as a client of this home uses it. Loaded when a run is to be started, followed or changed: the SDK takes 40 MB, and staging
 * works without it.
 */
import { Client } from '@temporalio/client';
import type { Config } from '../config.js';
import type { SwarmError } from '../core/errors.js';
import { dayCap } from '../core/money/price.js';
import type { HostInfo } from '../host-protocol.js';
import { Launcher } from '../runs/launch.js';
import type { Store } from '../store/port/store.js';
import { clusterConnectionSettings, connectTemporal, unanswered } from '../temporal-connection.js';
import type { HostConnection } from './host/connection.js';

export interface ReachedTemporal {
  launcher: Launcher;
  /** E_TEMPORAL_UNREACHABLE (exit 4) for a request that got no answer; null for another error. */
  unanswered(error: unknown): SwarmError | null;
  close(): Promise<void>;
}

/** Connects to the server that the host uses. Throws E_TEMPORAL_CONFIG (exit 2), E_TEMPORAL_UNREACHABLE (exit 4). */
export async function reachTemporal(
  config: Pick<Config, 'externalTemporal' | 'maxDailyCost'>,
  store: Store,
  { host, info }: { host: HostConnection; info: HostInfo },
): Promise<ReachedTemporal> {
  const settings = config.externalTemporal
    ? clusterConnectionSettings()
    : { address: info.temporalAddress, namespace: info.namespace };
  const connection = await connectTemporal(settings);
  const client = new Client({ connection, namespace: settings.namespace });
  return {
    launcher: new Launcher(client, store, { host, cap: dayCap(config) }),
    unanswered: (error) => unanswered(settings, error),
    close: () => connection.close(),
  };
}
