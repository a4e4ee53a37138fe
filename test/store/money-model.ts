/** The money rules in a few lines of memory: what the store must agree with, whatever happens in whatever order. */
import type { Capped, IntentResult } from '../../src/store/port/intents.js';
import type { CallState, RunTotals } from '../../src/store/port/store.js';

interface Attempt {
  state: CallState;
  owner: string;
  reserved: number;
  cost: number;
  isTry: boolean;
  late?: boolean;
}

/** A step of a random history. `row` has one turn; `attempt` counts from the newest back. */
export type Step =
  | { kind: 'intend'; row: number; process: number; reserved: number }
  | { kind: 'settle'; row: number; attempt: number; cost: number; ends: boolean }
  | { kind: 'refuse'; row: number; attempt: number; limited: boolean }
  | { kind: 'spend'; row: number; attempt: number; cost: number; isTry: boolean }
  | { kind: 'doubt'; row: number; attempt: number; isTry: boolean; ends: boolean }
  | { kind: 'crash'; process: number };

export interface ModelCaps {
  call: number | null;
  row: number | null;
  run: number;
  /** Of the control row, and of the process. */
  day: number | null;
  home: number | null;
}

export class MoneyModel {
  readonly rows: Attempt[][];
  readonly outcomes = new Set<number>();
  readonly #lives: number[];
  #limited = 0;

  /** @param name Makes the owners' ids unique: each process has one of its own. */
  constructor(
    readonly name: string,
    rows: number,
    processes: number,
    readonly caps: ModelCaps,
    readonly until: number,
  ) {
    this.rows = Array.from({ length: rows }, () => []);
    this.#lives = Array.from({ length: processes }, () => 1);
  }

  owner(process: number): string {
    return `${this.name}/p${process}-${this.#lives[process]}`;
  }

  /** The attempt that a step means: 1-based, 0 when the row has none. */
  attemptOf(row: number, back: number): number {
    const count = this.rows[row]?.length ?? 0;
    return count === 0 ? 0 : count - (back % count);
  }

