/** The slice grain: the same turns over K seeds inside one activity. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { toWall } from '../../core/clock.js';
import { callsByRow } from '../../core/conversation/output.js';
import { addUsage, NO_USAGE } from '../../core/model.js';
import type { RunSliceInput, RunSliceResult } from '../../workflows/activity-messages.js';
import type { ActivityDeps } from '../deps.js';
import { withHeartbeat } from '../heartbeat.js';
import { historyOf, type KnownRow } from '../turn/history.js';
import type { PhaseContext } from '../turn/phase-context.js';
import type { RunContexts } from '../turn/run-context.js';
import { stopByDisk, tellStop } from '../turn/turn-end.js';
import type { Turns } from '../turn/turns.js';
import { SliceTail, tellParent } from './slice-tail.js';

/** A seed that waits longer than this is given back. */
const LONGEST_WAIT_MS = 60_000;
const STEP_MS = 1_000;

const NOTHING_DONE: RunSliceResult = {
  ok: 0,
  failed: 0,
  filtered: 0,
  usage: NO_USAGE,
  undone: 0,
  waitUntil: null,
  paused: false,
  stop: null,
  callMs: null,
};

/** What the rows of a slice share. */
interface SliceWork {
  context: PhaseContext;
  tally: Tally;
  tail: SliceTail;
}

interface Tally {
  result: RunSliceResult;
  calls: number;
  callMs: number;
}

function meanMs({ calls, callMs }: Tally): number | null {
  return calls > 0 ? Math.round(callMs / calls) : null;
}

export function createRunSlice(deps: ActivityDeps, contexts: RunContexts, turns: Turns) {
  async function converse({ context, tally, tail }: SliceWork, { seed, history }: KnownRow): Promise<void> {
    const { result } = tally;
    for (;;) {
      if (result.stop || result.paused) break;
      const end = await turns.take(context, seed, history);
      if (end.kind === 'done' || end.kind === 'go-on') {
        if (end.callMs !== null) {
          tally.calls += 1;
          tally.callMs += end.callMs;
        }
        if (end.kind === 'go-on') continue;
        result[end.outcome.status] += 1;
        result.usage = addUsage(result.usage, end.outcome.usage);
        return;
      }
      if (end.kind === 'stop') {
        if (result.stop === null) {
          result.stop = end.cause;
          await tellStop(deps, context.run.id, end);
        }
      } else if (end.kind === 'paused') {
        result.paused = true;
      } else {
        const waitMs = end.until - deps.clock.now();
        if (waitMs <= LONGEST_WAIT_MS && !deps.gates.draining()) {
          // In steps, so that a shutdown is noticed; a cancel ends the wait, and the gate then says so.
          const step = Math.min(STEP_MS, Math.max(0, waitMs));
          await tail.rest(() => sleep(step, undefined, { signal: context.of.cancelSignal }).catch(() => undefined));
          continue;
        }
        result.waitUntil = Math.min(result.waitUntil ?? Number.POSITIVE_INFINITY, end.until);
      }
      break;
    }
    result.undone += 1;
  }

  async function takeAll(activity: Context, context: PhaseContext, input: RunSliceInput, tally: Tally): Promise<void> {
    const { run, epoch, from, to, source, parent } = input;
    const { store } = deps;
    const span = source === 'range' ? { from, to } : { list: await store.items(run, epoch, from, to) };
    const done = await store.done(run, span);
    const seeds = await store.seeds(run, span);
    const calls = callsByRow(await store.calls(run, span));
    const left = seeds.filter((seed) => !done.has(seed.index));
    const at = { epoch, phase: context.phase.name };
    const tail = new SliceTail(left.length, () => {
      const warn = (error: unknown) => deps.log.warn({ err: error, run }, 'the parent of a slice could not be told of its tail');
      if (parent) tellParent(activity, parent, meanMs(tally), warn);
    });
    await Promise.all(
      left.map((seed) =>
        converse({ context, tally, tail }, { seed, history: historyOf(calls.get(seed.index) ?? [], at) }).finally(() =>
          tail.over(),
        ),
      ),
    );
  }

  /** Does all rows of the slice that have no outcome. Never throws for a bad row. */
  return async function runSlice(input: RunSliceInput): Promise<RunSliceResult> {
    const activity = Context.current();
    const tally: Tally = { result: { ...NOTHING_DONE }, calls: 0, callMs: 0 };
    const { result } = tally;
    let context: PhaseContext | null = null;
    try {
      const known = await contexts.phase(input.run, input.epoch, input.phase);
      context = known;
      context.childHere = true;
      await withHeartbeat(
        activity,
        () => ({ ok: result.ok, failed: result.failed, waitsFor: known.gate.bottleneck(input.run) }),
        () => takeAll(activity, known, input, tally),
      );
    } catch (error) {
      result.stop ??= stopByDisk(context?.of ?? null, error).cause;
    }
    result.callMs = meanMs(tally);
    if (result.undone === 0 && result.waitUntil === null) return result;
    const now = deps.clock.now();
    const until = result.waitUntil ?? now + LONGEST_WAIT_MS;
    return { ...result, waitUntil: toWall(deps.clock, until), waitMs: Math.max(0, until - now) };
  };
}
