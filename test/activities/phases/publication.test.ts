import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endState, Publications } from '../../../src/activities/phases/publication.js';
import { fileStore } from '../file-store.js';
import { reply, type Setup, setup, until } from '../turn-setup.js';

const opened = fileStore();
let part: Setup;
beforeEach(async () => {
  part = await setup(opened.store);
});
afterEach(() => part.close());

const published = () => part.events.filter((event) => event === 'publish').length;

describe('publishing ahead of the last activity', () => {
  it('the last outcome is stored where the run was opened -> published and completed; closeRun does it no second time', async () => {
    part.adapter.next(reply('a'), reply('b'));
    const { id } = await part.opens(2);
    await until('it is completed', async () => (await part.store.run(id))?.state === 'completed');
    expect(published()).toBe(1);
    const summary = await part.environment.run(part.activities.closeRun, { run: id, epoch: 1, stop: null });
    expect(summary).toMatchObject({ state: 'completed', counts: { ok: 2 } });
    expect(published()).toBe(1);
  });

  it('the last outcome is stored by another process than the opener -> left to the host of the files', async () => {
    const { row } = await part.run(1);
    part.adapter.next(reply('a'));
    await part.environment.run(part.activities.runTurn, { run: row.id, epoch: 1, index: 0 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(published()).toBe(0);
    expect(await part.store.run(row.id)).toMatchObject({ state: 'running', publishedAt: null });
  });

  it('rows are left -> not published', async () => {
    const publications = new Publications(part.deps);
    const { row } = await part.run(1);
    publications.openedHere(row.id, 1);
    publications.ahead(row.id, 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(published()).toBe(0);
  });

  it('all children told their rows done, and the store lacks some -> interrupted, and says so; a refused request -> failed, after good rows paused', async () => {
    const { row } = await part.run(2);
    part.adapter.next(reply('a'));
    await part.environment.run(part.activities.runTurn, { run: row.id, epoch: 1, index: 0 });
    const summary = await part.environment.run(part.activities.closeRun, { run: row.id, epoch: 1, stop: null });
    const message = expect.stringMatching(/not in the store any more/);
    expect(summary).toMatchObject({ state: 'interrupted', message, counts: { ok: 1, total: 2 } });
    expect(await part.store.run(row.id)).toMatchObject({ state: 'interrupted', reason: 'user', message });
    expect(await new Publications(part.deps).publish(row.id, 1, { stop: 'request' })).toBe('paused');
    expect(endState({ stop: 'request' }, 2)).toBe('failed');
  });

  it('two at once -> one publication; after a failure the next one tries again', async () => {
    const { row } = await part.run(1);
    let failing = true;
    const deps = { ...part.deps, publish: () => (failing ? Promise.reject(new Error('disk full')) : part.deps.publish('x')) };
    const publications = new Publications(deps);
    const both = [publications.publish(row.id, 1, { stop: 'capped' }), publications.publish(row.id, 1, { stop: 'capped' })];
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    failing = false;
    expect(
      await Promise.all([
        publications.publish(row.id, 1, { stop: 'capped' }),
        publications.publish(row.id, 1, { stop: 'capped' }),
      ]),
    ).toEqual(['capped', 'capped']);
    expect(published()).toBe(1);
  });
});
