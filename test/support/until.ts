/** Waiting for what must come. */
import { setTimeout as sleep } from 'node:timers/promises';

/** On a busy machine everything takes long: only what never happens may reach this, in ms. */
const NEVER_MS = 60_000;
const LOOK_MS = 10;

/** Polls until the condition holds; throws with `what` after `ms`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = NEVER_MS): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not in ${ms} ms: ${what}`);
    await sleep(LOOK_MS);
  }
}
