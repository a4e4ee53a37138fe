/** The pages of fields against what the writers write: nothing more, nothing less. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerParts, userMessage } from '../src/core/conversation/message.js';
import { claimFolder, readMarker } from '../src/outputs/folder.js';
import { publishRun } from '../src/outputs/publish.js';
import { buildReceipt } from '../src/outputs/receipt.js';
import { versionedRows } from '../src/outputs/task-versions.js';
import { CSV_COLUMNS } from '../src/outputs/text-formats.js';
import * as records from '../src/runs/event-records.js';
import type { Task } from '../src/schema/task-types.js';
import { BillingLog } from '../src/simulator/billing-log.js';
import type { OutputRow } from '../src/store/port/store.js';
import { estimateOf, progressOf, reportOf } from './cli/support/fake-run.js';
import { callRow, runDouble } from './outputs/run-double.js';
import { documentedFields, undocumented, unseen } from './support/documented.js';

/** Of the rows that failed the one that has most to say. */
const withAnswer = (row: OutputRow): OutputRow => (row.status === 'failed' ? { ...row, cause: 'schema', output: 'a' } : row);

let dir = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'swarm-fields-'));
  const statuses = ['ok', 'failed', 'filtered'] as const;
  const options = { outputDir: dir, total: 3, transcripts: true, seed: () => ({ any: { thing: 1 } }), change: withAnswer };
  const doubtful = [callRow(1, 1, { state: 'doubtful' })];
  await claimFolder(dir, { run: 'r1', home: dir, fingerprint: 'f', createdAt: 0 });
  await publishRun(runDouble({ ...options, doubtful, status: (index) => statuses[index] ?? 'ok' }), 'r1', {
    at: 0,
    versions: { node: '20' },
    messagesOf: () => [userMessage('q'), { role: 'assistant', parts: answerParts('a') }],
  });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const lineOf = (name: string) => JSON.parse(readFileSync(join(dir, name), 'utf8').split('\n')[0] ?? '') as object;

/** In both directions, the fields of an object of any content left aside. */
function compare(values: readonly object[], page: string, title: string, nth = 0) {
  const fields = documentedFields(page, title, nth);
  expect(fields.size).toBeGreaterThan(0);
  return { more: values.flatMap((value) => undocumented(value, fields)), less: unseen(values, fields) };
}

const SAME = { more: [], less: [] };

