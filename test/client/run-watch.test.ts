/** A program that follows a run, and hosts that die at every moment under it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunHosts, RunWatch } from '../../src/client/run-watch.js';
import { EXIT, SwarmError } from '../../src/core/errors.js';
import type { Launcher } from '../../src/runs/launch.js';
import type { RunRow, Store } from '../../src/store/port/store.js';
import { gatekeeper, until } from '../activities/turn-setup.js';

const gone = () => new SwarmError({ code: 'E_HOST_GONE', found: 'gone' }, EXIT.unreachable);
const away = () => new Error('14 UNAVAILABLE');

/** The n-th host of the home; `dies` ends it. */
class FakeHost {
  readonly ended = gatekeeper<void>();
  constructor(readonly nth: number) {}
}

let row: RunRow;
let calls: number;
let hosts: FakeHost[];
/** What was asked of which host, in order: `join 1`, `goOn 1`. */
let asked: string[];
/** Called in the middle of it; a host that dies there answers no more. */
let amid: (what: string) => void;
let stopped: boolean;
let watch: RunWatch | null;

beforeEach(() => {
  row = { id: 'r', state: 'running', reason: null, message: null, workflowId: 'r/e1', detached: false } as unknown as RunRow;
  calls = 0;
  hosts = [];
  asked = [];
  amid = () => undefined;
  stopped = false;
  watch = null;
});
afterEach(() => watch?.end());

const here = () => hosts.at(-1) as FakeHost;

/** The host of the moment dies; the next one finds the run running and interrupts it. */
function dies(): void {
  here().ended.open();
  hosts.push(new FakeHost(hosts.length + 1));
  if (row.state === 'running') Object.assign(row, { state: 'interrupted', reason: 'host', message: 'the host died' });
}

function ask(what: string, host: FakeHost, error: () => Error): void {
  asked.push(`${what} ${host.nth}`);
  amid(`${what} ${host.nth}`);
  if (host !== here()) throw error();
}

function launcherOf(host: FakeHost): Launcher {
  return {
    fate: async () => {
      if (host !== here()) throw away();
      return { is: 'open', workflow: { result: () => host.ended.promise.then(() => Promise.reject(away())) } };
    },
    goOnAfterDeath: async () => {
      ask('goOn', host, away);
      if (row.state === 'interrupted') Object.assign(row, { state: 'running', reason: null, message: null });
    },
  } as unknown as Launcher;
}

const fakeHosts: RunHosts = {
  join: async () => {
    if (hosts.length === 0) hosts.push(new FakeHost(1));
    const host = here();
    ask('join', host, gone);
    return host;
  },
  leave: () => undefined,
  closed: () => false,
  launcher: async () => launcherOf(here()),
  hostGone: () => here().ended.promise,
  hostStopped: () => stopped,
};

function follow(mine = true): void {
  const store = { run: async () => ({ ...row }), totals: async () => ({ calls }) } as unknown as Store;
  watch = new RunWatch('r', store, fakeHosts, mine);
  watch.look(row);
}

const followed = (nth: number) => until(`host ${nth} is joined`, () => asked.includes(`join ${nth}`));
const failure = () => {
  try {
    watch?.look(row);
    return null;
  } catch (error) {
    return error;
  }
};

describe('a run that this program follows', () => {
  it('its host dies -> it goes on with the next one', async () => {
    follow();
    await followed(1);
    dies();
    await until('it goes on', () => asked.includes('goOn 2') && row.state === 'running');
  });

  it.each(['join 2', 'goOn 2'])('the next host dies, too, at "%s" -> it goes on with the one after it', async (moment) => {
    follow();
    await followed(1);
    amid = (what) => {
      if (what === moment) dies();
    };
    dies();
    await until('it goes on', () => asked.includes('goOn 3') && row.state === 'running');
  });

  it('three hosts in a row die while they bring it on -> it goes on with the one after them', async () => {
    follow();
    await followed(1);
    amid = (what) => {
      if (['goOn 2', 'goOn 3', 'goOn 4'].includes(what)) dies();
    };
    dies();
    await until('it goes on', () => asked.includes('goOn 5') && row.state === 'running');
  });

  it('the store was told that it goes on, its workflow was not -> the next host tells it', async () => {
    follow();
    await followed(1);
    let killed = false;
    amid = (what) => {
      if (what !== 'goOn 2' || killed) return;
      killed = true;
      // Its successor has looked before the store was told.
      dies();
      Object.assign(row, { state: 'running', reason: null });
    };
    dies();
    await until('it is told', () => asked.includes('goOn 3'));
  });

  it('interrupted by another process after its host was joined -> it goes on', async () => {
    follow();
    await followed(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    Object.assign(row, { state: 'interrupted', reason: 'host' });
    await until('it goes on', () => {
      watch?.look(row);
      return row.state === 'running';
    });
    expect(asked.filter((what) => what.startsWith('goOn'))).toEqual(['goOn 1']);
  });

  it('hosts die again and again without an answer in between -> E_HOST_DIES; with answers -> it goes on', async () => {
    let answers = true;
    follow();
    await followed(1);
    amid = (what) => {
      if (!what.startsWith('goOn') || (answers && hosts.length > 15)) return;
      if (answers) calls += 1;
      dies();
    };
    dies();
    await until('it goes on', () => asked.includes('goOn 16') && row.state === 'running', 20_000);
    answers = false;
    dies();
    await until('it is given up', () => failure() !== null, 20_000);
    expect(failure()).toMatchObject({ code: 'E_HOST_DIES', exitCode: EXIT.unreachable });
  }, 60_000);

  it('the host says why it does not start -> that error', async () => {
    follow();
    await followed(1);
    amid = (what) => {
      if (what === 'join 2') throw new SwarmError({ code: 'E_HOST_START', found: 'no memory' }, EXIT.unreachable);
    };
    dies();
    await until('it is told', () => failure() !== null);
    expect(failure()).toMatchObject({ code: 'E_HOST_START' });
  });

  it('told to stop -> E_HOST_STOPPED, no other host is joined', async () => {
    follow();
    await followed(1);
    stopped = true;
    here().ended.open();
    await until('it is told', () => failure() !== null);
    expect(failure()).toMatchObject({ code: 'E_HOST_STOPPED' });
    expect(asked).not.toContain('join 2');
  });
});

describe('a run that this program only looks at', () => {
  it('it was under way -> it goes on with the next host', async () => {
    follow(false);
    await followed(1);
    dies();
    await until('it goes on', () => asked.includes('goOn 2'));
  });

  it('it was interrupted before -> left to a person', async () => {
    Object.assign(row, { state: 'interrupted', reason: 'host' });
    follow(false);
    await followed(1);
    dies();
    await followed(2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked.filter((what) => what.startsWith('goOn'))).toEqual([]);
  });
});
