/**
 * One turn, step by step: stored answer, single flight, messages, gate, intent, call, answer, report.
 * The order is the product's promise: intent before send, answer before report.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../core/conversation/message.js';
import { type NextStep, nextStep } from '../../core/conversation/next-step.js';
import type { Admission, Entry, Release } from '../../core/gate/port.js';
import type { NanoUsd, Outcome } from '../../core/model.js';
import type { CallResult, ModelReply } from '../../llm/port.js';
import type { Seed } from '../../schema/seed.js';
import type { Capped, Unpriced } from '../../store/port/intents.js';
import type { Attempt, CallKey } from '../../store/port/store.js';
import type { ActivityDeps } from '../deps.js';
import type { Publications } from '../phases/publication.js';
import { callName } from './call-ends.js';
import { CallIntents } from './call-intents.js';
import { whatCapDoes } from './cap-stop.js';
import { endFailedCall } from './failed-call.js';
import { addAnswer, failedOutcome, type History, historyOf, nextTurn, outcomeOf } from './history.js';
import { PricedModel } from './priced-model.js';
import type { RunContext } from './run-context.js';
import { notAdmitted, refusedForAll, stopByDisk, type TurnEnd } from './turn-end.js';

/** How long a turn waits at the gate before it gives its place back. */
const PATIENCE_MS = 30_000;
/** How often a call that another process makes is looked up. */
const ELSEWHERE_MS = 300;

export class Turns {
  readonly #deps: ActivityDeps;
  readonly #publications: Pick<Publications, 'ahead'>;
  readonly #model: PricedModel;
  readonly #intents: CallIntents;
  /** Single flight: a second asker of the same turn joins the call under way. */
  readonly #flights = new Map<string, Promise<TurnEnd>>();

  constructor(deps: ActivityDeps, publications: Pick<Publications, 'ahead'>) {
    this.#deps = deps;
    this.#publications = publications;
    this.#model = new PricedModel(deps);
    this.#intents = new CallIntents(deps);
  }

  /** Turns that were told to wait, by whoever asked: until then nobody sends them. */
  readonly #notBefore = new Map<string, TurnEnd & { kind: 'wait' }>();

  /** Takes the seed's next turn. `history` is brought up to date; a joined turn reloads it. */
  async take(context: RunContext, seed: Seed, history: History): Promise<TurnEnd> {
    const key = callName({ runId: context.run.id, index: seed.index, turn: nextTurn(history) });
    const under = this.#flights.get(key);
    if (under !== undefined) {
      const end = await under;
      if (end.kind === 'go-on') Object.assign(history, await this.#reload(context, seed));
      return end;
    }
    const waits = this.#notBefore.get(key);
    if (waits && waits.until > this.#deps.clock.now() && !context.cancelSignal.aborted) return waits;
    this.#notBefore.delete(key);
    const flight = this.#take(context, seed, history).catch((error: unknown) => stopByDisk(context, error));
    this.#flights.set(key, flight);
    try {
      const end = await flight;
      if (end.kind === 'done') this.#countDown(context);
      if (end.kind === 'done' && end.outcome.status === 'failed') await this.#heedStop(context);
      if (end.kind === 'wait') this.#putOff(context, key, end);
      return end;
    } finally {
      this.#flights.delete(key);
    }
  }

  /** A row that failed may have been one too many: calls stop here at once, elsewhere at the next look, as here if this one fails. */
  async #heedStop(context: RunContext): Promise<void> {
    await this.#deps.gates.heed(context.run.id).catch(() => null);
    this.#refused(context);
  }

  #putOff({ gate, run }: RunContext, key: string, end: TurnEnd & { kind: 'wait' }): void {
    this.#notBefore.set(key, end);
    if (end.until > this.#deps.clock.now()) gate.rests(run.id, end.until);
  }

  /** The run is published as soon as its last outcome is stored. */
  #countDown(context: RunContext): void {
    context.left -= 1;
    if (context.left <= 0) this.#publications.ahead(context.run.id, context.run.epoch);
  }

