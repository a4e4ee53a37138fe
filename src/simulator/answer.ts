/**
 * What the simulated model says: a function of seed, model and messages alone.
 * One word is one token, so that sizes and usage are exact. A prompt is counted as 4 characters per token.
 */

import type { Directives } from './directives.js';
import { type Distribution, digest, hash32, sample, uniform } from './draw.js';
import type { ChatRequest, Completion } from './exchange.js';
import { madeAnswer } from './made-answer.js';

export interface AnswerSettings {
  seed: string;
  /** Visible tokens of an answer. */
  answerTokens: Distribution;
  /** Hidden tokens, counted as output before the visible ones. */
  reasoningTokens: number;
  /** The output limit of a request is not kept to. */
  ignoreMaxTokens: boolean;
  /** Share of the prompt's tokens that is reported as cached, 0..1. */
  cachedShare: number;
  /** A conversation ends ("[DONE]") at a turn drawn from 1..doneTurns. */
  doneTurns: number;
}

/** What is known of a request before it is answered. */
export interface Identity {
  /** Hash of seed, model and all messages: the same call again has the same key. */
  key: string;
  /** Hash of the first user message: the same row has the same hash at every turn. */
  row: string;
  /** User messages so far. */
  turn: number;
  promptTokens: number;
}

const VOCABULARY = (
  'river stone amber quiet field lantern maple harbor signal copper meadow winter paper orchard silver canyon thread ' +
  'garden cloud marble engine willow border violet anchor summer granite pepper window valley cedar ribbon mirror ' +
  'island feather candle bridge forest velvet hammer prairie coral saddle cotton timber beacon pocket desert'
).split(' ');
const RING_WORDS = 4096;
/** The ring of words, followed by itself, so that any run of up to RING_WORDS words is one slice. */
const ring = { text: '', offsets: [] as number[] };
for (let i = 0; i < RING_WORDS * 2; i += 1) {
  ring.offsets.push(ring.text.length);
  ring.text += `${VOCABULARY[hash32(`w${i % RING_WORDS}`) % VOCABULARY.length]} `;
}

/** `count` words, each followed by a space. */
function words(count: number, start: number): string {
  let text = '';
  for (let left = count; left > 0; left -= RING_WORDS) {
    const first = start % RING_WORDS;
    text += ring.text.slice(ring.offsets[first], ring.offsets[first + Math.min(left, RING_WORDS)]);
  }
  return text;
}

/** Tokens of a text by length: 4 characters are a token. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

export function identify(seed: string, request: ChatRequest): Identity {
  const parts = [seed, request.model];
  let firstUser: string | null = null;
  let turn = 0;
  let promptTokens = 0;
  for (const { role, content } of request.messages) {
    parts.push(role, content);
    promptTokens += 4 + countTokens(content);
    if (role !== 'user') continue;
    firstUser ??= content;
    turn += 1;
  }
  return { key: digest(parts), row: digest([firstUser ?? '']), turn: Math.max(1, turn), promptTokens };
}

/**
 * True when this turn's answer carries the end mark. Turn 1 carries it only when the messages speak of it,
 * so that one-turn tasks get plain answers.
 */
function isDone(settings: AnswerSettings, request: ChatRequest, identity: Identity): boolean {
  const last = 1 + Math.floor(uniform(`${settings.seed}/${identity.row}/done`) * settings.doneTurns);
  if (identity.turn < last) return false;
  return identity.turn > 1 || request.messages.some(({ content }) => content.includes('[DONE]'));
}

function visible(settings: AnswerSettings, request: ChatRequest, identity: Identity, directives: Directives, room: number) {
  const said = directives.echo ?? directives.answer ?? madeAnswer(request, identity.key) ?? undefined;
  if (said !== undefined) {
    const tokens = countTokens(said);
    return tokens > room ? { text: said.slice(0, room * 4), tokens: room, cut: true } : { text: said, tokens, cut: false };
  }
  const wanted = directives.tokens ?? Math.max(1, Math.round(sample(settings.answerTokens, `${identity.key}/size`)));
  const done = isDone(settings, request, identity) ? 1 : 0;
  const total = wanted + done;
  const tokens = Math.min(total, room);
  const name = identity.key.slice(0, 8);
  const body = words(Math.min(wanted, tokens) - 1, hash32(identity.key));
  const text = tokens === 0 ? '' : `${name} ${body}${done === 1 && tokens === total ? '[DONE]' : ''}`.trimEnd();
  return { text, tokens, cut: tokens < total };
}

/** The completion of a request, never above its output limit unless it is to ignore that. */
export function answer(settings: AnswerSettings, request: ChatRequest, identity: Identity, directives: Directives): Completion {
  const limit = (settings.ignoreMaxTokens ? null : request.maxTokens) ?? Number.MAX_SAFE_INTEGER;
  const reasoning = request.thinks === false ? 0 : Math.min(settings.reasoningTokens, limit);
  const { text, tokens, cut } = visible(settings, request, identity, directives, limit - reasoning);
  const output = reasoning + tokens;
  return {
    id: `chatcmpl-${identity.key}`,
    object: 'chat.completion',
    // Fixed, so that the same request gives the same bytes.
    created: 1_767_225_600,
    model: request.model,
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: cut ? 'length' : 'stop' }],
    usage: {
      prompt_tokens: identity.promptTokens,
      completion_tokens: output,
      total_tokens: identity.promptTokens + output,
      prompt_tokens_details: { cached_tokens: Math.floor(identity.promptTokens * settings.cachedShare) },
      completion_tokens_details: { reasoning_tokens: reasoning },
    },
  };
}
