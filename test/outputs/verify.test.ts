import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { publishRun, republishReceipt } from '../../src/outputs/publish.js';
import type { Receipt } from '../../src/outputs/receipt.js';
import { verifyRun } from '../../src/outputs/verify.js';
import type { OutputFormat } from '../../src/schema/task-types.js';
import type { Store } from '../../src/store/port/store.js';
import { aTask } from '../activities/turn-setup.js';
import { answer, intentOf, NOW, openStore, outcomeOf, stagedRun } from '../store/databases.js';

const ROWS = 6;
const VERSIONS = { 'durable-swarm': '1.2.3' };
const PUBLISH = { at: NOW, versions: VERSIONS, messagesOf: () => [] };

let folder: string;
let store: Store;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'swarm-verify-'));
  store = await openStore({ file: join(folder, 'store.db') });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

let out: string;
let run: string;
let runs = 0;
beforeEach(async () => {
  runs += 1;
  run = `r${runs}`;
  // The ledger is of all runs: what an earlier test changed in it or in its calls would be found here.
  changeStore('DELETE FROM ledger; DELETE FROM calls');
  out = mkdtempSync(join(folder, 'out-'));
  await stagedRun(store, run, ROWS);
  await store.updateRun(run, { outputDir: out, task: aTask() });
});

/** Rows that are ok by two models, one that failed, one in doubt, one limited and then ok, one pending. */
async function work(): Promise<void> {
  await answer(store, run, 0, { costNano: 40, outcome: outcomeOf(0) });
  await answer(store, run, 1, { costNano: 60, servedModel: 'other', outcome: outcomeOf(1) });
  await store.intend(intentOf(run, 2));
  const failed = outcomeOf(2, { status: 'failed', cause: 'refused', turns: 0 });
  await store.refuse({
    runId: run,
    index: 2,
    turn: 1,
    attempt: 1,
    kind: 'failed',
    code: 'E_ROW_REFUSED',
    at: NOW,
    outcome: failed,
  });
  await store.intend(intentOf(run, 3));
  await store.doubt({ runId: run, index: 3, turn: 1, attempt: 1, isTry: true, code: 'E_CALL_TIMEOUT', at: NOW });
  await store.intend(intentOf(run, 4));
  await store.refuse({ runId: run, index: 4, turn: 1, attempt: 1, kind: 'limited', code: 'E_RATE_LIMITED', at: NOW });
  await answer(store, run, 4, { costNano: 5, usage: null, outcome: outcomeOf(4) });
}

async function publish(): Promise<void> {
  await publishRun(store, run, PUBLISH);
  await store.updateRun(run, { publishedAt: NOW });
}

/** Changes what the store holds of the run, behind its back. */
function tamper(table: string, sql: string): void {
  const [what, where = 'TRUE'] = sql.split(' WHERE ');
  changeStore(
    `${what === 'DELETE' ? `DELETE FROM ${table}` : `UPDATE ${table} SET ${what}`} WHERE run_id = '${run}' AND ${where}`,
  );
}

function changeStore(sql: string): void {
  const database = new Database(join(folder, 'store.db'));
  database.exec(sql);
  database.close();
}

function tamperReceipt(change: (receipt: Receipt) => void): void {
  const path = join(out, 'receipt.json');
  const receipt = JSON.parse(readFileSync(path, 'utf8')) as Receipt;
  change(receipt);
  writeFileSync(path, JSON.stringify(receipt));
}

const differences = async () =>
  (await verifyRun(store, run, VERSIONS)).differences.map(
    ({ where, what, expected, found }) => `${where}: ${what} ${found}, not ${expected}`,
  );

