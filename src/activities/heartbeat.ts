/** Heartbeats of a long activity, and what a cancel of it really means. */
import { Context } from '@temporalio/activity';

/** The SDK throttles what it sends to the server; this only keeps the details fresh. */
const EVERY_MS = 2_000;

/** Runs `work` while heartbeats go out with the details of the moment. */
export async function withHeartbeat<T>(details: () => unknown, work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const beat = () => context.heartbeat(details());
  beat();
  const timer = setInterval(beat, EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Rejects when somebody asked for the cancel; a lost server, a timeout or a shutdown is not a cancel. */
export function cancelRequested(): Promise<never> {
  const context = Context.current();
  return new Promise((_, reject) => {
    context.cancelled.catch((reason: unknown) => {
      if (context.cancellationDetails?.cancelRequested) reject(reason);
    });
  });
}
