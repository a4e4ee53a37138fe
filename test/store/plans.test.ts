/** No statement looks at rows that it does not need: at a million rows of a run that is the difference of a second and a millisecond. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, SqliteDialect } from 'kysely';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareFile } from '../../src/store/libsql/file.js';
import { Reader } from '../../src/store/sql/reader.js';
import { ROW_CHANGES } from '../../src/store/sql/row-changes.js';
import { insertSeeds, SQL } from '../../src/store/sql/statements.js';
import type { Tables } from '../../src/store/sql/tables.js';

let folder: string;
let database: Database.Database;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'swarm-plans-'));
  await prepareFile(join(folder, 'store.db'));
  database = new Database(join(folder, 'store.db'));
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Tables with a row for each row of a run, by the names that statements give them. */
const LARGE = /^SCAN (seeds|calls|answers|outcomes|items|other|last|[soca])\b/;

function plan(text: string, parameters: readonly unknown[]): string[] {
  return (database.prepare(`EXPLAIN QUERY PLAN ${text}`).all([...parameters]) as { detail: string }[]).map(
    ({ detail }) => detail,
  );
}

const numbered = (text: string) => [...new Set(text.match(/\?\d+/g))].map(() => 1);

describe('writes', () => {
  for (const { name, text } of [...Object.values(SQL), insertSeeds(10), ...ROW_CHANGES]) {
    it(`${name}: no scan of a large table`, () => {
      expect(plan(text, numbered(text)).filter((step) => LARGE.test(step))).toEqual([]);
    });
  }
});

describe('reads', () => {
  const asked: { text: string; parameters: readonly unknown[] }[] = [];
  let reader: Reader;
  beforeAll(() => {
    reader = new Reader({
      kysely: new Kysely<Tables>({
        dialect: new SqliteDialect({ database }),
        log: ({ query }) => {
          asked.push({ text: query.sql, parameters: query.parameters });
        },
      }),
      inList: 'IN (SELECT value FROM json_each(?2))',
      listParameter: (list) => JSON.stringify(list),
      query: async (statement, parameters) => {
        asked.push({ text: statement.text, parameters });
        // A row of two turns: the answers of its earlier turn are asked for, too.
        const row = { outcome_json: '{"index":0,"fromTurn":1,"turns":2}', content_json: '""', answer_json: '""' };
        return statement.name.startsWith('outputRows_') ? [row] : [];
      },
      close: async () => undefined,
    });
  });

  const READS: Record<string, (reader: Reader) => Promise<unknown>> = {
    items: (one) => one.items('r', 1, 0, 10),
    outcome: (one) => one.outcome('r', 1),
    outcomesAfter: (one) => one.outcomesAfter('r', 1, 500),
    okPlace: (one) => one.okPlace('r', 1),
    'ok rows': (one) => one.outputRows('r', { status: 'ok', from: 0, limit: 500 }),
    'failed rows': (one) => one.outputRows('r', { status: 'failed', from: 0, limit: 500 }),
    'filtered rows': (one) => one.outputRows('r', { status: 'filtered', from: 0, limit: 500 }),
    doubtfulCalls: (one) => one.money.doubtfulCalls('r'),
    spendByModel: (one) => one.money.spendByModel('r'),
    firstRows: (one) => one.firstRows('r', 200),
    failures: (one) => one.failures('r'),
    begunRows: (one) => one.begunRows('r', 0, 500),
    waits: (one) => one.waits('r', 1),
    'seeds by range': (one) => one.seeds('r', { from: 0, to: 10 }),
    'calls by list': (one) => one.calls('r', { list: [1, 2] }),
  };
  for (const [name, read] of Object.entries(READS)) {
    it(`${name}: found by a key or an index, nothing sorted in memory`, async () => {
      asked.length = 0;
      await read(reader);
      expect(asked.length).toBeGreaterThan(0);
      const steps = asked.flatMap(({ text, parameters }) => plan(text, parameters));
      expect(steps.filter((step) => LARGE.test(step) || /ORDER BY/.test(step))).toEqual([]);
    });
  }

  it('failed and filtered rows -> by their own index', async () => {
    for (const status of ['failed', 'filtered'] as const) {
      asked.length = 0;
      await reader.outputRows('r', { status, from: 0, limit: 500 });
      const [page] = asked;
      expect(plan(page?.text ?? '', page?.parameters ?? []).join('\n')).toContain(`outcomes_${status}`);
    }
  });
});
