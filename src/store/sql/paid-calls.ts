/** Calls that were paid for: answered ones, and those whose answer is not used. */
import type { CallRow, CallState } from '../port/store.js';

export const PAID = ['answered', 'superseded'] as const satisfies readonly CallState[];

export function isPaid({ state }: Pick<CallRow, 'state'>): boolean {
  return (PAID as readonly CallState[]).includes(state);
}
