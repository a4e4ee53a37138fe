/** Reads of what calls cost. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import { addUsage, type NanoUsd } from '../../core/model.js';
import type { Excess } from '../../core/money/excess.js';
import type { LedgerSlot } from '../../core/money/ledger-slot.js';
import { spentOf, sumOf } from '../../core/money/price.js';
import type { Charged } from '../../core/money/reservation.js';
import { BESIDE_ROWS } from '../../core/phases.js';
import type { LedgerRecount, ModelSpend, MoneyStore } from '../port/money.js';
import type { CallRow, CallState } from '../port/store.js';
import { PAID } from './paid-calls.js';
import type { ReadConnection } from './read-connection.js';
import { readCall } from './rows.js';
import type { Row, Statement } from './statements.js';

/** An answered call that cost more than was reserved for it; without a price nothing was. */
const EXCEEDING = sql`reserved_nano > 0 AND cost_nano > reserved_nano`;

/** Rows whose calls are summed at once: keeps the pauses of a synchronous driver short. */
const SPEND_ROWS = 5_000;

/** One statement, so that both sides are of the same moment. Refused calls cost nothing; a spent answer was paid for, too. */
const LEDGER_RECOUNT: Statement = {
  name: 'ledgerRecount',
  text: `SELECT slot, CAST(SUM(call_settled) AS BIGINT) AS call_settled, CAST(SUM(call_reserved) AS BIGINT) AS call_reserved,
    CAST(SUM(call_doubtful) AS BIGINT) AS call_doubtful, CAST(SUM(settled) AS BIGINT) AS settled,
    CAST(SUM(reserved) AS BIGINT) AS reserved, CAST(SUM(doubtful) AS BIGINT) AS doubtful FROM
    (SELECT ledger_slot AS slot, CASE WHEN state IN ('answered', 'superseded') THEN cost_nano ELSE 0 END AS call_settled,
      CASE WHEN state = 'intent' THEN reserved_nano ELSE 0 END AS call_reserved,
      CASE WHEN state = 'doubtful' THEN reserved_nano ELSE 0 END AS call_doubtful, 0 AS settled, 0 AS reserved, 0 AS doubtful
      FROM calls WHERE ledger_slot >= CAST(?1 AS BIGINT) AND ledger_slot < CAST(?2 AS BIGINT)
    UNION ALL SELECT slot, 0, 0, 0, settled_nano, reserved_nano, doubtful_nano
      FROM ledger WHERE slot >= CAST(?1 AS BIGINT) AND slot < CAST(?2 AS BIGINT)) AS both_sides
    GROUP BY slot ORDER BY slot`,
};

function recounted(row: Row): LedgerRecount {
  const charged = (prefix: string): Charged => ({
    settledNano: Number(row[`${prefix}settled`]),
    reservedNano: Number(row[`${prefix}reserved`]),
    doubtfulNano: Number(row[`${prefix}doubtful`]),
  });
  return { slot: Number(row['slot']), calls: charged('call_'), booked: charged('') };
}

export class MoneyReader implements MoneyStore {
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
    const lines = new Map<string, ModelSpend>();
    for (
      let from: number | null = await this.#nextCall(runId, BESIDE_ROWS.from);
      from !== null;
      from = await this.#nextCall(runId, from)
    ) {
      for (const part of await this.#spendOf(runId, from, from + SPEND_ROWS)) {
        const key = `${part.model} ${part.role}`;
        const sum = lines.get(key);
        if (sum) {
          sum.calls += part.calls;
          sum.usage = addUsage(sum.usage, part.usage);
          sum.costNano = sumOf(sum.costNano, part.costNano);
          sum.unmetered = {
            calls: sum.unmetered.calls + part.unmetered.calls,
            costNano: sumOf(sum.unmetered.costNano, part.unmetered.costNano),
          };
          sum.exceeding = {
            calls: sum.exceeding.calls + part.exceeding.calls,
            overNano: sum.exceeding.overNano + part.exceeding.overNano,
          };
        } else lines.set(key, part);
      }
      from += SPEND_ROWS;
      await nextTurn();
    }
    return [...lines.values()].sort((a, b) => (a.model < b.model || (a.model === b.model && a.role < b.role) ? -1 : 1));
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

  async excess(modelKey: string): Promise<Excess | null> {
    const query = this.#connection.kysely.selectFrom('excesses').select('excess_json').where('model_key', '=', modelKey);
    const row = await query.executeTakeFirst();
    return row ? JSON.parse(row.excess_json) : null;
  }

  async bookedIn(runId: string): Promise<LedgerSlot[]> {
    const rows = await this.#connection.kysely
      .selectFrom('calls')
      .select('ledger_slot')
      .distinct()
      .where('run_id', '=', runId)
      .where('ledger_slot', 'is not', null)
      .orderBy('ledger_slot')
      .execute();
    return rows.map(({ ledger_slot }) => Number(ledger_slot));
  }

  async recountLedger(from: LedgerSlot, to: LedgerSlot): Promise<LedgerRecount[]> {
    return (await this.#connection.query(LEDGER_RECOUNT, [from, to])).map(recounted);
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
        'role',
        select.fn.countAll<number>().as('calls'),
        select.fn.sum<number>('cost_nano').as('cost'),
        select.fn.count<number>('input_tokens').as('metered'),
        select.fn.sum<number | null>('cost_nano').filterWhere('input_tokens', 'is', null).as('unmetered_cost'),
        select.fn.sum<number>('unpriced').as('unpriced'),
        select.fn.sum<number | null>('unpriced').filterWhere('input_tokens', 'is', null).as('unmetered_unpriced'),
        sql<number>`SUM(CASE WHEN ${EXCEEDING} THEN 1 ELSE 0 END)`.as('exceeding'),
        sql<number>`CAST(SUM(CASE WHEN ${EXCEEDING} THEN cost_nano - reserved_nano ELSE 0 END) AS BIGINT)`.as('over'),
        select.fn.sum<number | null>('input_tokens').as('input'),
        select.fn.sum<number | null>('cached_tokens').as('cached'),
        select.fn.sum<number | null>('output_tokens').as('output'),
        select.fn.sum<number | null>('reasoning_tokens').as('reasoning'),
      ])
      .where('run_id', '=', runId)
      .where('idx', '>=', from)
      .where('idx', '<', to)
      .where('state', 'in', PAID)
      .groupBy(['served_model', 'role'])
      .execute();
    return rows.map((row) => ({
      model: row.served_model ?? '',
      role: row.role,
      calls: row.calls,
      usage: { input: row.input ?? 0, cached: row.cached ?? 0, output: row.output ?? 0, reasoning: row.reasoning ?? 0 },
      costNano: spentOf({ settledNano: row.cost, unpriced: row.unpriced }),
      unmetered: {
        calls: row.calls - row.metered,
        costNano: spentOf({ settledNano: row.unmetered_cost ?? 0, unpriced: row.unmetered_unpriced ?? 0 }),
      },
      exceeding: { calls: Number(row.exceeding), overNano: Number(row.over) },
    }));
  }
}
