/** How a response ended, in the vocabulary of all providers. Total: a word that is not here is `unknown`, never `stop`. */
import type { Finish } from '../../../core/model.js';
import { finishOf as wordOf } from '../finish.js';
import type { LooseResponse } from './read.js';

/** A response that is not over was never asked for; one that is over without an answer is the provider's fault. */
const STATUS: ReadonlyMap<string, Finish> = new Map<string, Finish>([
  ['completed', 'stop'],
  ['failed', 'error'],
  ['cancelled', 'error'],
  ['in_progress', 'error'],
  ['queued', 'error'],
]);

/** Why it is not complete, as other APIs say why they end. Without a reason it is cut, as some servers say it, whatever cut it. */
function cutBy(reason: string | null): Finish {
  const finish = reason === null ? 'length' : wordOf(reason);
  return finish === 'length' || finish === 'filter' ? finish : 'unknown';
}

type Ending = Pick<LooseResponse, 'status' | 'reason' | 'hasToolCalls' | 'isRefused'>;

/** The provider's own word: why it is not complete, else how it stands. */
export function rawFinishOf({ status, reason }: Ending): string | null {
  return (status === 'completed' ? null : reason) ?? status;
}

export function finishOf({ status, reason, hasToolCalls, isRefused }: Ending): Finish {
  const word = (status ?? '').toLowerCase();
  const finish = (word === 'incomplete' ? cutBy(reason) : STATUS.get(word)) ?? 'unknown';
  // A call that was cut is none, and tools that were asked for are of use whatever was said beside them.
  if (finish === 'stop' && hasToolCalls) return 'tool';
  return isRefused && (finish === 'stop' || finish === 'length') ? 'filter' : finish;
}
