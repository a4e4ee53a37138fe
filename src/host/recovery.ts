/** What a new host does about its dead predecessor: its calls, its runs, its activities. */
import { ActivityNotFoundError, AsyncCompletionClient, type Connection } from '@temporalio/client';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { Store } from '../store/port.js';
import type { HostLog } from './log.js';
import { type ActivityPlace, unbookedActivities } from './unbooked-activities.js';

export interface Predecessor {
  /** Attached runs that wait for `swarm run` now. */
  interrupted: string[];
  /** Detached runs: they go on. */
  goingOn: string[];
  /** Task tokens of the activities that it died with, base64. */
  tokens: string[];
}

export interface TakeOverOptions {
  store: Pick<Store, 'endOwners' | 'runs' | 'updateRun' | 'setControl'>;
  homeId: string;
  /** True when the store is the home's own file. Runs in a shared database may be at work in another home. */
  ownStore: boolean;
}

/** Failures of one recovery sent at a time. */
const AT_A_TIME = 32;
const ANSWER_MS = 5_000;

/**
 * Needs no Temporal. To be called before this host has an owner of its own: every owner of the home that the store knows is dead
 * then, since the host's lock is held. Runs are paused before their activities come back.
 */
export async function takeOver({ store, homeId, ownStore }: TakeOverOptions): Promise<Predecessor> {
  const tokens = await store.endOwners(homeId, '', Date.now());
  if (!ownStore) return { interrupted: [], goingOn: [], tokens };
  const interrupted = await interruptAttachedRuns(store, 'died');
  return { interrupted, goingOn: (await store.runs({ states: ['running'] })).map(({ id }) => id), tokens };
}

/** Attached runs under way wait until they are let go on; returns their ids. */
export async function interruptAttachedRuns(
  store: Pick<Store, 'runs' | 'updateRun' | 'setControl'>,
  how: 'died' | 'was stopped',
): Promise<string[]> {
  const attached = (await store.runs({ states: ['running'] })).filter((run) => !run.detached);
  for (const { id } of attached) {
    await store.setControl(id, { paused: true });
    const message = `the host ${how} while the run was going on; go on with: swarm resume ${id}`;
    await store.updateRun(id, { state: 'interrupted', reason: 'host', message }, ['running']);
  }
  return attached.map((run) => run.id);
}

export interface ReturnOptions {
  connection: Connection;
  namespace: string;
  tokens: readonly string[];
  log: Pick<HostLog, 'warn'>;
}

/**
 * Gives the dead host's activities back to Temporal for an immediate retry, before a worker of this host polls. Without this Temporal
 * would wait for the heartbeat timeout of each. Some are known to Temporal alone, since it hands them out before the store knows.
 * Returns how many there were.
 */
export async function returnActivities({ connection, namespace, tokens, log }: ReturnOptions): Promise<number> {
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
