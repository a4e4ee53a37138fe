/** Prompt tokens before the call: a forecast for people and rates, a hard bound for money. */
import { estimateTokenCount } from 'tokenx';
import type { Message } from '../core/model.js';

/** Role marks and separators around a message; four to eight in the chat templates of the common models. */
const PER_MESSAGE = 8;

/** Text that a chat template puts before the messages unseen: dates, default system prompts (gpt-oss: about 70 tokens). */
const UNSEEN = 128;

/**
 * Forecast: within 5 % on English, code and JSON, up to 17 % high on Chinese (measured for tokenx 2.2). Costs 30 microseconds
 * per kilobyte.
 */
export function estimateTokens(messages: readonly Message[]): number {
  let tokens = 0;
  for (const message of messages) tokens += estimateTokenCount(message.content) + PER_MESSAGE;
  return tokens;
}

/**
 * Upper bound for reservations: one token per UTF-8 byte, which no byte-level tokenizer can pass, plus what templates add.
 * Ordinary text has about a quarter of that; the reservation is given back when the usage is known. Bytes / 2 would cover
 * ordinary text too, but not every text, and a cap must hold for every text. Costs under a microsecond per kilobyte.
 */
export function maxInputTokens(messages: readonly Message[]): number {
  let tokens = UNSEEN;
  for (const message of messages) tokens += Buffer.byteLength(message.content, 'utf8') + PER_MESSAGE;
  return tokens;
}
