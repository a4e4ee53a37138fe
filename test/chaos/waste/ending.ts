/** What ends in the middle of a run: a key, the credit, a model. And how that is mended. */
import type { DoorRule } from '../../support/front-door.js';

export type EndingKind = 'key' | 'credit' | 'model';

export const ENDINGS: readonly EndingKind[] = ['key', 'credit', 'model'];

/** How the run is to rest then. */
export const RESTS: Readonly<Record<EndingKind, { reason: string; code: number }>> = {
  key: { reason: 'key', code: 5 },
  credit: { reason: 'billing', code: 5 },
  model: { reason: 'request', code: 2 },
};

/** Of the mended task. */
export const NEXT_MODEL = 'next-model';

/** Turns away what the run does, from its next call on. */
export function endsNow(kind: EndingKind): DoorRule {
  let ended: { key: string; model: string } | null = null;
  return ({ key, model }) => {
    ended ??= { key, model };
    if (kind === 'key') return key === ended.key ? '401' : null;
    if (kind === 'model') return model === ended.model ? '404' : null;
    return 'credit_balance_exhausted';
  };
}
