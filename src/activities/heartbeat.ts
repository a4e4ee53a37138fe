/** Heartbeats of a long activity. */
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
