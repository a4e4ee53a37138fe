/** What the engine asks of a model, and what it gets back. No exceptions: a call ends in a CallResult. */

import type { CallFailure, Metered } from '../core/call-failure.js';
import type { SentSchema } from '../core/conversation/answer-form.js';
import type { Answer, Message } from '../core/conversation/message.js';
import type { ToldLimits } from '../core/gate/told-limits.js';
import type { Finish } from '../core/model.js';
import type { Repeated } from '../core/repeated.js';
import type { ModelRef, RequestSettings } from '../schema/task-types.js';

export interface ModelCall {
  /** With the wire that it is spoken to over. */
  model: ModelRef;
  /** Base URL to send to (resolved: never null). */
  apiBase: string;
  /** Value of the key, read at send time; null when the endpoint has none. Never logged, stored or put in an error. */
  apiKey: string | null;
  headers: Record<string, string>;
  /** Sent as `x-client-request-id`, which OpenAI documents and others ignore or log. @default none */
  callId?: string;
  messages: Message[];
  /** What of them other calls send too, for caches that cost something to write. @default nothing is known of it, and nothing marked */
  repeated?: Repeated;
  /** What the answer is to meet, where the wire can ask for it. @default null, any text */
  answerSchema?: SentSchema | null;
  /** Most tokens of the answer, thinking among them: what goes out is exactly this, because this is what was reserved. */
  maxTokens: number;
  settings: RequestSettings;
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