describe('verifyRun', () => {
  it('nothing done, all done, published, reconciled -> everything adds up', async () => {
    expect(await verifyRun(store, run, VERSIONS)).toEqual({ run: run, calls: 0, rows: 0, files: 0, differences: [] });
    await work();
    expect(await differences()).toEqual([]);
    await publish();
    expect(await verifyRun(store, run, VERSIONS)).toEqual({ run: run, calls: 6, rows: 4, files: 2, differences: [] });
    const settled = [{ index: 3, turn: 1, attempt: 1, costNano: 33, model: 'm', usage: null }];
    await store.reconcile({ runId: run, settled, released: [], at: NOW });
    expect(await differences()).toContain('receipt.json: calls.doubtful 1, not 0');
    await republishReceipt(store, run, PUBLISH);
    expect(await differences()).toEqual([]);
  });

  it('an unknown run -> E_RUN_UNKNOWN', async () => {
    await expect(verifyRun(store, 'nobody', VERSIONS)).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
  });

  it('calls that end all the time -> E_RUN_BUSY', async () => {
    let seq = 0;
    const moving = new Proxy(store, {
      get: (target, key) =>
        key === 'totals'
          ? async () => ({ ...(await target.totals(run)), seq: ++seq })
          : (target as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>)[key]?.bind(target),
    });
    await expect(verifyRun(moving, run, VERSIONS)).rejects.toMatchObject({ code: 'E_RUN_BUSY' });
  });

  it.each([
    ['a cost', 'calls', "cost_nano = 41 WHERE idx = 0 AND state = 'answered'", 'store: money.settled 105, not 106'],
    ['a sum', 'run_totals', 'settled_nano = settled_nano - 1', 'store: money.settled 104, not 105'],
    ['a reservation', 'calls', "reserved_nano = 90 WHERE state = 'doubtful'", 'store: money.doubtful 100, not 90'],
    ['a call that is gone', 'calls', 'DELETE WHERE idx = 1', 'store: answers of row 1 0, not 1'],
    ['tokens', 'calls', 'output_tokens = output_tokens + 5 WHERE idx = 0', 'store: tokens.output '],
    ['a limited call', 'run_totals', 'limited = 3', 'store: calls.limited 3, not 1'],
    ['a try', 'run_totals', 'tries = 0', 'store: calls.failed 0, not 2'],
    ['an outcome that is gone', 'outcomes', 'DELETE WHERE idx = 0', 'store: counts.ok 3, not 2'],
    ['a total', 'run_totals', 'total = 2', 'store: counts.total 2, not 4'],
    ['an open call', 'run_totals', 'open_calls = 1', 'store: calls.open 1, not 0'],
  ])('the store: %s -> named', async (_, table, sql, named) => {
    await work();
    tamper(table, sql);
    expect(await differences()).toEqual(expect.arrayContaining([expect.stringContaining(named)]));
  });

  it.each<[string, (receipt: Receipt) => void, string]>([
    ['counts', (receipt) => Object.assign(receipt.counts, { ok: 9 }), 'counts.ok 9, not 3'],
    ['calls', (receipt) => Object.assign(receipt.calls, { limited: 9 }), 'calls.limited 9, not 1'],
    ['tokens', (receipt) => Object.assign(receipt.tokens, { reasoning: 77 }), 'tokens.reasoning 77, not '],
    ['money', (receipt) => Object.assign(receipt.money, { settled_usd: 1 }), 'money.settled_usd 1000000000, not 105'],
    ['a model', (receipt) => receipt.money.by_model.pop(), 'money.by_model other cost_usd 0, not 60'],
    [
      'a model too many',
      (receipt) => Object.assign(receipt.money.by_model[0] ?? {}, { model: 'x' }),
      'money.by_model x calls 2, not 0',
    ],
    ['a doubtful call', (receipt) => receipt.doubtful_calls.pop(), 'doubtful call 3/1/1 0, not 100'],
    ['rows of a file', (receipt) => Object.assign(receipt.files[0] ?? {}, { rows: 2 }), 'rows of output.jsonl 2, not 3'],
    ['a file', (receipt) => receipt.files.pop(), 'rows of failed.jsonl nothing, not 1'],
    ['money without a figure', (receipt) => Object.assign(receipt, { money: undefined }), 'money.settled_usd nothing, not 105'],
    ['another run', (receipt) => Object.assign(receipt, { run: 'q' }), 'run q, epoch 0, not r'],
  ])('receipt.json: %s -> named', async (_, change, named) => {
    await work();
    await publish();
    tamperReceipt(change);
    expect(await differences()).toEqual(expect.arrayContaining([expect.stringContaining(`receipt.json: ${named}`)]));
  });

  it('receipt.json is gone, or is no JSON -> named', async () => {
    await work();
    await publish();
    writeFileSync(join(out, 'receipt.json'), '{');
    expect(await differences()).toEqual([`receipt.json: the file no JSON, not the receipt of ${run}`]);
    rmSync(join(out, 'receipt.json'));
    expect(await differences()).toEqual([`receipt.json: the file nothing, not the receipt of ${run}`]);
  });

  it('a line of a published file is changed, added or gone; a file is gone -> named', async () => {
    await work();
    await publish();
    const path = join(out, 'output.jsonl');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('answer 0', 'answer X'));
    expect(await differences()).toEqual([
      expect.stringContaining('output.jsonl: sha256'),
      expect.stringMatching(/^output.jsonl: line 1 X","model".*, not 0","model"/),
    ]);
    writeFileSync(path, text);
    appendFileSync(path, '{}\n');
    expect(await differences()).toEqual(
      expect.arrayContaining([
        'output.jsonl: rows 4, not 3',
        expect.stringContaining('bytes'),
        'output.jsonl: line 4 {}, not the end',
      ]),
    );
    writeFileSync(path, text.slice(text.indexOf('\n') + 1));
    expect(await differences()).toContain('output.jsonl: rows 2, not 3');
    rmSync(path);
    expect(await differences()).toEqual([expect.stringMatching(/^output.jsonl: the file nothing, not \d+ bytes$/)]);
  });
});

