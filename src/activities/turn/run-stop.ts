/** What stops all turns of a run at once: said by the provider to another turn of it, in this process or another, or by too many like failures. */
import type { Entry } from '../../core/gate/port.js';
import type { ActivityDeps } from '../deps.js';
import type { PhaseContext } from './phase-context.js';
import { notAdmitted, refusedForAll, type TurnEnd } from './turn-end.js';

type Deps = Pick<ActivityDeps, 'gates' | 'clock'>;

/** Null while calls may go. */
export function stoppedForAll({ gates, clock }: Deps, context: PhaseContext): TurnEnd | null {
  const stop = gates.stop(context.run.id);
  if (stop) context.of.stop ??= { kind: 'stop', ...stop };
  return refusedForAll(context, clock.now());
}

/** A run that was stopped is let go by its gate like a paused one. */
export function notSent(deps: Deps, context: PhaseContext, admission: Exclude<Entry, { kind: 'send' }>): TurnEnd {
  stoppedForAll(deps, context);
  return admission.kind === 'paused' && context.of.stop ? context.of.stop : notAdmitted(admission);
}

/** A row that failed may have been one too many: calls stop here at once, elsewhere at the next look, as here if this one fails. */
export async function heedStop(deps: Deps, context: PhaseContext): Promise<void> {
  await deps.gates.heed(context.run.id).catch(() => null);
  stoppedForAll(deps, context);
}