  async #reload(context: RunContext, seed: Seed): Promise<History> {
    const rows = await this.#deps.store.calls(context.run.id, { list: [seed.index] });
    return historyOf(rows, context.run.epoch);
  }

  async #take(context: RunContext, seed: Seed, history: History): Promise<TurnEnd> {
    const next = { runId: context.run.id, index: seed.index, turn: nextTurn(history) };
    if (await this.#deps.callEnds.bringIn(next)) Object.assign(history, await this.#reload(context, seed));
    const step = this.#nextStep(context, seed, history);
    // A stored answer may already end the conversation: its outcome was lost with the process that had it.
    if (step.kind !== 'ask') return await this.#end(context, outcomeOf(seed, history, step));
    const { messages } = step;
    const about = this.#deps.tokens.about(messages);
    if (context.contextWindow !== null && about > context.contextWindow) {
      const message = `the prompt has about ${about} tokens, the model's window is ${context.contextWindow}`;
      return await this.#end(context, failedOutcome(seed, history, { cause: 'too_long', code: 'E_ROW_TOO_LONG', message }));
    }
    const patience = this.#deps.clock.now() + PATIENCE_MS;
    for (;;) {
      const end = await this.#attempt(context, seed, history, messages, about);
      if (end.kind !== 'hold') return end;
      if (this.#deps.clock.now() >= patience) return { kind: 'wait', until: this.#deps.clock.now(), reason: end.reason };
      if (end.ms > 0) await sleep(end.ms);
    }
  }

  /** Admission, intent, call, answer. `hold`: something near may change soon, so ask again from here. */
  async #attempt(
    context: RunContext,
    seed: Seed,
    history: History,
    messages: Message[],
    about: number,
  ): Promise<TurnEnd | { kind: 'hold'; ms: number; reason: string }> {
    const refused = this.#refused(context);
    if (refused) return refused;
    if (context.suspicion.holds) return { kind: 'hold', ms: ELSEWHERE_MS, reason: 'the answers that are under way' };
    const { run } = context;
    const turn = { runId: run.id, index: seed.index, turn: nextTurn(history) };
    // A row that is tried again goes before those that were not begun: what fails all of them shows after a few.
    const rank = turn.turn + (history.tries > 0 ? 1 : 0);
    const admission = await this.#admit(context, rank, about);
    if (admission.kind !== 'go') return this.#notSent(context, admission);
    try {
      if (context.fault) throw context.fault;
      this.#deps.callEnds.refuseNewCalls();
      const worth = await this.#model.worth(context, messages);
      const { owner } = this.#deps;
      const { reservedNano, wary, simulated } = worth;
      const money = { reservedNano, wary, simulated, timeZone: run.task.timeZone, homeCap: this.#deps.homeCap ?? null };
      const overdue = this.#deps.gates.overdue();
      const known = { epoch: run.epoch, owner, at: this.#deps.clock.wall(), ...(overdue.length > 0 && { overdue }) };
      const intent = await this.#intents.intend({ ...turn, ...money, ...known });
      if (intent.kind === 'capped' || intent.kind === 'unpriced')
        return await this.#capped(context, seed, history, intent, admission.release);
      if (intent.kind === 'halted') {
        if (intent.stop) context.stop ??= { kind: 'stop', ...intent.stop };
        return this.#notSent(context, { kind: intent.cancelled ? 'cancelled' : 'paused' });
      }
      if (intent.kind === 'elsewhere') {
        if (intent.owner === owner) await this.#intents.abandon(turn);
        return { kind: 'hold', ms: intent.owner === owner ? 0 : ELSEWHERE_MS, reason: 'another process' };
      }
      if (intent.kind === 'done') return await this.#known(turn);
      if (intent.kind === 'answered') return await this.#withStored(context, seed, history);
      const attempt: Attempt = { ...turn, attempt: intent.attempt };
      const entry = await admission.enter();
      if (entry.kind !== 'send') return await this.#unsent(attempt, this.#notSent(context, entry));
      // Meanwhile: at most the calls that were in flight then are made.
      const refusedSince = this.#refused(context);
      if (refusedSince) return await this.#unsent(attempt, refusedSince);
      if (context.suspicion.holds) {
        const reason = 'the answers that are under way';
        return await this.#unsent(attempt, { kind: 'wait', until: this.#deps.clock.now() + ELSEWHERE_MS, reason });
      }
      const { clock } = this.#deps;
      const started = clock.now();
      const sent = { worth, sentAt: clock.wall(), release: admission.release };
      const result = await this.#call(context, messages, attempt);
      context.ended.calls += 1;
      context.ended.ms += clock.now() - started;
      if (!result.ok)
        return await endFailedCall(this.#deps, this.#model, { context, seed, history, attempt }, { failure: result, ...sent });
      // The place is free as soon as the answer is here: storing it must not hold up the next call.
      admission.release({ kind: 'done', tokens: result.usage, told: result.told ?? null });
      const costNano = this.#model.cost(context, result, sent);
      return await this.#settle(context, seed, history, attempt, result, costNano, clock.now() - started);
    } finally {
      admission.release({ kind: 'done' });
    }
  }

  /** What the provider said to another turn, of this process or another, stops this one. */
  #refused(context: RunContext): TurnEnd | null {
    const stop = this.#deps.gates.stop(context.run.id);
    if (stop) context.stop ??= { kind: 'stop', ...stop };
    return refusedForAll(context, this.#deps.clock.now());
  }

  /** A run that was stopped is let go by its gate like a paused one. */
  #notSent(context: RunContext, admission: Exclude<Entry, { kind: 'send' }>): TurnEnd {
    this.#refused(context);
    return admission.kind === 'paused' && context.stop ? context.stop : notAdmitted(admission);
  }

  async #call(context: RunContext, messages: Message[], attempt: Attempt): Promise<CallResult> {
    context.suspicion.begins();
    try {
      const result = await this.#model.call(context, messages, attempt);
      if (result.ok) {
        context.suspicion.clear();
        context.silentSince = null;
      }
      return result;
    } finally {
      context.suspicion.ends();
    }
  }

  /** The intent is taken back: its call was not made. */
  async #unsent(attempt: Attempt, end: TurnEnd): Promise<TurnEnd> {
    const record = { ...attempt, kind: 'refused', code: 'E_CALL_UNSENT', at: this.#deps.clock.wall() } as const;
    await this.#deps.callEnds.store({ kind: 'refuse', record });
    return end;
  }

  /** The turn was answered by another process. */
  async #withStored(context: RunContext, seed: Seed, history: History): Promise<TurnEnd> {
    const outcome = await this.#deps.store.outcome(context.run.id, seed.index);
    if (outcome) return { kind: 'done', outcome, callMs: null };
    Object.assign(history, await this.#reload(context, seed));
    const step = this.#nextStep(context, seed, history);
    return step.kind === 'ask' ? { kind: 'go-on', callMs: null } : await this.#end(context, outcomeOf(seed, history, step));
  }

  /** The seed ended after its history was read. */
  async #known({ runId, index }: CallKey): Promise<TurnEnd> {
    const outcome = await this.#deps.store.outcome(runId, index);
    if (!outcome) throw new Error(`run ${runId}: the outcome of seed ${index} is gone`);
    return { kind: 'done', outcome, callMs: null };
  }

  async #admit(context: RunContext, turn: number, promptTokens: number): Promise<Admission> {
    if (this.#deps.gates.draining()) return { kind: 'wait', until: this.#deps.clock.now() + 1_000, reason: 'nothing' };
    const { id: runId, task } = context.run;
    const request = { runId, turn, promptTokens, maxTokens: task.maxTokens, interactive: false };
    return await context.gate.admit(request, PATIENCE_MS, context.cancelSignal);
  }

  /** A cap that this row alone has reached ends it; any other holds all turns, or stops the run. */
  async #capped(
    context: RunContext,
    seed: Seed,
    history: History,
    stopped: Capped | Unpriced,
    release: (how: Release) => void,
  ): Promise<TurnEnd | { kind: 'hold'; ms: number; reason: string }> {
    const end = whatCapDoes(context, stopped);
    if (end.kind === 'fail-row') return await this.#end(context, failedOutcome(seed, history, end));
    if (end.kind === 'stop') return end;
    const { gate, run } = context;
    // This turn's own place is still counted. Without another call here nothing would end the block.
    if (gate.inFlight(run.id) <= 1) return { kind: 'hold', ms: ELSEWHERE_MS, reason: 'money' };
    gate.blockOnMoney(run.id);
    // Any other release would end the block at once.
    release({ kind: 'unused' });
    return { kind: 'hold', ms: 0, reason: 'money' };
  }

  async #settle(
    context: RunContext,
    seed: Seed,
    history: History,
    attempt: Attempt,
    reply: ModelReply,
    costNano: NanoUsd | null,
    callMs: number,
  ): Promise<TurnEnd> {
    const { answer, finish, servedModel, usage } = reply;
    const answered = { answer, finish, servedModel, usage, costNano };
    addAnswer(history, answered);
    const step = this.#nextStep(context, seed, history);
    const outcome = step.kind === 'ask' ? null : outcomeOf(seed, history, step);
    const record = { ...attempt, ...answered, at: this.#deps.clock.wall(), ...(outcome ? { outcome } : {}) };
    const used = await this.#deps.callEnds.store({ kind: 'settle', record });
    context.measured.calls += 1;
    context.measured.ms += callMs;
    // This process was taken for dead meanwhile: the conversation goes on with the answer of the one that made the turn again.
    if (!used) return await this.#withStored(context, seed, history);
    return outcome ? { kind: 'done', outcome, callMs } : { kind: 'go-on', callMs };
  }

  #nextStep(context: RunContext, seed: Seed, history: History): NextStep {
    const { rules, prompt } = context.fill(seed.content);
    return nextStep(rules, { prompt }, history.steps);
  }

  /** The row ends without a call. */
  async #end(context: RunContext, outcome: Outcome): Promise<TurnEnd> {
    await this.#deps.store.finish(context.run.id, outcome);
    return { kind: 'done', outcome, callMs: null };
  }
}
