/** How the simulated provider speaks one API. A file beside this one is one of them. */
import type { IncomingHttpHeaders } from 'node:http';
import type { ChatRequest, Completion } from '../exchange.js';
import type { NamesLimit } from '../limits.js';

export interface SimulatedWire {
  /** True for the path of a request of this wire (POST), without its query. */
  takes(path: string): boolean;
  /** The request in a body, or the text of an error 400. `path`: some wires name the model there; `headers`: some want one. */
  read(body: string, path: string, headers: IncomingHttpHeaders): ChatRequest | string;
  /** What is sent for an answer. */
  answer(completion: Completion, request: ChatRequest): { type: string; body: string };
  /** An error body of this wire, made of one of the chat wire (`errorBody`), or of one in Google's shape, which has a `status`. */
  error(status: number, body: string): string;
  /** Answer to a request for the list of models (GET); null: the path is another. */
  models(path: string, names: readonly string[], headers: IncomingHttpHeaders): string | null;
  /** How it tells what is left of its limits. @default as OpenAI does */
  limit?: NamesLimit;
}
