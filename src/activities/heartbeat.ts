/** Heartbeats of a long activity. */
import type { Context } from '@temporalio/activity';

/** The SDK throttles what it sends to the server; this only keeps the details fresh. */
const EVERY_MS = 2_000;

/** Runs `work` while heartbeats go out with the details of the moment. `activity`: its context, read before its first `await`. */
export async function withHeartbeat<T>(activity: Context, details: () => unknown, work: () => Promise<T>): Promise<T> {
  const beat = () => activity.heartbeat(details());
  beat();
  const timer = setInterval(beat, EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
