/** What becomes of a turn whose next call could pass a cap. */
import { formatUsd } from '../../core/format.js';
import type { FailureCause, NanoUsd, StopCause } from '../../core/model.js';
import { nanoToUsd } from '../../core/money/price.js';
import type { CapName } from '../../core/money/reservation.js';
import { modelName } from '../../core/names.js';
import type { Capped, Unpriced } from '../../store/port/intents.js';
import type { PhaseContext } from './phase-context.js';

/** As users set them. */
const CAP_KEYS: Readonly<Record<CapName, string>> = {
  call: 'max_cost_per_call',
  row: 'max_cost_per_row',
  run: 'max_cost',
  day: 'max_daily_cost',
  start: 'SWARM_MAX_DAILY_COST of its command',
  home: 'SWARM_MAX_DAILY_COST',
};

export type CapDoes =
  | { kind: 'fail-row'; cause: FailureCause; code: string; message: string }
  | { kind: 'stop'; cause: StopCause; message: string }
  /** Calls under way may give back what they do not use. */
  | { kind: 'hold' };

/** Money that nobody has spent for sure, and how to get it back. */
function heldText(runId: string, heldNano: NanoUsd): string {
  if (heldNano === 0) return '';
  const held = formatUsd(nanoToUsd(heldNano));
  return `; ${held} of it is held for calls in doubt: swarm receipt ${runId} --reconcile FILE gives back what was not billed, a lower worker_max_tokens holds less for a call`;
}

export function whatCapDoes({ run, use }: PhaseContext, stopped: Capped | Unpriced): CapDoes {
  const key = CAP_KEYS[stopped.cap];
  if (stopped.kind === 'unpriced') {
    // A cap of this host that the starter did not know of: others are refused before the start.
    const message = `E_PRICE_UNKNOWN: ${key} is set and the price of ${modelName(use.model)} is not known; set price in the task`;
    return { kind: 'stop', cause: 'request', message };
  }
  if (!stopped.final) return { kind: 'hold' };
  const [cap, short] = [nanoToUsd(stopped.capNano), nanoToUsd(stopped.shortNano)];
  const why = stopped.wary ? '; answers of its model have cost more than they may, so calls reserve as much more' : '';
  const held = heldText(run.id, stopped.heldNano);
  const message = `the next call could pass ${key} (${formatUsd(cap)}) by ${formatUsd(short)}${why}${held}`;
  if (stopped.cap === 'call' || stopped.cap === 'row') return { kind: 'fail-row', cause: 'capped', code: 'E_ROW_CAP', message };
  const next = stopped.until === null ? '' : `; the next day begins at ${new Date(stopped.until).toISOString()}`;
  return { kind: 'stop', cause: 'capped', message: `${message}${next}` };
}
