import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { historyFromText } from './history-json.js';
import { BUNDLE } from './temporal-setup.js';

const FOLDER = new URL('../fixtures/histories/', import.meta.url);
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .sort();

const read = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');
const load = (name: string) => historyFromText(read(name));
const types = (name: string) => load(name).saved.events.map((event) => event.eventType.replace('EVENT_TYPE_', ''));

const replay = ({ saved, history }: ReturnType<typeof load>, workflowBundle: { codePath: string } | { code: string }) =>
  Worker.runReplayHistory({ workflowBundle }, history, saved.workflowId);

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF' } } });
});

describe('saved histories', () => {
  it('what they hold -> every workflow type, with the commands that matter', () => {
    const first = [
      'lane-continued',
      'lane-last',
      'run-cancelled',
      'run-capped',
      'run-joined',
      'run-lanes',
      'run-list',
      'run-seeds',
      'run-slices',
      'seed',
      'slice',
    ];
    const second = [...first, 'run-failed'];
    const third = [...second, 'run-phases'];
    const later = [second, third].flatMap((names, at) => names.map((name) => `${name}-${at + 2}`));
    expect(NAMES).toEqual([...first, ...later].map((name) => `${name}.json`).sort());
    expect(types('run-failed-3.json').at(-1)).toBe('WORKFLOW_EXECUTION_FAILED');
    expect(types('lane-continued.json').at(-1)).toBe('WORKFLOW_EXECUTION_CONTINUED_AS_NEW');
    expect(types('run-joined.json')).toContain('SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED');
    expect(types('run-cancelled.json').at(-1)).toBe('WORKFLOW_EXECUTION_CANCELED');
    expect(types('run-seeds.json').filter((type) => type === 'WORKFLOW_EXECUTION_UPDATE_COMPLETED')).toHaveLength(3);
    expect(types('seed.json')).toEqual(expect.arrayContaining(['TIMER_FIRED', 'WORKFLOW_EXECUTION_SIGNALED']));
    expect(types('slice.json')).toEqual(expect.arrayContaining(['TIMER_FIRED', 'ACTIVITY_TASK_COMPLETED']));
  });

  it('names of machines, folders and people -> none', () => {
    for (const name of NAMES) {
      const identities = new Set([...read(name).matchAll(/"identity":"([^"]*)"/g)].map(([, identity]) => identity));
      expect([...identities], name).toEqual(['saved']);
      expect(read(name), name).not.toMatch(/\/(?:home|root|tmp|work|Users)\//);
      expect(read(name), name).not.toMatch(/\d+@[a-z]/i);
    }
  });

  it.each(NAMES)('%s -> replays with the bundle of today', async (name) => {
    await replay(load(name), { codePath: BUNDLE });
  });

  it('workflows that do something else -> are found out', async () => {
    const code = readFileSync(fileURLToPath(new URL(`file://${BUNDLE}`)), 'utf8');
    const changed = code.replaceAll('/s${position}', '/x${position}');
    expect(changed).not.toBe(code);
    await expect(replay(load('run-seeds.json'), { code: changed })).rejects.toThrow(/[Nn]ondeterminism/);
  });
});
