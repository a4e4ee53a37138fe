/** One simulated provider: decides what becomes of a request, books it, sends the answer after its latency. */

import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { HashTable, halves } from '../core/hash-table.js';
import { answer, identify } from './answer.js';
import { Book, type Call, type SimulatorStats } from './book.js';
import { sendBroken } from './broken-answers.js';
import { type Directives, readDirectives } from './directives.js';
import { sample } from './draw.js';
import { errorBody } from './exchange.js';
import { drawFault, FAULTS, type Fault, sharesOf } from './faults.js';
import { Limits } from './limits.js';
import type { SimulatorSettings, TimeWindow } from './options.js';
import { overLimit, type Refusal, unfit, unreadable, waitHeaders } from './refusals.js';
import type { SimulatedWire } from './wires/wire.js';

/** Wait that 429 and 503 faults ask for, in ms. */
const FAULT_WAIT_MS = 1000;

/** As OpenAI takes ids of requests. */
const LONGEST_ID = 512;

function clientIdOf(headers: IncomingHttpHeaders): string | null {
  const id = headers['x-client-request-id'];
  return typeof id === 'string' ? id.slice(0, LONGEST_ID) : null;
}

/** In the body of a success. */
const PROVIDER_ERROR = errorBody('Provider returned error', 'server_error', 'provider_error');

/** A request whose whole body has arrived. */
export interface Arrived {
  wire: SimulatedWire;
  body: string;
  /** Without its query. */
  path: string;
  res: ServerResponse;
  headers: IncomingHttpHeaders;
}

/** Where an answer goes. */
type Way = Pick<Arrived, 'wire' | 'res'>;

export class Provider {
  private readonly limits: Limits;
  private readonly book: Book;
  /** Attempts seen per key; kept only where faults depend on them, since it grows with the calls. */
  private readonly attempts: HashTable | null;
  /** Attempts of the few prompts that order a fault, when no others are counted. */
  private readonly orderedAttempts = new HashTable();
  private readonly startedAt = performance.now();

  constructor(private readonly settings: SimulatorSettings) {
    this.limits = new Limits(settings, this.startedAt);
    this.book = new Book(settings.log, settings.price);
    this.attempts = settings.faults.length > 0 ? new HashTable() : null;
  }

  stats(): SimulatorStats {
    return this.book.stats();
  }

  close(): Promise<void> {
    return this.book.close();
  }

  /** True while connections are to be reset. */
  isOut(): boolean {
    return this.isWithin(this.settings.outages);
  }

  /** A request that an outage resets is booked, too: it reached the provider. */
  reset(): void {
    this.book.reset();
  }

  private isWithin(windows: readonly TimeWindow[]): boolean {
    if (windows.length === 0) return false;
    const at = performance.now() - this.startedAt;
    return windows.some(({ forMs, afterMs }) => at >= afterMs && at < afterMs + forMs);
  }

  answer({ wire, body, path, res, headers }: Arrived): void {
    const n = this.book.next();
    const clientId = clientIdOf(headers);
    const way = { wire, res };
    const request = wire.read(body, path, headers);
    if (typeof request === 'string') {
      this.refuse({ n, model: '', key: '', row: '', turn: 0, promptTokens: 0, clientId }, way, unreadable(request));
      return;
    }
    const identity = identify(this.settings.seed, request);
    const directives = readDirectives(request);
    const attempt = this.countAttempt(identity.key, directives);
    const call: Call = { n, model: request.model, clientId, ...identity };
    const completion = answer(this.settings, request, identity, directives);
    const used = call.promptTokens + (completion.usage?.completion_tokens ?? 0);
    const reserved = request.maxTokens === null ? used : call.promptTokens + request.maxTokens;
    const refusal =
      unfit(this.settings, request, reserved) ??
      overLimit(this.settings, { limits: this.limits, inFlight: this.book.inFlight, now: performance.now() }, reserved);
    if (refusal) {
      this.refuse(call, way, refusal);
      return;
    }
    const name = this.isWithin(this.settings.storms) ? '429' : this.faultOf(directives, call, attempt);
    const fault = name === null ? undefined : FAULTS[name];
    if (name !== null && fault?.kind === 'refuse') {
      this.limits.giveBack(reserved, performance.now());
      this.refuse(call, way, this.faultRefusal(name, fault));
      return;
    }
    const unsent = fault?.kind === 'break' && (fault.how === 'reset' || fault.how === 'hang');
    this.book.bill(call, unsent ? 0 : 200, name, {
      cached: completion.usage?.prompt_tokens_details.cached_tokens ?? 0,
      output: used - call.promptTokens,
    });
    // As with real providers, the longest possible answer is held until the real one is known.
    if (reserved > used) res.once('close', () => this.limits.giveBack(reserved - used, performance.now()));
    if (fault?.kind === 'alter') fault.alter(completion, request);
    const latencyMs = directives.latencyMs ?? sample(this.settings.latency, `${call.key}/latency`);
    const { type, body: text } = wire.answer(completion, request);
    this.later(latencyMs, n, res, () => {
      if (fault?.kind === 'break') sendBroken(fault.how, res, fault.how === 'error200' ? wire.error(500, PROVIDER_ERROR) : text);
      else this.sendWhole(n, res, 200, type, text, this.limitHeaders(wire));
    });
  }

