/** How one API of models is spoken: what goes out, and what an answer says. A folder beside this file is one of them. */
import type { LanguageModelV3, LanguageModelV3CallOptions } from '@ai-sdk/provider';
import type { CallFailure } from '../../core/call-failure.js';
import type { CallResult, ModelCall } from '../port.js';
import type { AnswerWords, CallFacts } from '../refusals/classify.js';

/** What the text of a body says. */
export interface BodyAnswer {
  /** As parsed, and joined where it came in pieces. Undefined when there is none, or not all of one. */
  value: unknown;
  /** It came in pieces, and ends before its answer does. */
  cut: boolean;
}

/** The name of a header in lower case, which no header of a task may have, and its value. */
export interface KeyPlace {
  readonly header: string;
  value(apiKey: string): string;
}

/** What a request asks of its answer: to meet a schema, to be JSON, nothing. */
export type AnswerFormat = 'schema' | 'object' | 'text';

export interface Wire {
  /** Under which name the parts of its answers carry what it needs back (`ProviderData`); null: it needs nothing. */
  readonly partsOf: string | null;
  readonly answers: AnswerWords;
  /** Where the key goes. */
  readonly key: KeyPlace;
  /** Where it goes at some servers. @default null, as everywhere */
  keyAt?(call: Pick<ModelCall, 'apiBase' | 'apiKey'>): KeyPlace | null;
  /** What a call with a schema asks its server for. @default schema, from all of them */
  answerFormat?(call: Pick<ModelCall, 'model' | 'apiBase'>): AnswerFormat;
  /** What builds a request to a base and sends it with `send`, once. It holds nothing of a call, so it is kept for the next ones. */
  model(apiBase: string, model: string, send: typeof fetch): Pick<LanguageModelV3, 'doGenerate'>;
  /** Options of the package that every request of this wire has. @default none */
  options?(call: ModelCall): LanguageModelV3CallOptions['providerOptions'];
  /** The last touch at a body that is not sent as the package built it; see request-body.ts. @default nothing is left to do */
  finish?(body: Record<string, unknown>, call: ModelCall): void;
  /** What helps against a refusal, where the wire knows more than the sentence says. @default nothing is added */
  refused?(failure: CallFailure, call: ModelCall): CallFailure;
  /** Never throws. */
  answerIn(body: string): BodyAnswer;
  /** What a success says: its `value` is that of `answerIn`. Null when it holds neither an answer nor an error. Never throws. */
  read(call: ModelCall, facts: CallFacts, value: unknown): CallResult | null;
}
