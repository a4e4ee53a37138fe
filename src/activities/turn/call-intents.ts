/** Intents of calls, and what becomes of those that nothing in this process stands for any more. */
import type { Intent, IntentResult } from '../../store/port/intents.js';
import type { CallKey } from '../../store/port/store.js';
import type { ActivityDeps } from '../deps.js';
import { callName } from './call-ends.js';

export class CallIntents {
  readonly #deps: Pick<ActivityDeps, 'store' | 'callEnds' | 'clock'>;
  /** Calls whose intent this process failed to store: none of them was sent. */
  readonly #neverSent = new Set<string>();

  constructor(deps: Pick<ActivityDeps, 'store' | 'callEnds' | 'clock'>) {
    this.#deps = deps;
  }

  /** An intent whose commit failed may be stored all the same: its call is not made. */
  async intend(intent: Intent): Promise<IntentResult> {
    const name = callName(intent);
    try {
      const result = await this.#deps.store.intend(intent);
      if (result.kind === 'go') this.#neverSent.delete(name);
      return result;
    } catch (error) {
      this.#neverSent.add(name);
      throw error;
    }
  }

  /** Ends an open call of this process that no flight stands for: it was never sent, or what it cost is in doubt. */
  async abandon(turn: CallKey): Promise<void> {
    const { store, callEnds, clock } = this.#deps;
    const calls = await store.calls(turn.runId, { list: [turn.index] });
    const open = calls.find((call) => call.turn === turn.turn && call.state === 'intent');
    if (!open) return;
    const record = { ...turn, attempt: open.attempt, at: clock.wall() };
    if (this.#neverSent.delete(callName(turn))) {
      await callEnds.store({ kind: 'refuse', record: { ...record, kind: 'refused', code: 'E_CALL_UNSENT' } });
    } else {
      await callEnds.store({ kind: 'doubt', record: { ...record, isTry: false, code: 'E_CALL_UNSTORED' } });
    }
  }
}
