/**
 * Whether the server has answered from a part of the prompt. It is asked not to (build.ts), but Ollama from before October 2025 and other
 * servers of this API do not know the fields. Then the answer looks like any other, and only `prompt_eval_count` is too small:
 * - new runners keep half of the window: 2,050 of 4,096, 16,386 of 32,768 (ollama/ollama issues 17427, 17889, pull request 18399);
 * - old ones fill the window (issue 10368), after messages at the beginning of a conversation were left out (issue 4967).
 * A small count alone is no proof: versions from before July 2024 and the first ones of 0.30 counted only what was not in their cache (issues 2068,
 * 16414, pull requests 5371, 16428), and models have tokens of very different sizes. Hence several signs, each with what speaks against it.
 */
import { messageText } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf } from '../../../core/fields.js';
import type { ModelCall } from '../../port.js';
import { countOf } from '../counts.js';

/** Smallest window that Ollama has by itself (in old versions): a shorter prompt was not cut, unless a task made it smaller. */
const SMALLEST_WINDOW = 2_048;
/** What it is now on machines with less than 24 GiB of GPU memory (docs.ollama.com/context-length). */
const USUAL_WINDOW = 4_096;
/** Windows are multiples of this. */
const STEP = 1_024;
/** So many tokens at the beginning are kept beside one half of the window: `num_keep`, 4, and one that some models begin with. */
const KEPT = 8;
/** A cut takes more away than our count may be wrong: it is low rather than high. */
const SHARE = 0.7;

const LONG_SIGNS = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g;
/** A token or few each, whatever their length, in the vocabularies of today. */
const RUNS = /\s+|([^\p{L}\p{N}\s])\1+|(\S)\2{3,}/gu;

/** Tokens of a text, rather too few: a token has four letters of most scripts, two of Chinese, Japanese and Korean. */
function tokensOf(text: string): number {
  const short = text.replace(RUNS, ' ');
  const signs = short.match(LONG_SIGNS)?.length ?? 0;
  return Math.floor((short.length - signs) / 4 + signs / 2);
}

/** No text has more by that count: characters outside of ASCII take bytes, and those of two to a token take three. Found in no time. */
function atMost(text: string): number {
  return text.length / 4 + (Buffer.byteLength(text, 'utf8') - text.length) / 8;
}

/** The window that the task asks for; null when the server decides. */
function askedWindow({ settings: { extraBody } }: ModelCall): number | null {
  const window = countOf(fieldsOf(fieldsOf(extraBody)['options'])['num_ctx']) ?? 0;
  return window > 0 ? window : null;
}

/** Just what is left of a prompt that was cut to a window of this size. */
function isLeftOf(window: number, counted: number): boolean {
  const half = Math.floor(window / 2);
  return (counted >= half && counted <= half + KEPT) || (counted <= window && counted >= window - 1);
}

function isAtMark(counted: number, asked: number | null): boolean {
  if (asked !== null) return isLeftOf(asked, counted);
  const window = Math.floor(counted / STEP) * STEP;
  return window >= STEP && (isLeftOf(window, counted) || isLeftOf(window + STEP, counted) || isLeftOf(2 * window, counted));
}

/** Not half of a long prompt, but more than what a cache leaves to be done of one. */
function isFarBelow(counted: number, tokens: number): boolean {
  return tokens > USUAL_WINDOW && counted >= SMALLEST_WINDOW / 2 && counted < tokens / 2;
}

function sumOf(texts: readonly string[], count: (text: string) => number): number {
  return texts.reduce((sum, text) => sum + count(text), 0);
}

export interface PromptCut {
  /** Tokens that the server read. */
  counted: number;
  /** Tokens of the prompt, about. */
  tokens: number;
}

/** Null when nothing speaks for a cut. */
export function promptCut(call: ModelCall, body: Fields): PromptCut | null {
  const counted = countOf(body['prompt_eval_count']);
  const cached = countOf(body['prompt_eval_cached_count']) ?? Number.NaN;
  // More was cached than is counted: then that is counted apart.
  if (counted === undefined || Number.isNaN(counted) || counted === 0 || cached > counted) return null;
  const asked = askedWindow(call);
  // Without thoughts and calls of earlier turns, which templates leave out.
  const texts = call.messages.map(messageText);
  // Nearly always: long prompts are not searched for nothing.
  if (counted >= sumOf(texts, atMost) * SHARE) return null;
  const tokens = sumOf(texts, tokensOf);
  if (tokens <= Math.min(SMALLEST_WINDOW, asked ?? SMALLEST_WINDOW) || counted >= tokens * SHARE) return null;
  // Versions that say what was cached (pull request 17943) have always counted it, too.
  const countsAll = cached <= counted;
  const isCut = countsAll || isAtMark(counted, asked) || isFarBelow(counted, tokens);
  return isCut ? { counted, tokens } : null;
}

/** What to write: a window for the prompt, its answer and what our count lacks. */
export function windowFor(tokens: number, maxTokens: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(USUAL_WINDOW, tokens * 1.5 + maxTokens)));
}
