/** Activities of a process that died are failed by name, so that Temporal hands them out again at once instead of after their heartbeat timeout. */
import { ActivityNotFoundError, AsyncCompletionClient, type ConnectionLike } from '@temporalio/client';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { leaveCallContext, type RemembersCalls } from '../../temporal-connection.js';
import { type ActivityPlace, unbookedActivities } from './unbooked-activities.js';

export interface ReturnOptions {
  connection: ConnectionLike & RemembersCalls;
  namespace: string;
  /** Task tokens in base64. */
  tokens: readonly string[];
  /** True for the Temporal identity of a process that is dead: what Temporal gave it before the store knew is found by this. */
  isDead(identity: string): boolean;
  /** Called with a token that needs no more care: it is returned, or Temporal gave it up already. */
  done?: (token: string) => void;
  log: { warn(facts: object, text: string): void };
}

/** Failures sent at a time. */
const AT_A_TIME = 32;
const ANSWER_MS = 5_000;
/** A server that starts on a busy machine is asked again: what is not found waits for a timeout, and its run with it. */
const MOST_ASKED = 3;

/** Resolves to how many were given back. What could not be is met again by its heartbeat timeout. */
export async function returnActivities(options: ReturnOptions): Promise<number> {
  const { connection, namespace, log } = options;
  const client = new AsyncCompletionClient({ connection, namespace });
  let returned = 0;
  const returnOne = async (activity: Uint8Array | ActivityPlace): Promise<boolean> => {
    try {
      await connection.withDeadline(Date.now() + ANSWER_MS, () =>
        activity instanceof Uint8Array ? client.fail(activity, processDied()) : client.fail(activity, processDied()),
      );
      returned += 1;
      return true;
    } catch (error) {
      // Temporal gave it up already.
      if (error instanceof ActivityNotFoundError) return true;
      log.warn({ err: error }, 'an activity of a dead process could not be returned; its heartbeat timeout will do it');
      return false;
    }
  };
  await inTurns(options.tokens, async (token) => {
    if (await returnOne(Buffer.from(token, 'base64'))) options.done?.(token);
  });
  try {
    await inTurns(await unbooked(options), returnOne);
  } catch (error) {
    log.warn({ err: error }, 'the open runs could not be asked for activities of a dead process');
  } finally {
    leaveCallContext(connection);
  }
  return returned;
}

async function unbooked({ connection, namespace, isDead }: ReturnOptions): Promise<ActivityPlace[]> {
  for (let asked = 1; ; asked += 1) {
    try {
      return await unbookedActivities(connection, namespace, isDead, Date.now() + ANSWER_MS);
    } catch (error) {
      if (asked >= MOST_ASKED) throw error;
    }
  }
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += AT_A_TIME) await Promise.all(items.slice(from, from + AT_A_TIME).map(work));
}

function processDied(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'ProcessDied',
    message: 'the process that ran this activity died',
    nonRetryable: false,
    // Zero would mean "as the policy says".
    nextRetryDelay: 1,
    category: ApplicationFailureCategory.BENIGN,
  });
}
