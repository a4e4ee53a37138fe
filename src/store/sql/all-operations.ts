/** All writes by name, as they travel to the writer. */
import * as calls from './call-operations.js';
import type { Operation } from './operation.js';
import { reconcile } from './reconcile-operation.js';
import { changeRows } from './row-changes.js';
import * as runs from './run-operations.js';
import { changeTask } from './task-versions.js';
import * as shared from './worker-operations.js';

export const OPERATIONS = {
  intend: calls.intend,
  settle: calls.settle,
  refuse: calls.refuse,
  spend: calls.spend,
  doubt: calls.doubt,
  reconcile,
  finish: calls.finish,
  createRun: runs.createRun,
  appendSeeds: runs.appendSeeds,
  sealRun: runs.sealRun,
  dropSome: runs.dropSome,
  updateRun: runs.updateRun,
  restRun: runs.restRun,
  letGoOn: runs.letGoOn,
  openEpoch: runs.openEpoch,
  reopenFailed: runs.reopenFailed,
  changeTask,
  changeRows,
  setControl: runs.setControl,
  takeStartCap: runs.takeStartCap,
  registerQueue: shared.registerQueue,
  takeSlots: shared.takeSlots,
  setLimits: shared.setLimits,
  exceeded: shared.exceeded,
  setWait: shared.setWait,
  beat: shared.beat,
  share: shared.share,
  endShares: shared.endShares,
  endOwner: shared.endOwner,
  endOwners: shared.endOwners,
  activityStarted: shared.activityStarted,
  activityEnded: shared.activityEnded,
};

export type OperationName = keyof typeof OPERATIONS;
export type OperationInput<N extends OperationName> = Parameters<(typeof OPERATIONS)[N]>[0];
export type OperationResult<N extends OperationName> = ReturnType<(typeof OPERATIONS)[N]> extends Operation<infer T> ? T : never;

/** A write on its way: plain data, so that it can cross to a thread. */
export interface Write {
  name: OperationName;
  input: unknown;
}

export function startOperation(write: Write): Operation<unknown> {
  return (OPERATIONS[write.name] as (input: unknown) => Operation<unknown>)(write.input);
}

/** What writes: a thread over a file, or a connection. */
export interface Writer {
  /** Writes come soon: gets ready for them. */
  expectWrites(): void;
  /** Resolves when the write is committed. */
  write<N extends OperationName>(name: N, input: OperationInput<N>): Promise<OperationResult<N>>;
  /** Waits for queued writes, then closes. */
  close(): Promise<void>;
}
