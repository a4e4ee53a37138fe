/** What people are told of the money of a run and of its day, beside its own sums. */
import { type LedgerDay, ledgerDayOf, ledgerSlot } from '../core/gate/ledger-slot.js';
import { formatUsd, nanoToUsd, usdToNano } from '../core/price.js';
import type { Control, RunRow, RunTotals, Store } from '../store/port.js';
import type { Progress, SpendWarning } from './api.js';

/** As the environment of this program has them (`Config`). */
export interface DaySettings {
  maxDailyCost: { usd: number; timeZone: string } | null;
  warnAt: { usd: number; timeZone: string } | null;
}

/** Now's day in a zone. */
function dayIn(timeZone: string): LedgerDay {
  return ledgerDayOf(ledgerSlot(Date.now(), null), timeZone);
}

async function todayOf(
  store: Store,
  { task }: RunRow,
  { dayCapNano }: Control,
  { maxDailyCost, warnAt }: DaySettings,
): Promise<Progress['today']> {
  const timeZone = dayCapNano !== null ? task.timeZone : (maxDailyCost ?? warnAt)?.timeZone;
  if (timeZone === undefined) return null;
  const { from, to } = dayIn(timeZone);
  const maxCostUsd = dayCapNano !== null ? nanoToUsd(dayCapNano) : (maxDailyCost?.usd ?? null);
  return { costUsd: nanoToUsd(await store.chargedIn(from, to)), maxCostUsd };
}

async function warningsOf(store: Store, { task }: RunRow, totals: RunTotals, { warnAt }: DaySettings): Promise<SpendWarning[]> {
  const warnings: SpendWarning[] = [];
  const ofRun = totals.settledNano + totals.doubtfulNano;
  if (typeof task.warnAt === 'number' && ofRun >= usdToNano(task.warnAt)) {
    const message = `the run has cost ${formatUsd(ofRun)}: warn_at is ${formatUsd(usdToNano(task.warnAt))}`;
    warnings.push({ key: 'warn_at', message });
  }
  if (warnAt === null) return warnings;
  const { from, to } = dayIn(warnAt.timeZone);
  const ofDay = await store.chargedIn(from, to);
  if (ofDay < usdToNano(warnAt.usd)) return warnings;
  const message = `all runs of today have cost ${formatUsd(ofDay)}: SWARM_WARN_AT is ${formatUsd(usdToNano(warnAt.usd))}`;
  return [...warnings, { key: 'SWARM_WARN_AT', message }];
}

export async function spendOf(
  store: Store,
  run: RunRow,
  { totals, control }: { totals: RunTotals; control: Control },
  settings: DaySettings,
): Promise<Pick<Progress, 'today' | 'warnings'>> {
  return {
    today: await todayOf(store, run, control, settings),
    warnings: await warningsOf(store, run, totals, settings),
  };
}
