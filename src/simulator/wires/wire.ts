/** How the simulated provider speaks one API. A file beside this one is one of them. */
import type { ChatRequest, Completion } from '../exchange.js';

export interface SimulatedWire {
  /** True for the path of a request of this wire (POST), without its query. */
  takes(path: string): boolean;
  /** The request in a body, or the text of an error 400. `path`: some wires name the model there. */
  read(body: string, path: string): ChatRequest | string;
  /** What is sent for an answer. */
  answer(completion: Completion, request: ChatRequest): { type: string; body: string };
  /** An error body of this wire, made of one of the chat wire (`errorBody`), or of one in Google's shape, which has a `status`. */
  error(status: number, body: string): string;
  /** Answer to a request for the list of models (GET); null: the path is another. */
  models(path: string, names: readonly string[]): string | null;
}
