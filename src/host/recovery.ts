/** What a new host does about its dead predecessor: its calls, its runs, its activities. */
import type { Launcher } from '../runs/launch.js';
import type { RunRow, Store } from '../store/port/store.js';
import { interruptAttachedRuns } from '../worker/owners/interrupt-runs.js';
import { processOf } from '../worker/owners/process-identity.js';
import { type ReturnOptions, returnActivities } from '../worker/owners/return-activities.js';
import type { HostLog } from './log.js';

export interface Predecessor {
  /** Attached runs that wait for `swarm run` now. */
  interrupted: string[];
  /** Detached runs: they go on. */
  goingOn: string[];
  /** Its identities: the host's own, and those of hosts before it that nobody took over from. */
  owners: string[];
  /** Task tokens of the activities that it died with, base64. */
  tokens: string[];
}

export interface TakeOverOptions {
  store: Pick<Store, 'owners' | 'endOwners' | 'runs' | 'updateRun' | 'restRun'>;
  homeId: string;
  /** True when the store is the home's own file: runs of before homes were kept are this home's, too. */
  ownStore: boolean;
}

/** Runs of other homes in a shared database are left alone: their Temporal may be another one. */
export function isOfHome({ homeId, ownStore }: Pick<TakeOverOptions, 'homeId' | 'ownStore'>): (run: RunRow) => boolean {
  return ({ home }) => home === homeId || (ownStore && home === '');
}

/**
 * Needs no Temporal. To be called before this host has an owner of its own: every owner of the home that the store knows is dead
 * then, since the host's lock is held. Runs are paused before their activities come back.
 */
export async function takeOver({ store, homeId, ownStore }: TakeOverOptions): Promise<Predecessor> {
  const isOf = isOfHome({ homeId, ownStore });
  const now = Date.now();
  const owners = (await store.owners()).filter(({ home }) => home === homeId);
  const leases = owners.map(({ leaseUntil }) => leaseUntil);
  const diedAt = leases.length === 0 ? now : Math.min(now, Math.max(...leases));
  const tokens = await store.endOwners(homeId, '', now);
  const interrupted = await interruptAttachedRuns(store, 'died', isOf, diedAt);
  const running = (await store.runs({ states: ['running'] })).filter(isOf);
  // The time without a host was no work.
  for (const { id } of running) await store.updateRun(id, { state: 'running' }, ['running'], diedAt);
  return { interrupted, goingOn: running.map(({ id }) => id), owners: owners.map(({ id }) => id), tokens };
}

/**
 * Runs that go on by themselves: their children may rest on a pause whose end died with the host before they heard of it. Returns at once.
 */
export function wakeRuns(launcher: Pick<Launcher, 'wake'>, runs: readonly string[], log: Pick<HostLog, 'warn'>): void {
  for (const run of runs) {
    launcher
      .wake(run)
      .catch((error: unknown) => log.warn({ err: error, run }, 'its workflow could not be told that the run goes on'));
  }
}

/** The host stops cleanly: attached runs wait until they are let go on. Returns their ids. */
export async function interruptOnStop({ store, homeId, ownStore }: TakeOverOptions): Promise<string[]> {
  return await interruptAttachedRuns(store, 'was stopped', isOfHome({ homeId, ownStore }));
}

/** Returns the activities of the host before and of dead processes of this machine, before a worker of this host polls. */
export async function giveBack({
  owners,
  ...options
}: Omit<ReturnOptions, 'isDead'> & Pick<Predecessor, 'owners'>): Promise<number> {
  // In a container that was started again, the pid of the host before is often that of another process, or of this one.
  const isDead = (identity: string) => owners.includes(identity) || processOf(identity) === 'gone';
  return await returnActivities({ ...options, isDead });
}
