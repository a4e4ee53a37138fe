/** What people are told of the money of a run and of its day, beside its own sums. */
import { formatUsd } from '../core/format.js';
import type { NanoUsd } from '../core/model.js';
import { ledgerDayOf, ledgerSlot } from '../core/money/ledger-slot.js';
import { dayCap, isSimulated, nanoToUsd, usdToNano } from '../core/money/price.js';
import type { Control, RunRow, RunTotals, Store } from '../store/port/store.js';
import type { Progress, SpendWarning } from './progress.js';

/** As the environment of this program has them (`Config`). */
export interface DaySettings {
  maxDailyCost: { usd: number; timeZone: string } | null;
  warnAt: { usd: number; timeZone: string } | null;
}

/** What all runs are charged with today: each day is read once, however many ask. For one look at one or several runs. */
export class DaySums {
  readonly #store: Pick<Store, 'chargedIn'>;
  readonly #read = new Map<string, Promise<NanoUsd>>();

  constructor(store: Pick<Store, 'chargedIn'>) {
    this.#store = store;
  }

  /** Now's day in a zone. */
  today(timeZone: string): Promise<NanoUsd> {
    const { from, to } = ledgerDayOf(ledgerSlot(Date.now(), null), timeZone);
    const day = `${from} ${to}`;
    const sum = this.#read.get(day) ?? this.#store.chargedIn(from, to);
    this.#read.set(day, sum);
    return sum;
  }
}

/** What the sums of a run are told by. */
export interface Spent {
  totals: RunTotals;
  control: Control;
  sums: DaySums;
}

async function todayOf(
  { task }: RunRow,
  { control: { dayCapNano, startCap }, sums }: Spent,
  settings: DaySettings,
): Promise<Progress['today']> {
  // Simulated money is in no sum of a day.
  if (isSimulated(task.model)) return null;
  const own = dayCapNano === null ? null : { capNano: dayCapNano, timeZone: task.timeZone };
  const caps = [own, startCap, dayCap(settings)].filter((cap) => cap !== null);
  const looks = caps.map(async ({ capNano, timeZone }) => ({ capNano, spentNano: await sums.today(timeZone) }));
  const [strictest] = (await Promise.all(looks)).sort((a, b) => a.capNano - a.spentNano - (b.capNano - b.spentNano));
  if (strictest) return { costUsd: nanoToUsd(strictest.spentNano), maxCostUsd: nanoToUsd(strictest.capNano) };
  const { warnAt } = settings;
  return warnAt && { costUsd: nanoToUsd(await sums.today(warnAt.timeZone)), maxCostUsd: null };
}

async function warningsOf({ task }: RunRow, { totals, sums }: Spent, { warnAt }: DaySettings): Promise<SpendWarning[]> {
  const warnings: SpendWarning[] = [];
  const ofRun = totals.settledNano + totals.doubtfulNano;
  if (typeof task.warnAt === 'number' && ofRun >= usdToNano(task.warnAt)) {
    const message = `the run has cost ${formatUsd(nanoToUsd(ofRun))}: warn_at is ${formatUsd(task.warnAt)}`;
    warnings.push({ key: 'warn_at', message });
  }
  if (warnAt === null) return warnings;
  const ofDay = await sums.today(warnAt.timeZone);
  if (ofDay < usdToNano(warnAt.usd)) return warnings;
  const message = `all runs of today have cost ${formatUsd(nanoToUsd(ofDay))}: SWARM_WARN_AT is ${formatUsd(warnAt.usd)}`;
  return [...warnings, { key: 'SWARM_WARN_AT', message }];
}

export async function spendOf(run: RunRow, spent: Spent, settings: DaySettings): Promise<Pick<Progress, 'today' | 'warnings'>> {
  return { today: await todayOf(run, spent, settings), warnings: await warningsOf(run, spent, settings) };
}