describe('verifyRun, the ledger of days', () => {
  it.each([
    ['settled', 'settled_nano = settled_nano + 7', 112, 105],
    ['doubtful', 'doubtful_nano = 0', 0, 100],
    ['reserved', 'reserved_nano = 55', 55, 0],
  ])('%s money is changed -> the quarter of an hour is named with both sums', async (what, set, found, expected) => {
    await work();
    const quarter = new Date(Math.floor(NOW / 900_000) * 900_000).toISOString().slice(0, 16);
    changeStore(`UPDATE ledger SET ${set}`);
    expect(await differences()).toEqual([`store: ledger ${quarter}Z ${what} ${found}, not ${expected}`]);
  });

  it('a call that is booked nowhere, a booking of no call on the same day -> named; other days, and other runs that add up -> not', async () => {
    await stagedRun(store, 'other', 1);
    await answer(store, 'other', 0, { costNano: 1_000 });
    await work();
    expect(await differences()).toEqual([]);
    const slot = Math.floor(NOW / 900_000);
    changeStore(`INSERT INTO ledger VALUES (${slot - 200}, 5, 0, 0), (${slot + 1}, 9, 0, 0)`);
    const quarter = new Date((slot + 1) * 900_000).toISOString().slice(0, 16);
    expect(await differences()).toEqual([`store: ledger ${quarter}Z settled 9, not 0`]);
    changeStore(`DELETE FROM ledger WHERE slot >= ${slot}`);
    expect(await differences()).toHaveLength(2);
  });
});