  private countAttempt(key: string, directives: Directives): number {
    const attempts = this.attempts ?? (directives.fault ? this.orderedAttempts : null);
    if (!attempts) return 1;
    const [high, low] = halves(key);
    const attempt = attempts.get(high, low) + 1;
    attempts.set(high, low, attempt);
    return attempt;
  }

  private faultOf(directives: Directives, { key, model }: Call, attempt: number): string | null {
    const ordered = directives.fault;
    if (ordered && attempt <= ordered.attempts && Object.hasOwn(FAULTS, ordered.name)) return ordered.name;
    return drawFault(sharesOf(this.settings.faults, model), this.settings.seed, key, attempt);
  }

  private faultRefusal(name: string, fault: Extract<Fault, { kind: 'refuse' }>): Refusal {
    const headers = fault.retryAfter ? waitHeaders(this.settings, FAULT_WAIT_MS) : [];
    const { status, body, type } = fault;
    return { status, body, headers, tellsLimits: true, fault: name, ...(type && { type }) };
  }

  /** 4xx at once, 5xx after the latency of the call. */
  private refuse(call: Call, { wire, res }: Way, refusal: Refusal): void {
    const { status, body, type, headers = [], tellsLimits = false, fault = null } = refusal;
    this.book.refuse(call, status, fault);
    const latencyMs = status >= 500 ? sample(this.settings.latency, `${call.key}/latency`) : 0;
    this.later(latencyMs, call.n, res, () => {
      const isPage = type === 'html';
      const text = isPage ? body : wire.error(status, body);
      this.sendWhole(call.n, res, status, isPage ? 'text/html' : 'application/json', text, [
        ...(tellsLimits ? this.limitHeaders(wire) : []),
        ...headers,
      ]);
    });
  }

  /** None for hidden limits. */
  private limitHeaders({ limit }: SimulatedWire): string[] {
    return this.settings.hiddenLimits ? [] : this.limits.headers(performance.now(), limit);
  }

  private sendWhole(n: number, res: ServerResponse, status: number, type: string, body: string, headers: string[]): void {
    const length = String(Buffer.byteLength(body));
    res.writeHead(status, ['content-type', type, 'content-length', length, 'x-request-id', `sim-${n}`, ...headers]);
    res.end(body);
  }

  /** Runs `send` after the latency; the call is under way until its connection is done with it. */
  private later(latencyMs: number, n: number, res: ServerResponse, send: () => void): void {
    this.book.opened();
    let begun = false;
    let timer: NodeJS.Timeout | null = null;
    res.once('close', () => {
      if (timer) clearTimeout(timer);
      this.book.ended(n, res.writableFinished ? 'sent' : begun ? 'cut' : 'gone');
    });
    const go = () => {
      timer = null;
      begun = true;
      send();
    };
    if (latencyMs < 0.5) go();
    else timer = setTimeout(go, Math.round(latencyMs));
  }
}
