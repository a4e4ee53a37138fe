/** Rows of a run in input order, a page at a time; pages shrink when rows are large, so that memory stays flat. */
import type { Outcome } from '../core/model.js';
import type { OutputRow, Store } from '../store/port/store.js';

/** What the writers read of the store. */
export type OutputReader = Pick<
  Store,
  | 'run'
  | 'totals'
  | 'control'
  | 'outputRows'
  | 'doubtfulCalls'
  | 'spendByModel'
  | 'seeds'
  | 'calls'
  | 'outcomesAfter'
  | 'okPlace'
  | 'taskVersions'
>;

export const FIRST_PAGE_ROWS = 500;
const MOST_PAGE_ROWS = 1_000;
/** Characters of answers in a page. */
const PAGE_CHARS = 4 * 1024 * 1024;

/** Rows of the next page, from the size of the last one. */
export function nextPageRows(rows: number, chars: number): number {
  if (rows === 0) return FIRST_PAGE_ROWS;
  const fitting = Math.floor(PAGE_CHARS / (chars / rows + 1));
  return Math.max(1, Math.min(MOST_PAGE_ROWS, fitting, rows * 4));
}

/** Pages are never empty. */
export async function* rowPages(store: OutputReader, runId: string, status: Outcome['status']): AsyncGenerator<OutputRow[]> {
  let from = 0;
  let limit = FIRST_PAGE_ROWS;
  for (;;) {
    const page = await store.outputRows(runId, { status, from, limit });
    const last = page.at(-1);
    if (!last) return;
    yield page;
    // A short page is the last one: `limit` rows were asked for.
    if (page.length < limit) return;
    from = last.index + 1;
    limit = nextPageRows(
      page.length,
      page.reduce((sum, row) => sum + (row.output?.length ?? 0), 0),
    );
  }
}
