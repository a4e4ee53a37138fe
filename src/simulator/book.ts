/** What the provider counts and logs about its calls. */
import { costOf, type TokenPrice } from '../core/money/price.js';
import type { Identity } from './answer.js';
import { BillingLog } from './billing-log.js';

export interface SimulatorStats {
  /** Requests whose body arrived. */
  calls: number;
  billed: number;
  /** Refused with a 4xx or 5xx. */
  refused: number;
  /** Requests that an outage cut off. */
  reset: number;
  /** Clients that left before their answer. */
  gone: number;
  /** Of billed calls. */
  promptTokens: number;
  completionTokens: number;
  /** 1e-9 USD, by the price option. */
  costNano: number;
  inFlight: number;
  peakInFlight: number;
}

/** One request: its number, and what is known of it. */
export interface Call extends Identity {
  n: number;
  model: string;
  /** Its `x-client-request-id`. */
  clientId: string | null;
}

export class Book {
  private readonly log: BillingLog | null;
  private readonly counts: SimulatorStats = {
    calls: 0,
    billed: 0,
    refused: 0,
    reset: 0,
    gone: 0,
    promptTokens: 0,
    completionTokens: 0,
    costNano: 0,
    inFlight: 0,
    peakInFlight: 0,
  };

  constructor(
    log: string | null,
    private readonly price: TokenPrice,
  ) {
    this.log = log === null ? null : new BillingLog(log);
  }

  stats(): SimulatorStats {
    return { ...this.counts };
  }

  get inFlight(): number {
    return this.counts.inFlight;
  }

  /** Number of the next request. */
  next(): number {
    this.counts.calls += 1;
    return this.counts.calls;
  }

  /** A call that was taken. `status` 0: a fault sends none. */
  bill(call: Call, status: 200 | 0, fault: string | null, tokens: { cached: number; output: number }): void {
    const { price, counts } = this;
    const costNano = costOf(price, { input: call.promptTokens, ...tokens });
    counts.billed += 1;
    counts.promptTokens += call.promptTokens;
    counts.completionTokens += tokens.output;
    counts.costNano += costNano;
    this.write(call, { status, billed: true, fault, prompt: call.promptTokens, output: tokens.output, costNano });
  }

  refuse(call: Call, status: number, fault: string | null): void {
    this.counts.refused += 1;
    this.write(call, { status, billed: false, fault, prompt: 0, output: 0, costNano: 0 });
  }

  /** A request of an outage, cut off before it was read. */
  reset(): void {
    this.counts.reset += 1;
    this.log?.reset(Date.now());
  }

  opened(): void {
    this.counts.inFlight += 1;
    if (this.counts.inFlight > this.counts.peakInFlight) this.counts.peakInFlight = this.counts.inFlight;
  }

  ended(n: number, end: 'sent' | 'gone' | 'cut'): void {
    this.counts.inFlight -= 1;
    if (end === 'gone') this.counts.gone += 1;
    this.log?.end(n, Date.now(), end);
  }

  close(): Promise<void> {
    return this.log?.close() ?? Promise.resolve();
  }

  private write(
    call: Call,
    facts: { status: number; billed: boolean; fault: string | null; prompt: number; output: number; costNano: number },
  ): void {
    this.log?.call({
      n: call.n,
      t: Date.now(),
      key: call.key,
      row: call.row,
      turn: call.turn,
      model: call.model,
      status: facts.status,
      billed: facts.billed,
      fault: facts.fault,
      prompt_tokens: facts.prompt,
      completion_tokens: facts.output,
      cost_nano: facts.costNano,
      client_request_id: call.clientId,
    });
  }
}
