/**
 * What must hold after every scenario, whatever was done to the processes:
 * - every row once, as ok or as failed; all files whole and equal, byte for byte, to those of an undisturbed run;
 * - by the provider's own log: every call that was needed was made; paid again at most what was in flight when a process that held sockets
 *   died or its connections were cut, and nothing at all when it was another process; all of it on our list of doubtful calls;
 * - the provider's bill is no more than our ledger says.
 */
import { LATE } from '../../src/store/sql/doubt-charge.js';
import { known } from '../support/known.js';

import { type ProviderCall, paidTwice, rowOf, spentUsd } from '../support/provider.js';
import type { RunFolder } from '../support/run-folder.js';
import { seedsOf } from './rows.js';
import { type Expected, failedFacts } from './undisturbed.js';

/** Something that was done to the processes. */
export interface Blow {
  /** For people: `host`, `cli`, ... */
  what: string;
  /** From the first signal to the end of the last process that it was meant for, ms since the Unix epoch. */
  from: number;
  until: number;
  /** True when a process that holds connections to the provider died, or the connections were cut: their calls are in doubt. */
  sockets: boolean;
  /** The process was stopped and lives on: it may have been taken for dead meanwhile. */
  stalled?: boolean;
}

export interface Evidence {
  expected: Expected;
  out: RunFolder;
  calls: readonly ProviderCall[];
  blows: readonly Blow[];
}

export interface Findings {
  broken: string[];
  lost: number;
  doubled: number;
  paidAgain: number;
  /** Calls in flight at the blows to processes that held sockets, by the provider's log: open, or answered but perhaps not stored yet. */
  inFlight: number;
  /** Those of them that were open at the provider. */
  openAtBlows: number;
  doubtful: number;
}

/**
 * An answer is stored this long after the provider sent it, at most. By PostgreSQL's commit times of 1,600 answers to three processes: 13 to
 * 23 ms in the middle; beside six busy loops on two cores up to 0.7 s for every hundredth, 994 ms at most.
 */
const STORING_MS = 1_500;
/** A request that lay in a socket when its sender died is booked this much later, at most. */
const ARRIVING_MS = 1_000;
/** And this much, when its answer went out before the provider saw that nobody reads it. */
const ARRIVING_ANSWERED_MS = 100;

/** Open at the provider in the time of the blow, or not over for longer than `storingMs` before it. */
function isInFlight({ t, end, endedAt }: ProviderCall, { from, until }: Blow, storingMs: number): boolean {
  const arrived = t <= until + (end === 'sent' ? ARRIVING_ANSWERED_MS : ARRIVING_MS);
  return arrived && (endedAt === null || endedAt > from - storingMs);
}

function count<T>(items: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

function sumUsd(amounts: readonly number[]): number {
  return Math.round(amounts.reduce((sum, amount) => sum + amount * 1e9, 0)) / 1e9;
}

const few = (items: readonly unknown[]): string => `${items.slice(0, 5).join(', ')}${items.length > 5 ? ', ...' : ''}`;

export function check({ expected, out, calls, blows }: Evidence): Findings {
  const broken: string[] = [];
  const holds = (what: string, held: boolean): void => {
    if (!held) broken.push(what);
  };
  const none = { lost: expected.rows, doubled: 0, paidAgain: 0, inFlight: 0, openAtBlows: 0, doubtful: 0 };
  for (const name of ['output.jsonl', 'failed.jsonl', 'receipt.json']) holds(`${name} is missing`, out.has(name));
  if (broken.length > 0) return { broken, ...none };

  const { counts, calls: counted, money, doubtful_calls } = out.receipt();
  const times = count([...out.ok(), ...out.failed()].map(({ index }) => index));
  const lost = Array.from({ length: expected.rows }, (_, index) => index).filter((index) => !times.has(index));
  const doubled = [...times].filter(([, rows]) => rows > 1).map(([index]) => index);
  holds(`lost rows: ${few(lost)}`, lost.length === 0);
  holds(`rows more than once: ${few(doubled)}`, doubled.length === 0);
  holds('output.jsonl differs from that of an undisturbed run', out.bytes().equals(expected.output));
  holds('failed rows differ', JSON.stringify(out.failed().map(failedFacts)) === JSON.stringify(expected.failed));
  holds('output.partial.jsonl is still there', !out.has('output.partial.jsonl'));
  const { rows, failed } = { rows: expected.rows, failed: expected.failed.length };
  const whole = { total: rows, ok: rows - failed, failed, filtered: 0, pending: 0 };
  holds(`receipt counts ${JSON.stringify(counts)}`, JSON.stringify(counts) === JSON.stringify(whole));
  holds(`${counted.open} calls are open in the receipt`, counted.open === 0);
  holds(`${counted.answered} answers for ${expected.calls} turns`, counted.answered === expected.calls);

  const billed = calls.filter((call) => call.billed);
  const needed = new Set(billed.map(({ row, turn }) => `${row}/${turn}`));
  holds(`${needed.size} different calls were made, ${expected.calls} needed`, needed.size === expected.calls);
  const again = paidTwice(billed);
  const deadly = blows.filter(({ sockets }) => sockets);
  const atBlows = (storingMs: number) =>
    new Set(billed.filter((call) => deadly.some((blow) => isInFlight(call, blow, storingMs))).map(({ n }) => n));
  const inFlight = atBlows(STORING_MS);
  holds(`${again.length} calls paid again, ${inFlight.size} were in flight at the blows`, again.length <= inFlight.size);
  const struck = new Set(billed.filter(({ n }) => inFlight.has(n)).map(({ row, turn }) => `${row}/${turn}`));
  const unstruck = again.map(({ row, turn }) => `${row}/${turn}`).filter((key) => !struck.has(key));
  holds(`paid again though no blow struck them: ${few(unstruck)}`, unstruck.length === 0);
  const prompts = seedsOf(expected.rows);
  const doubtful = new Set(doubtful_calls.map(({ index, turn }) => `${rowOf(prompts[index] as string)}/${turn}`));
  const unlisted = again.filter(({ row, turn }) => !doubtful.has(`${row}/${turn}`));
  holds(
    `paid again and not listed as doubtful: ${few(unlisted.map(({ row, turn }) => `${row}/${turn}`))}`,
    unlisted.length === 0,
  );
  const late = doubtful_calls.filter(({ code }) => code === LATE).map(({ id, turn }) => `${id}/${turn}`);
  holds(
    `their process lived and was taken for dead: ${few(late)}`,
    late.length === 0 || blows.some(({ stalled }) => stalled === true),
  );
  const bill = spentUsd(billed);
  holds(`the provider's bill ${bill} is above the ledger ${money.total_usd}`, bill <= known(money.total_usd) + 1e-9);
  holds(`${money.reserved_usd} USD are still reserved`, money.reserved_usd === 0);
  const settled = sumUsd([...out.ok(), ...out.failed()].map((row) => row.cost_usd));
  const open = sumUsd(doubtful_calls.map((call) => known(call.reserved_usd)));
  holds(`the ledger settled ${money.settled_usd}, the rows cost ${settled}`, money.settled_usd === settled);
  holds(`the ledger doubts ${money.doubtful_usd}, the doubtful calls ${open}`, money.doubtful_usd === open);
  holds(`the ledger's total is ${money.total_usd}`, money.total_usd === sumUsd([settled, open]));
  return {
    broken,
    lost: lost.length,
    doubled: doubled.length,
    paidAgain: again.length,
    inFlight: inFlight.size,
    openAtBlows: atBlows(0).size,
    doubtful: doubtful_calls.length,
  };
}
