/** A request and its answer as the simulated provider knows them, whatever wire they come and go by. */

export interface ChatRequest {
  model: string;
  messages: { role: string; content: string }[];
  /** Output limit; null when none was sent. */
  maxTokens: number | null;
  stream: boolean;
  /** Usage is wanted within the stream. */
  includeUsage: boolean;
  /** Whether thoughts are asked for, on wires that show them. @default null, as the model does by itself */
  thinks?: boolean | null;
  /** What is wanted of the model's thoughts beside their number: as something that goes back, as text to read. @default neither */
  thoughts?: { encrypted: boolean; summary: boolean };
  /** JSON Schema that the answer is to meet. @default none went with the request */
  schema?: unknown;
}

/** An answer, in the shape of a chat completion; the other wires write theirs from it. Faults alter it, so that parts may be missing or wrong. */
export interface Completion {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: {
    index: number;
    message: { role: 'assistant'; content: string | null; refusal?: string };
    finish_reason: string;
  }[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    total_tokens: number;
    prompt_tokens_details: { cached_tokens: number };
    completion_tokens_details: { reasoning_tokens: number };
  };
  /** An error that ends the answer in its middle, on wires that write such. @default none */
  failure?: string;
  /** An odd answer that one wire alone can write, by name; the others write theirs as if it were not there. @default none */
  oddity?: string;
}

/** Body of an error answer, in the shape of the chat wire; the other wires write theirs from it. */
export function errorBody(message: string, type: string, code: string | null, param: string | null = null): string {
  return JSON.stringify({ error: { message, type, param, code } });
}
