/** What a new host does about its dead predecessor: its calls, its activities, its runs. */
import { ActivityNotFoundError, AsyncCompletionClient, type Connection } from '@temporalio/client';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { Store } from '../store/port.js';
import type { HostLog } from './log.js';
import { type ActivityPlace, unbookedActivities } from './unbooked-activities.js';

export interface RecoveryOptions {
  store: Pick<Store, 'endOwners' | 'runs' | 'updateRun' | 'setControl'>;
  connection: Connection;
  namespace: string;
  homeId: string;
  /** True when the store is the home's own file. Runs in a shared database may be at work in another home. */
  ownStore: boolean;
  log: Pick<HostLog, 'info' | 'warn'>;
}

export interface Recovery {
  /** Attached runs that wait for `swarm run`. */
  interrupted: string[];
  /** Activities that were given back to Temporal for an immediate retry. */
  returned: number;
}

/** Failures of one recovery sent at a time. */
const AT_A_TIME = 32;
const ANSWER_MS = 5_000;

/**
 * To be called before the worker of this host starts: every owner of the home that the store knows is dead then, since
 * the host's lock is held.
 */
export async function recover(options: RecoveryOptions): Promise<Recovery> {
  const tokens = await options.store.endOwners(options.homeId, '', Date.now());
  // Runs are paused before their activities come back.
  const interrupted = options.ownStore ? await interruptAttachedRuns(options) : [];
  const returned = await returnActivities(options, tokens);
  if (interrupted.length > 0 || tokens.length > 0) {
    options.log.info({ interrupted, activities: tokens.length, returned }, 'took over from a host that died');
  }
  return { interrupted, returned };
}

async function interruptAttachedRuns({ store }: RecoveryOptions): Promise<string[]> {
  const attached = (await store.runs({ states: ['running'] })).filter((run) => !run.detached);
  for (const run of attached) {
    await store.setControl(run.id, { paused: true });
    await store.updateRun(run.id, { state: 'interrupted', reason: 'host' });
  }
  return attached.map((run) => run.id);
}

/**
 * Without this Temporal would wait for the heartbeat timeout of each. Tokens are base64; some activities are known to Temporal
 * alone, since it hands them out before the store knows.
 */
async function returnActivities(options: RecoveryOptions, tokens: readonly string[]): Promise<number> {
  const { connection, namespace, log } = options;
  const client = new AsyncCompletionClient({ connection, namespace });
  let returned = 0;
  const returnOne = async (activity: Uint8Array | ActivityPlace) => {
    try {
      await connection.withDeadline(Date.now() + ANSWER_MS, () =>
        activity instanceof Uint8Array ? client.fail(activity, hostDied()) : client.fail(activity, hostDied()),
      );
      returned += 1;
    } catch (error) {
      // Temporal gave it up already.
      if (error instanceof ActivityNotFoundError) return;
      log.warn({ err: error }, 'an activity of the dead host could not be returned; its heartbeat timeout will do it');
    }
  };
  await inTurns(
    tokens.map((token) => Buffer.from(token, 'base64')),
    returnOne,
  );
  try {
    const places = await connection.withDeadline(Date.now() + ANSWER_MS, () => unbookedActivities(connection, namespace));
    await inTurns(places, returnOne);
  } catch (error) {
    log.warn({ err: error }, 'the open runs could not be asked for activities of the dead host');
  }
  return returned;
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += AT_A_TIME) await Promise.all(items.slice(from, from + AT_A_TIME).map(work));
}

function hostDied(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'HostDied',
    message: 'the host that ran this activity died',
    nonRetryable: false,
    // Zero would mean "as the policy says".
    nextRetryDelay: 1,
    category: ApplicationFailureCategory.BENIGN,
  });
}
