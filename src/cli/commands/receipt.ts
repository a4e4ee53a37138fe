import { resolve } from 'node:path';
import type { StoreReader } from '../../client/reader.js';
import { EXIT } from '../../core/errors.js';
import { formatUsd, plural } from '../../core/format.js';
import { nanoToUsd } from '../../core/money/price.js';
import { isRow } from '../../core/phases.js';
import type { ReconcilePlan } from '../../runs/reconcile.js';
import type { Receipt, Verification } from '../../runs/results.js';
import { canAsk, saysYes } from '../ask.js';
import { type Session, terminalWidth } from '../session.js';
import { recordTables } from '../view/record-tables.js';
import { safeLine } from '../view/safe-text.js';

export interface ReceiptFlags {
  json?: boolean;
  verify?: boolean;
  reconcile?: string;
  yes?: boolean;
}

/** `swarm receipt RUN`: what it did and what it cost. Reads the store only, but for --reconcile. */
export async function receipt(session: Session, [run = '']: readonly string[], flags: ReceiptFlags): Promise<number> {
  if (flags.verify) return await verify(session, run, flags);
  const { reconcile } = flags;
  if (reconcile !== undefined)
    return await session.reading((reader) => reconciled(session, reader, run, { ...flags, reconcile }));
  const found = await session.reading((reader) => reader.receipt(run));
  const { stdout } = session.context;
  if (flags.json) await session.json(found);
  else {
    for (const line of recordTables(withoutTiers(found), terminalWidth(stdout))) session.print(line);
    for (const line of exceedingLines(found)) session.print(line, 'warning');
  }
  return EXIT.ok;
}

/** The table has the role of each line; `tier` says the same to programs of before. */
function withoutTiers(receipt: Receipt): object {
  const lines = receipt.money.by_model.map(({ model, tier, role = tier, ...line }) => ({ model, role, ...line }));
  return { ...receipt, money: { ...receipt.money, by_model: lines } };
}

/** What "never passes a cap" means where a provider bills more than it was asked for. */
function exceedingLines({ calls, money }: Receipt): string[] {
  // Not in a receipt of an older version.
  const { exceeding = 0 } = calls;
  if (exceeding === 0) return [];
  const over = formatUsd(money.exceeding_usd);
  return [
    '',
    `${plural(exceeding, 'answer')} cost ${over} more than could be reserved: longer than worker_max_tokens, or dearer than the price. By as much a cap may be passed.`,
  ];
}

function differenceLine({ where, what, expected, found }: Verification['differences'][number]): string {
  const show = (value: number | string) =>
    typeof value === 'number' && /^ledger |money|doubtful call|cost_usd/.test(what) ? formatUsd(nanoToUsd(value)) : String(value);
  return safeLine(`${where}: ${what} is ${show(found)}, by the single calls ${show(expected)}`);
}

/** Ends with 1 when anything differs. */
async function verify(session: Session, run: string, flags: ReceiptFlags): Promise<number> {
  const found = await session.reading((reader) => reader.verify(run));
  const { calls, rows, files, differences } = found;
  if (flags.json) await session.json(found);
  else {
    for (const difference of differences) session.print(differenceLine(difference), 'bad');
    const looked = `${plural(calls, 'call')}, ${plural(rows, 'row')} and ${plural(files, 'file')} of run ${run} were counted anew`;
    session.print(
      differences.length === 0 ? `${looked}: everything adds up.` : `${looked}: ${plural(differences.length, 'difference')}.`,
    );
  }
  return differences.length === 0 ? EXIT.ok : EXIT.failedRows;
}

function tellPlan(session: Session, plan: ReconcilePlan): void {
  for (const { index, phase, turn, attempt, reserved_usd, becomes, cost_usd, why } of plan.calls) {
    const call = `${isRow(index) ? `row ${index}` : `phase ${phase}`}, turn ${turn}, attempt ${attempt}, ${formatUsd(reserved_usd)} reserved`;
    const what = { settled: `settled at ${formatUsd(cost_usd ?? 0)}`, released: 'released', doubtful: 'stays doubtful' }[becomes];
    session.print(safeLine(`${call}: ${what} (${why})`));
  }
  const count = (what: ReconcilePlan['calls'][number]['becomes']) => plan.calls.filter(({ becomes }) => becomes === what).length;
  session.say(
    `The export was read as ${plan.form}; it lists ${plan.found} of the ${plan.answered} answered calls in its time. ` +
      `${plural(count('settled'), 'call')} to settle, ${count('released')} to release, ${count('doubtful')} stay doubtful.`,
  );
}

async function mayWrite({ context }: Session, yes: boolean): Promise<boolean> {
  return yes || (canAsk(context) && (await saysYes(context, 'Write this to the store?')));
}

async function reconciled(
  session: Session,
  reader: StoreReader,
  run: string,
  flags: ReceiptFlags & { reconcile: string },
): Promise<number> {
  const file = resolve(session.context.cwd, flags.reconcile);
  const plan = await reader.planReconcile(run, file);
  if (!flags.json && plan.calls.length > 0) tellPlan(session, plan);
  const any = plan.calls.some(({ becomes }) => becomes !== 'doubtful');
  const write = any && (await mayWrite(session, flags.yes === true));
  const done = write ? await reader.applyReconcile(run, file) : null;
  if (flags.json) await session.json({ ...plan, written: done !== null });
  if (plan.calls.length === 0) session.say(`Run ${run} has no doubtful calls.`);
  else if (!any) session.say('Nothing follows from the export without a guess: nothing was written.');
  else if (done === null) session.say('Nothing was written; --yes writes it.');
  else session.say(`Written: ${plural(done.settled, 'call')} settled, ${done.released} released.`);
  return EXIT.ok;
}