describe('verifyRun, the rows of other formats', () => {
  async function published(outputFormat: OutputFormat): Promise<string> {
    await store.updateRun(run, { task: aTask({ outputFormat }) });
    await work();
    await answer(store, run, 5, { answer: 'two "quoted"\nlines, and \u00e9', costNano: 1, outcome: outcomeOf(5) });
    await publish();
    expect(await differences()).toEqual([]);
    return join(out, `output.${outputFormat}`);
  }
  /** Also where the receipt says what the file has now: somebody changed both. */
  async function changed(path: string, bytes: Buffer): Promise<string[]> {
    writeFileSync(path, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    tamperReceipt(({ files }) => Object.assign(files[0] ?? {}, { bytes: bytes.length, sha256 }));
    return await differences();
  }
  const replaced = (path: string, from: string, to: string) =>
    Buffer.from(readFileSync(path, 'latin1').replace(from, to), 'latin1');

  it('csv: a field is changed, a row is gone, a row too many -> the line and the number of rows', async () => {
    const path = await published('csv');
    const whole = readFileSync(path);
    expect(await changed(path, replaced(path, 'answer 4', 'answer X'))).toEqual([
      expect.stringMatching(/^output.csv: line 4 X,m,stop,.*, not 4,m,stop,/),
    ]);
    const rows = whole.toString().split('\n');
    expect(await changed(path, Buffer.from([...rows.slice(0, 2), ...rows.slice(3)].join('\n')))).toEqual([
      'output.csv: rows 3, not 4',
      expect.stringMatching(/^output.csv: line 3 /),
    ]);
    expect(await changed(path, Buffer.concat([whole, Buffer.from('one,more\n')]))).toEqual([
      'output.csv: rows 5, not 4',
      'output.csv: line 7 one,more, not the end',
    ]);
    expect(await changed(path, whole.subarray(0, whole.length - 1))).toEqual([
      'output.csv: rows 3, not 4',
      'output.csv: line 6 the end, not ',
    ]);
  });

  it('json: a row is changed -> the line; one is gone -> also the number', async () => {
    const path = await published('json');
    expect(await changed(path, replaced(path, 'answer 1', 'answer X'))).toEqual([
      expect.stringMatching(/^output.json: line 3 X"/),
    ]);
    expect(await changed(path, Buffer.from('[]\n'))).toEqual(['output.json: rows 0, not 4', 'output.json: line 1 ], not ']);
  });

  it('parquet: a byte is changed, the end is gone -> the byte', async () => {
    const path = await published('parquet');
    const whole = readFileSync(path);
    // Of the first page's data.
    const at = 40;
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    const hex = (all: Buffer) => all.subarray(at, at + 1).toString('hex');
    expect(await changed(path, bytes)).toEqual([
      expect.stringMatching(new RegExp(`^output.parquet: byte ${at} ${hex(bytes)}.*, not ${hex(whole)}`)),
    ]);
    const cut = whole.length - 20;
    expect(await changed(path, whole.subarray(0, cut))).toEqual([
      expect.stringMatching(`^output.parquet: byte ${cut} the end, not `),
    ]);
  });

  it('written by another version -> its rows are counted, its bytes are those of that version', async () => {
    const path = await published('csv');
    const bytes = replaced(path, 'answer 4', 'answer X');
    tamperReceipt((receipt) => Object.assign(receipt, { versions: { 'durable-swarm': '0.0.1' } }));
    expect(await changed(path, bytes)).toEqual([]);
    expect(await changed(path, Buffer.concat([bytes, Buffer.from('one,more\n')]))).toEqual(['output.csv: rows 5, not 4']);
  });

  it('written by 0.1.0, whose csv is another under the same version -> as by another version', async () => {
    const path = await published('csv');
    const bytes = replaced(path, 'answer 4', "'nswer 4");
    tamperReceipt(({ calls }) => Object.assign(calls, { unpriced: undefined, exceeding: undefined }));
    expect(await changed(path, bytes)).toEqual([]);
  });

  it('failed.jsonl: a line is changed, and its hash with it -> the line', async () => {
    await published('jsonl');
    const path = join(out, 'failed.jsonl');
    const bytes = replaced(path, 'refused', 'rXfused');
    writeFileSync(path, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    tamperReceipt(({ files }) => Object.assign(files[1] ?? {}, { sha256 }));
    expect(await differences()).toEqual([expect.stringMatching(/^failed.jsonl: line 1 Xfused/)]);
  });
});

describe('republishReceipt', () => {
  it('a run that is not published here, or unknown -> nothing is written', async () => {
    await republishReceipt(store, run, PUBLISH);
    await republishReceipt(store, 'nobody', PUBLISH);
    await work();
    await publish();
    tamperReceipt((receipt) => Object.assign(receipt, { epochs: 7 }));
    const before = readFileSync(join(out, 'receipt.json'), 'utf8');
    await republishReceipt(store, run, PUBLISH);
    expect(readFileSync(join(out, 'receipt.json'), 'utf8')).toBe(before);
  });
});