describe('docs/files.md', () => {
  it.each([
    ['output.jsonl', 'output.jsonl, output.json'],
    ['failed.jsonl', 'failed.jsonl'],
    ['filtered.jsonl', 'filtered.jsonl'],
    ['transcripts.jsonl', 'transcripts.jsonl'],
  ])('%s: a written line -> has the fields of the page, in its order', (name, title) => {
    const line = lineOf(name);
    expect(compare([line], 'files.md', title)).toEqual(SAME);
    const top = [...documentedFields('files.md', title).keys()].filter((path) => !/[.[]/.test(path));
    expect(Object.keys(line)).toEqual(top);
  });

  it('tables: the columns of csv and parquet -> are those of the page, in its order', () => {
    expect([...documentedFields('files.md', 'output.csv, output.parquet').keys()]).toEqual(CSV_COLUMNS);
  });

  it('receipt.json: a published one, and one of a run whose task was changed -> have the fields of the page', async () => {
    const published = JSON.parse(readFileSync(join(dir, 'receipt.json'), 'utf8')) as object;
    const task = { model: { provider: 'sim', model: 'quick', apiBase: null, apiKeyEnv: null } } as Task;
    const versions = [
      versionedRows({
        ...{ taskFingerprint: 'f', task, changed: ['prompt_template'], fromEpoch: 1, fromSeq: 0, at: 0 },
        ...{ ok: 1, failed: 0, filtered: 0 },
      }),
    ];
    expect(compare([published, { task_versions: versions }], 'files.md', 'receipt.json')).toEqual(SAME);
  });

  it('.durable-swarm.json: the marker of a folder at work -> has the fields of the page', async () => {
    await claimFolder(dir, { run: 'r1', home: dir, fingerprint: 'f', createdAt: 0 });
    expect(compare([(await readMarker(dir)) ?? {}], 'files.md', '.durable-swarm.json')).toEqual(SAME);
  });

  it('the log of swarm simulate: a line of each kind -> has the fields of its table', async () => {
    const path = join(dir, 'book.jsonl');
    const log = new BillingLog(path);
    log.call({
      ...{ n: 1, t: 0, key: 'k', row: 'r', turn: 1, model: 'm', status: 200, billed: true, fault: null },
      ...{ prompt_tokens: 1, completion_tokens: 1, cost_nano: 1, client_request_id: null },
    });
    log.end(1, 0, 'sent');
    log.reset(0);
    await log.close();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    lines.forEach((line, nth) => {
      expect(compare([JSON.parse(line) as object], 'files.md', 'The log of swarm simulate', nth)).toEqual(SAME);
    });
    expect(lines).toHaveLength(3);
  });
});

describe('docs/json.md', () => {
  const failures = [{ cause: 'refused', rows: 1, example: { id: 'a', index: 0, code: 'E_ROW_REFUSED', message: 'no' } }];
  const progress = progressOf({ failures, rest: estimateOf() });
  const moment = records.progressRecord(progress);
  const added = (event: object) => Object.fromEntries(Object.entries(event).filter(([name]) => !Object.hasOwn(moment, name)));

  it('a moment of a run: everything that can be said -> the fields of the page, in its order', () => {
    expect(compare([moment], 'json.md', 'A moment of a run')).toEqual(SAME);
    const top = [...documentedFields('json.md', 'A moment of a run').keys()].filter((path) => !/[.[]/.test(path));
    expect(Object.keys(moment)).toEqual(top);
  });

  it.each([
    ['start', records.startEvent(progress, { kind: 'new', notes: ['n'] })],
    ['progress', records.progressEvent(progress)],
    ['paused', records.pausedEvent(progress, 130)],
  ])('event %s: what it adds to a moment -> the fields of the page', (name, event) => {
    expect(compare([added(event)], 'json.md', `Event ${name}`)).toEqual(SAME);
  });

  it('events that are no moment, and what check finds -> the fields of the page', () => {
    const outcome = {
      ...{ index: 0, id: 'a', status: 'failed' as const, cause: 'refused' as const, code: 'E_ROW_REFUSED', message: 'no' },
      ...{
        finish: null,
        model: null,
        fromTurn: 1,
        turns: 0,
        attempts: 1,
        usage: progress.usage,
        costNano: 0,
        output: null,
        seq: 1,
      },
    };
    const place = { file: 'f', line: 1, column: 1, seedId: 's', model: 'm' };
    const problems = [{ code: 'E_TASK_TYPE', place, found: 'f', allowed: 'a', fix: 'x' }];
    const counts = { total: 1, ok: 1, failed: 0, filtered: 0 };
    const error = Object.assign(new Error('m'), { name: 'SwarmError', problems });
    const end = {
      ...{ run: 'r', state: 'completed' as const, reason: null, message: null, counts, costUsd: 0 },
      ...{ outputDir: '/o', outputFile: null, exitCode: 0 },
    };
    const all = {
      'Event warning': records.warningEvent('r', { key: 'warn_at', message: 'm' }),
      'Event outcome': records.outcomeEvent(outcome),
      'Event end': records.endEvent(end),
      'Event error': records.errorEvent(error, 2),
      'What swarm check finds': records.checkRecord(
        reportOf({ problems, estimate: estimateOf(), modelCheck: { status: 'listed', why: null, nearest: [] } }),
      ),
    };
    for (const [title, value] of Object.entries(all)) expect([title, compare([value], 'json.md', title)]).toEqual([title, SAME]);
  });

  it('the receipt: of a run that nothing was published of -> the fields of receipt.json', async () => {
    const receipt = await buildReceipt(runDouble({ outputDir: dir, total: 1 }), 'r1', { at: 0, versions: {} });
    expect(undocumented(receipt, documentedFields('files.md', 'receipt.json'))).toEqual([]);
  });
});
