/** Waits until a Temporal server that was just started answers, and has what runs need of its namespace. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { DIRECT } from '../../temporal-connection.js';
import { isListening, LOOPBACK } from '../ports.js';
import { raiseRetention, registerSearchAttributes } from './namespace.js';
import { EMBEDDED_NAMESPACE } from './settings.js';

/** Longest time from spawn to the first answer, on a busy machine with a large database, in ms. */
const READY_MS = 60_000;

/** Null when it is ready, else what went wrong. `isWanted`: false once it has ended, or is not waited for any more. */
export async function serverReady(port: number, isWanted: () => boolean): Promise<string | null> {
  const until = performance.now() + READY_MS;
  const waiting = () => performance.now() < until && isWanted();
  let said = 'no answer';
  // A gRPC channel that was refused once waits a second before it tries again.
  while (waiting() && !(await isListening(port))) await sleep(20);
  // Asked again from here: a retry of the SDK that comes after the close would throw where nobody catches it.
  const connection = Connection.lazy({ ...DIRECT, address: `${LOOPBACK}:${port}`, interceptors: [] });
  try {
    while (waiting()) {
      try {
        await connection.withDeadline(Date.now() + 1_000, () =>
          connection.workflowService.describeNamespace({ namespace: EMBEDDED_NAMESPACE }),
        );
        await registerSearchAttributes(connection, EMBEDDED_NAMESPACE);
        await raiseRetention(connection, EMBEDDED_NAMESPACE);
        return null;
      } catch (error) {
        said = (error as Error).message;
        await sleep(30);
      }
    }
    return `it was not ready in ${READY_MS / 1000} s: ${said}`;
  } finally {
    await connection.close();
  }
}
