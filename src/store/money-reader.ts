/** Reads of what calls cost. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { LedgerSlot } from '../core/gate/ledger-slot.js';
import { addUsage, type NanoUsd, NO_USAGE } from '../core/model.js';
import { PAID } from './paid-calls.js';
import type { CallRow, CallState, ModelSpend } from './port.js';
import type { ReadConnection } from './read-connection.js';
import { readCall } from './rows.js';

/** Rows whose calls are summed at once: keeps the pauses of a synchronous driver short. */
const SPEND_ROWS = 5_000;

export class MoneyReader {
  readonly #connection: ReadConnection;

  constructor(connection: ReadConnection) {
    this.#connection = connection;
  }

  async doubtfulCalls(runId: string): Promise<CallRow[]> {
    const rows = await this.#connection.kysely
      .selectFrom('calls')
      .selectAll()
      .where('run_id', '=', runId)
      .where('state', '=', sql.lit<CallState>('doubtful'))
      .orderBy('idx')
      .orderBy('turn')
      .orderBy('attempt')
      .execute();
    return rows.map(readCall);
  }

  async spendByModel(runId: string): Promise<ModelSpend[]> {
    const byModel = new Map<string, ModelSpend>();
    for (let from: number | null = await this.#nextCall(runId, 0); from !== null; from = await this.#nextCall(runId, from)) {
      for (const part of await this.#spendOf(runId, from, from + SPEND_ROWS)) {
        const sum = byModel.get(part.model);
        if (sum) {
          sum.calls += part.calls;
          sum.usage = addUsage(sum.usage, part.usage);
          sum.costNano += part.costNano;
        } else byModel.set(part.model, part);
      }
      from += SPEND_ROWS;
      await nextTurn();
    }
    return [...byModel.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
  }

  async chargedIn(from: LedgerSlot, to: LedgerSlot): Promise<NanoUsd> {
    const rows = await this.#connection.kysely
      .selectFrom('ledger')
      .select(['settled_nano', 'reserved_nano', 'doubtful_nano'])
      .where('slot', '>=', from)
      .where('slot', '<', to)
      .execute();
    return rows.reduce((sum, row) => sum + row.settled_nano + row.reserved_nano + row.doubtful_nano, 0);
  }

  /** Lowest index at or above `from` that has a call. */
  async #nextCall(runId: string, from: number): Promise<number | null> {
    const row = await this.#connection.kysely
      .selectFrom('calls')
      .select('idx')
      .where('run_id', '=', runId)
      .where('idx', '>=', from)
      .orderBy('idx')
      .limit(1)
      .executeTakeFirst();
    return row?.idx ?? null;
  }

  async #spendOf(runId: string, from: number, to: number): Promise<ModelSpend[]> {
    const rows = await this.#connection.kysely
      .selectFrom('calls')
      .select((select) => [
        'served_model',
        select.fn.countAll<number>().as('calls'),
        select.fn.sum<number>('cost_nano').as('cost'),
        select.fn.sum<number | null>('input_tokens').as('input'),
        select.fn.sum<number | null>('cached_tokens').as('cached'),
        select.fn.sum<number | null>('output_tokens').as('output'),
        select.fn.sum<number | null>('reasoning_tokens').as('reasoning'),
      ])
      .where('run_id', '=', runId)
      .where('idx', '>=', from)
      .where('idx', '<', to)
      .where('state', 'in', PAID)
      .groupBy('served_model')
      .execute();
    return rows.map((row) => ({
      model: row.served_model ?? '',
      tier: 'worker',
      calls: row.calls,
      usage: addUsage(NO_USAGE, {
        input: row.input ?? 0,
        cached: row.cached ?? 0,
        output: row.output ?? 0,
        reasoning: row.reasoning ?? 0,
      }),
      costNano: row.cost,
    }));
  }
}
