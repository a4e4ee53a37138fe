/** What our workflows need in a namespace: search attributes, and in the embedded one a longer retention. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import type { HostLog } from '../log.js';
import { RETENTION_HOURS, SEARCH_ATTRIBUTES } from './settings.js';

/** `INDEXED_VALUE_TYPE_KEYWORD` of temporal.api.enums.v1. */
const KEYWORD = 2;
/** `ALREADY_EXISTS` of gRPC. */
const ALREADY_EXISTS = 6;
/** A server learns new attributes within its cache's refresh interval, in ms. */
const VISIBLE_MS = 10_000;

async function missingAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return SEARCH_ATTRIBUTES.filter((name) => customAttributes?.[name] === undefined);
}

/** Registers what is missing. Returns the names that it added. Throws the gRPC error of a cluster that does not allow it. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const missing = await missingAttributes(connection, namespace);
  if (missing.length === 0) return [];
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
  } catch (error) {
    // Another host was quicker.
    if (!isGrpcServiceError(error) || (error.code as number) !== ALREADY_EXISTS) throw error;
  }
  const until = performance.now() + VISIBLE_MS;
  while (performance.now() < until && (await missingAttributes(connection, namespace)).length > 0) await sleep(100);
  return missing;
}

/** As registerSearchAttributes in a cluster, which may leave this to its operators: then it is only said. */
export async function prepareCluster(
  connection: Connection,
  namespace: string,
  log: Pick<HostLog, 'info' | 'warn'>,
): Promise<void> {
  try {
    const added = await registerSearchAttributes(connection, namespace);
    if (added.length > 0) log.info(`registered the search attributes ${added.join(', ')}`);
  } catch (error) {
    log.warn({ err: error }, 'search attributes could not be registered: `temporal operator search-attribute create` does it');
  }
}

/** Finished workflows of the embedded server stay to be looked at for RETENTION_HOURS (its own default is 24). */
export async function raiseRetention(connection: Connection, namespace: string): Promise<void> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const wanted = RETENTION_HOURS * 3600;
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  if (seconds >= wanted) return;
  await connection.workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: { seconds: wanted as never } },
  });
}
