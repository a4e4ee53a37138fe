/** What the engine asks of a model, and what it gets back. No exceptions: a call ends in a CallResult. */

import type { CallFailure, Metered } from '../core/call-failure.js';
import type { Answer, Message } from '../core/conversation/message.js';
import type { ToldLimits } from '../core/gate/told-limits.js';
import type { EpochMs, Finish, NanoUsd, Usage } from '../core/model.js';
import type { ModelRef, PriceOverride } from '../schema/task-types.js';

/** How an API of models is spoken: those of the table in wires/. */
export type WireName = 'chat';

export interface ModelCall {
  model: ModelRef;
  wire: WireName;
  /** Base URL to send to (resolved: never null). */
  apiBase: string;
  /** Value of the key, read at send time; null when the endpoint has none. Never logged, stored or put in an error. */
  apiKey: string | null;
  headers: Record<string, string>;
  /** Sent as `x-client-request-id`, which OpenAI documents and others ignore or log. @default none */
  callId?: string;
  messages: Message[];
  maxTokens: number;
  temperature: number | null;
  topP: number | null;
  /** Total deadline of the call, connection to last byte. */
  timeoutMs: number;
  /** Aborts the socket: a real cancel only. */
  signal: AbortSignal;
}

export interface ModelReply extends Metered {
  ok: true;
  /** All of it, in order, with what the provider needs back. */
  answer: Answer;
  finish: Finish;
  /** The provider's own word for the ending. */
  rawFinish: string | null;
  /** What the headers told of the provider's limits. @default null, nothing */
  told?: ToldLimits | null;
  requestId: string | null;
}

export type CallResult = ModelReply | CallFailure;

export interface ModelAdapter {
  call(call: ModelCall): Promise<CallResult>;
  close(): Promise<void>;
}

export interface PriceQuestion {
  model: ModelRef;
  /** Model named in the answer, when known. */
  servedModel?: string;
  override: PriceOverride | null;
  /** Before a call: its start. After it: its end. */
  at: EpochMs;
  /** Before a call: its deadline, within which a price may change. @default ten minutes */
  timeoutMs?: number;
  /** After a call: its start. The dearer of the prices at both ends holds. */
  sentAt?: EpochMs;
}

export interface Prices {
  /** Upper bound of one call's cost; null = price unknown. Uses the dearest of the possible prices. */
  worstCase(question: PriceQuestion, tokens: { input: number; maxOutput: number }): NanoUsd | null;
  /** Cost of an answered call; null = price unknown. */
  cost(question: PriceQuestion, usage: Usage & { cacheWritten?: number }): NanoUsd | null;
  /** Context window in tokens, when known. */
  contextWindow(model: ModelRef): number | null;
}
