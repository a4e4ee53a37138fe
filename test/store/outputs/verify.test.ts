import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { publishRun, republishReceipt } from '../../../src/store/outputs/publish.js';
import type { Receipt } from '../../../src/store/outputs/receipt.js';
import { verifyRun } from '../../../src/store/outputs/verify.js';
import type { Store } from '../../../src/store/port.js';
import { aTask } from '../../activities/turn-setup.js';
import { answer, intentOf, NOW, openStore, outcomeOf, stagedRun } from '../databases.js';

const ROWS = 6;
const PUBLISH = { at: NOW, versions: { node: '20' }, messagesOf: () => [] };

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
  const database = new Database(join(folder, 'store.db'));
  const [what, where = 'TRUE'] = sql.split(' WHERE ');
  database.exec(
    `${what === 'DELETE' ? `DELETE FROM ${table}` : `UPDATE ${table} SET ${what}`} WHERE run_id = '${run}' AND ${where}`,
  );
  database.close();
}

function tamperReceipt(change: (receipt: Receipt) => void): void {
  const path = join(out, 'receipt.json');
  const receipt = JSON.parse(readFileSync(path, 'utf8')) as Receipt;
  change(receipt);
  writeFileSync(path, JSON.stringify(receipt));
}

const differences = async () =>
  (await verifyRun(store, run)).differences.map(
    ({ where, what, expected, found }) => `${where}: ${what} ${found}, not ${expected}`,
  );

describe('verifyRun', () => {
  it('nothing done, all done, published, reconciled -> everything adds up', async () => {
    expect(await verifyRun(store, run)).toEqual({ run: run, calls: 0, rows: 0, files: 0, differences: [] });
    await work();
    expect(await differences()).toEqual([]);
    await publish();
    expect(await verifyRun(store, run)).toEqual({ run: run, calls: 6, rows: 4, files: 2, differences: [] });
    const settled = [{ index: 3, turn: 1, attempt: 1, costNano: 33, model: 'm', usage: null }];
    await store.reconcile({ runId: run, settled, released: [], at: NOW });
    expect(await differences()).toContain('receipt.json: calls.doubtful 1, not 0');
    await republishReceipt(store, run, PUBLISH);
    expect(await differences()).toEqual([]);
  });

  it('an unknown run -> E_RUN_UNKNOWN', async () => {
    await expect(verifyRun(store, 'nobody')).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
  });

  it('calls that end all the time -> E_RUN_BUSY', async () => {
    let seq = 0;
    const moving = new Proxy(store, {
      get: (target, key) =>
        key === 'totals'
          ? async () => ({ ...(await target.totals(run)), seq: ++seq })
          : (target as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>)[key]?.bind(target),
    });
    await expect(verifyRun(moving, run)).rejects.toMatchObject({ code: 'E_RUN_BUSY' });
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
    expect(await differences()).toEqual([expect.stringContaining('output.jsonl: sha256')]);
    writeFileSync(path, text);
    appendFileSync(path, '{}\n');
    expect(await differences()).toEqual(
      expect.arrayContaining(['output.jsonl: rows 4, not 3', expect.stringContaining('bytes')]),
    );
    writeFileSync(path, text.slice(text.indexOf('\n') + 1));
    expect(await differences()).toContain('output.jsonl: rows 2, not 3');
    rmSync(path);
    expect(await differences()).toEqual([expect.stringMatching(/^output.jsonl: the file nothing, not \d+ bytes$/)]);
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
