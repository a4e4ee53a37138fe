/** From the gate to the answer: a place, the intent with its reserved money, the call, and how it ends. */
import type { Admission, Release } from '../../core/gate/port.js';
import type { CallResult } from '../../llm/port.js';
import type { Capped, IntentResult, Unpriced } from '../../store/port/intents.js';
import type { Attempt } from '../../store/port/store.js';
import type { ActivityDeps } from '../deps.js';
import { CallIntents } from './call-intents.js';
import { whatCapDoes } from './cap-stop.js';
import { endFailedCall } from './failed-call.js';
import { failedOutcome } from './history.js';
import { PricedModel, type Worth } from './priced-model.js';
import { notSent, stoppedForAll } from './run-stop.js';
import { settleCall } from './settled-call.js';
import { endRow, goOnFromStored, storedOutcome } from './stored-end.js';
import type { Question } from './take-turn.js';
import type { TurnEnd } from './turn-end.js';
import type { TurnInHand } from './turn-in-hand.js';

/** How often a call that another process makes is looked up. */
const ELSEWHERE_MS = 300;
/** How often it is asked whether rows still fail alike: any answer may be an ok row. */
const ALIKE_MS = 100;
const UNDER_SUSPICION = 'the answers that are under way';

/** Something near may change soon: ask again from here. */
export interface TurnHolds {
  kind: 'hold';
  ms: number;
  reason: string;
}

type Place = Extract<Admission, { kind: 'go' }>;

export class MakeCall {
  readonly #deps: ActivityDeps;
  readonly #model: PricedModel;
  readonly #intents: CallIntents;
  readonly #patienceMs: number;

  constructor(deps: ActivityDeps, patienceMs: number) {
    this.#deps = deps;
    this.#model = new PricedModel(deps);
    this.#intents = new CallIntents(deps);
    this.#patienceMs = patienceMs;
  }

