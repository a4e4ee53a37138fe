/** The partial output of a run and its publication, as they meet. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/port/store.js';
import { RunFiles } from '../../src/worker/run-files.js';
import { aTask } from '../activities/turn-setup.js';
import { runDouble } from '../outputs/run-double.js';

let folder: string;
let published: boolean;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swarm-run-files-'));
  published = false;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `reading` comes in while a checkpoint reads the rows that it is about to write. */
function files(reading: () => void = () => undefined): RunFiles {
  const run = runDouble({ outputDir: folder, total: 20 });
  const store = {
    ...run,
    run: async (id: string) => {
      const row = await run.run(id);
      return {
        ...row,
        task: { ...row?.task, promptTemplate: '{{text}}', systemPrompt: null, followUp: '' },
        publishedAt: published ? 1 : null,
      };
    },
    outcomesAfter: (...asked: Parameters<typeof run.outcomesAfter>) => {
      reading();
      return run.outcomesAfter(...asked);
    },
  } as unknown as Store;
  return new RunFiles({ store, home: join(folder, 'home') });
}

const partial = () => join(folder, 'output.partial.jsonl');

describe('checkpoint', () => {
  it('twice at once -> every row once', async () => {
    const run = files();
    await Promise.all([run.checkpoint('r1'), run.checkpoint('r1')]);
    expect(readFileSync(partial(), 'utf8').trimEnd().split('\n')).toHaveLength(20);
    await run.close();
  });

  it('the run is published while it writes -> no partial output stays', async () => {
    const run = files(() => {
      published = true;
    });
    await run.checkpoint('r1');
    expect(existsSync(partial())).toBe(false);
  });

  it('publishing while it writes, and once more after -> the file is gone before the run is seen as published', async () => {
    let publishing: Promise<void> | null = null;
    const run = files(() => {
      publishing ??= run.publish('r1');
    });
    await run.checkpoint('r1');
    await publishing;
    expect(existsSync(join(folder, 'output.jsonl'))).toBe(true);
    expect(existsSync(partial())).toBe(false);
    await run.checkpoint('r1');
    expect(existsSync(partial())).toBe(false);
    await run.close();
  });

  it('the run is published in another process after it wrote -> the publication takes the file away', async () => {
    await files().checkpoint('r1');
    expect(existsSync(partial())).toBe(true);
    await files().discardPartial('r1');
    expect(existsSync(partial())).toBe(false);
  });
});

describe('publish', () => {
  it('transcripts of a row that was done anew -> what was sent by the task that answered it, without the answers of before', async () => {
    const run = runDouble({ outputDir: folder, total: 1, transcripts: true });
    const row = await run.run('r1');
    const task = (promptTemplate: string) => ({ ...aTask({ promptTemplate }), transcripts: true });
    const version = { taskFingerprint: '', changed: [], at: 0, ok: 0, failed: 0, filtered: 0 };
    const [call] = await run.calls('r1', { list: [0] });
    const store = {
      ...run,
      run: async () => ({ ...row, task: task('after {{seed}}') }),
      taskVersions: async () => [
        { ...version, task: task('before {{seed}}'), fromEpoch: 1, fromSeq: 0 },
        { ...version, task: task('after {{seed}}'), fromEpoch: 2, fromSeq: 1 },
      ],
      calls: async () => [
        { ...call, turn: 1, attempt: 1, epoch: 1, state: 'superseded', answer: 'first before' },
        { ...call, turn: 1, attempt: 2, epoch: 2, state: 'answered', answer: 'anew' },
        { ...call, turn: 2, attempt: 1, epoch: 1, phase: 'other', state: 'superseded', answer: 'second before' },
      ],
    } as unknown as Store;
    await new RunFiles({ store, home: join(folder, 'home') }).publish('r1');
    const { messages } = JSON.parse(readFileSync(join(folder, 'transcripts.jsonl'), 'utf8'));
    expect(messages).toEqual([
      { role: 'user', content: expect.stringMatching(/^after /) },
      { role: 'assistant', content: 'anew' },
    ]);
  });
});