  #sum(state: CallState): number {
    return this.rows.flat().reduce((sum, attempt) => sum + (attempt.state === state ? attempt.reserved : 0), 0);
  }

  #count(...states: CallState[]): number {
    return this.rows.flat().filter((attempt) => states.includes(attempt.state)).length;
  }

  /** What one row is charged with. */
  ofRow(row: number): number {
    const held = (this.rows[row] ?? []).filter(({ state }) => state === 'intent' || state === 'doubtful');
    const costs = (this.rows[row] ?? []).map(({ cost }) => cost);
    return [...costs, ...held.map(({ reserved }) => reserved)].reduce((sum, nano) => sum + nano, 0);
  }

  held(): number {
    return this.rows.reduce((sum, _, row) => sum + this.ofRow(row), 0);
  }

  /** All runs of the day are this one. */
  #capped(row: number, reserved: number): Capped | null {
    const open = this.#sum('intent');
    const { caps, until } = this;
    const heldNano = this.#sum('doubtful');
    const held = (this.rows[row] ?? []).filter(({ state }) => state === 'intent' || state === 'doubtful');
    const heldOfRow = held.reduce((sum, { reserved: nano }) => sum + nano, 0);
    const passed = [
      { cap: 'call' as const, capNano: caps.call, charged: 0, open: 0, heldNano: 0, until: null },
      { cap: 'row' as const, capNano: caps.row, charged: this.ofRow(row), open: 0, heldNano: heldOfRow, until: null },
      { cap: 'run' as const, capNano: caps.run, charged: this.held(), open, heldNano, until: null },
      { cap: 'day' as const, capNano: caps.day, charged: this.held(), open, heldNano, until },
      { cap: 'home' as const, capNano: caps.home, charged: this.held(), open, heldNano, until },
    ].flatMap(({ cap, capNano, charged, open: back, heldNano: held, until: end }) => {
      if (capNano === null || charged + reserved <= capNano) return [];
      const shortNano = charged + reserved - capNano;
      return [{ kind: 'capped' as const, cap, capNano, shortNano, heldNano: held, final: shortNano > back, until: end }];
    });
    return passed.find(({ final }) => final) ?? passed.sort((a, b) => b.shortNano - a.shortNano)[0] ?? null;
  }

  intend(row: number, process: number, reserved: number): IntentResult {
    const attempts = this.rows[row]!;
    const last = attempts.at(-1);
    const owner = this.owner(process);
    if (attempts.some((attempt) => attempt.state === 'answered')) return { kind: 'answered' };
    if (last && this.outcomes.has(row)) return { kind: 'done' };
    // Crashes end their calls at once here, so an open call is always one of a live process.
    if (last?.state === 'intent') return { kind: 'elsewhere', owner: last.owner };
    const capped = this.#capped(row, reserved);
    if (capped) return capped;
    attempts.push({ state: 'intent', owner, reserved, cost: 0, isTry: false });
    return { kind: 'go', attempt: attempts.length };
  }

  settle(row: number, attempt: number, cost: number, ends: boolean): 'used' | 'late' {
    const attempts = this.rows[row]!;
    const call = attempts[attempt - 1]!;
    if (call.state === 'intent' || call.state === 'doubtful') {
      // The first attempt is the only one while it is open; the outcome of a seed without an answer may come first all the same.
      const alone = call.state === 'intent' && attempt === 1;
      if (call.late || (!alone && (this.outcomes.has(row) || attempts.some(({ state }) => state === 'answered')))) {
        call.state = 'doubtful';
        // Told again it is the same answer: its cost is known.
        if (!call.late) call.reserved = cost;
        call.late = true;
        return 'late';
      }
      call.state = 'answered';
      call.cost = cost;
    }
    if (call.state !== 'answered') return 'late';
    if (ends) this.outcomes.add(row);
    return 'used';
  }

  refuse(row: number, attempt: number, limited: boolean): void {
    const call = this.rows[row]![attempt - 1]!;
    if (call.state !== 'intent' && call.state !== 'doubtful') return;
    call.state = limited ? 'limited' : 'failed';
    call.isTry ||= !limited;
    if (limited) this.#limited += 1;
  }

  /** True when the call has ended so. */
  isSpent(row: number, attempt: number): boolean {
    return this.rows[row]![attempt - 1]!.state === 'superseded';
  }

  spend(row: number, attempt: number, cost: number, isTry: boolean): void {
    const call = this.rows[row]![attempt - 1]!;
    if (call.state !== 'intent' && call.state !== 'doubtful') return;
    call.state = 'superseded';
    call.cost = cost;
    call.isTry ||= isTry;
  }

  doubt(row: number, attempt: number, isTry: boolean, ends: boolean): void {
    const call = this.rows[row]![attempt - 1]!;
    if (call.state === 'intent') {
      call.state = 'doubtful';
      call.isTry = isTry;
    }
    if (ends) this.outcomes.add(row);
  }

  crash(process: number): void {
    const owner = this.owner(process);
    for (const call of this.rows.flat()) if (call.state === 'intent' && call.owner === owner) call.state = 'doubtful';
    this.#lives[process]! += 1;
  }

  totals(): Partial<RunTotals> {
    return {
      ok: this.outcomes.size,
      seq: this.outcomes.size,
      calls: this.#count('answered', 'superseded'),
      tries: this.rows.flat().filter((attempt) => attempt.isTry).length,
      limited: this.#limited,
      doubtful: this.#count('doubtful'),
      open: this.#count('intent'),
      settledNano: this.rows.flat().reduce((sum, attempt) => sum + attempt.cost, 0),
      reservedNano: this.#sum('intent'),
      doubtfulNano: this.#sum('doubtful'),
    };
  }
}