  async attempt(turn: TurnInHand, question: Question): Promise<TurnEnd | TurnHolds> {
    const { context } = turn;
    const refused = stoppedForAll(this.#deps, context);
    if (refused) return refused;
    if (context.suspicion.holds(this.#deps.clock.now())) return { kind: 'hold', ms: ALIKE_MS, reason: UNDER_SUSPICION };
    const place = await this.#admit(turn, question.tokens);
    if (place.kind !== 'go') return notSent(this.#deps, context, place);
    try {
      if (context.of.fault) throw context.of.fault;
      this.#deps.callEnds.refuseNewCalls();
      const worth = await this.#model.worth(context, question);
      const intent = await this.#intend(turn, worth);
      if (intent.kind !== 'go') return await this.#notToCall(turn, intent, place.release);
      return await this.#send(turn, question, { attempt: { ...turn.key, attempt: intent.attempt }, worth, place });
    } finally {
      place.release({ kind: 'done' });
    }
  }

  async #admit({ context, key, history }: TurnInHand, promptTokens: number): Promise<Admission> {
    if (this.#deps.gates.draining()) return { kind: 'wait', until: this.#deps.clock.now() + 1_000, reason: 'nothing' };
    const { id: runId } = context.run;
    const { maxTokens, interactive } = context.use;
    // A row that is tried again goes before those that were not begun: what fails all of them shows after a few.
    const turn = key.turn + (history.tries > 0 ? 1 : 0);
    const request = { runId, turn, promptTokens, maxTokens, interactive };
    return await context.gate.admit(request, this.#patienceMs, context.of.cancelSignal);
  }

  /** The call is written down, with the most that it may cost. */
  async #intend({ context, key }: TurnInHand, { reservedNano, wary, simulated }: Worth): Promise<IntentResult> {
    const { run, phase, use } = context;
    const { owner, clock, gates, homeCap = null } = this.#deps;
    const { timeZone, pauseAfter } = run.task;
    const money = { reservedNano, wary, simulated, timeZone, homeCap };
    const overdue = gates.overdue();
    const known = {
      epoch: run.epoch,
      phase: phase.name,
      role: use.role,
      owner,
      at: clock.wall(),
      pauseAfter,
      ...(overdue.length > 0 && { overdue }),
    };
    return await this.#intents.intend({ ...key, ...money, ...known });
  }

  async #notToCall(
    turn: TurnInHand,
    intent: Exclude<IntentResult, { kind: 'go' }>,
    release: (how: Release) => void,
  ): Promise<TurnEnd | TurnHolds> {
    switch (intent.kind) {
      case 'capped':
      case 'unpriced':
        return await this.#capped(turn, intent, release);
      case 'halted':
        if (intent.stop) turn.context.of.stop ??= { kind: 'stop', ...intent.stop };
        return notSent(this.#deps, turn.context, { kind: intent.cancelled ? 'cancelled' : 'paused' });
      case 'alike':
        turn.context.suspicion.alike(this.#deps.clock.now() + ALIKE_MS);
        return { kind: 'hold', ms: ALIKE_MS, reason: UNDER_SUSPICION };
      case 'elsewhere':
        if (intent.owner !== this.#deps.owner) return { kind: 'hold', ms: ELSEWHERE_MS, reason: 'another process' };
        await this.#intents.abandon(turn.key);
        return { kind: 'hold', ms: 0, reason: 'another process' };
      case 'done':
        return await storedOutcome(this.#deps, turn);
      case 'answered':
        return await goOnFromStored(this.#deps, turn);
    }
  }

  /** A cap that this row alone has reached ends it; any other holds all turns, or stops the run. */
  async #capped(turn: TurnInHand, stopped: Capped | Unpriced, release: (how: Release) => void): Promise<TurnEnd | TurnHolds> {
    const { context, seed, history } = turn;
    const end = whatCapDoes(context, stopped);
    if (end.kind === 'fail-row') return await endRow(this.#deps, turn, failedOutcome(seed, history, end));
    if (end.kind === 'stop') return end;
    const { gate, run } = context;
    // This turn's own place is still counted. Without another call here nothing would end the block.
    if (gate.inFlight(run.id) <= 1) return { kind: 'hold', ms: ELSEWHERE_MS, reason: 'money' };
    gate.blockOnMoney(run.id);
    // Any other release would end the block at once.
    release({ kind: 'unused' });
    return { kind: 'hold', ms: 0, reason: 'money' };
  }

  async #send(
    turn: TurnInHand,
    question: Question,
    { attempt, worth, place }: { attempt: Attempt; worth: Worth; place: Place },
  ): Promise<TurnEnd> {
    const { context } = turn;
    const { clock } = this.#deps;
    const entry = await place.enter();
    if (entry.kind !== 'send') return await this.#unsent(attempt, notSent(this.#deps, context, entry));
    // Meanwhile: at most the calls that were in flight then are made.
    const refusedSince = stoppedForAll(this.#deps, context);
    if (refusedSince) return await this.#unsent(attempt, refusedSince);
    if (context.suspicion.holds(clock.now()))
      return await this.#unsent(attempt, { kind: 'wait', until: clock.now() + ALIKE_MS, reason: UNDER_SUSPICION });
    const started = clock.now();
    const sentAt = clock.wall();
    const result = await this.#ask(turn, question, attempt);
    const callMs = clock.now() - started;
    context.ended.calls += 1;
    context.ended.ms += callMs;
    if (!result.ok) {
      const failed = { failure: result, worth, sentAt, release: place.release };
      return await endFailedCall(this.#deps, this.#model, { turn, attempt }, failed);
    }
    const release = () => place.release({ kind: 'done', tokens: result.usage, told: result.told ?? null });
    const costNano = this.#model.cost(context, result, { worth, sentAt });
    return await settleCall(this.#deps, turn, { attempt, reply: result, costNano, callMs, release });
  }

  async #ask({ context }: TurnInHand, question: Question, attempt: Attempt): Promise<CallResult> {
    context.suspicion.begins();
    try {
      const result = await this.#model.call(context, question, attempt);
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
}
