/**
 * Orders to the simulated model inside a prompt, for tests that need one row to be different:
 * `[[sim echo]]`, `[[sim answer=TEXT]]`, `[[sim tokens=N]]`, `[[sim latency=MS]]`, `[[sim fault=NAME]]`,
 * `[[sim fault=NAME*K]]` (the first K attempts only). Read from the last user message; several may stand in it.
 */
import type { ChatRequest } from './exchange.js';

export interface Directives {
  /** The last user message without its orders. */
  echo?: string;
  answer?: string;
  tokens?: number;
  latencyMs?: number;
  /** Name of a fault; unknown names are ignored. */
  fault?: { name: string; attempts: number };
}

const NONE: Directives = {};
const ORDER = /\[\[sim ([a-z]+)(?:=([^\]]*))?\]\]/g;

function wholeNumber(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

export function readDirectives(request: ChatRequest): Directives {
  const last = request.messages.findLast(({ role }) => role === 'user')?.content ?? '';
  if (!last.includes('[[sim ')) return NONE;
  const found: Directives = {};
  for (const [, name, value = ''] of last.matchAll(ORDER)) {
    const number = wholeNumber(value);
    if (name === 'echo') found.echo = last.replace(ORDER, '').trim();
    if (name === 'answer') found.answer = value;
    if (name === 'tokens' && number !== null) found.tokens = Math.max(1, number);
    if (name === 'latency' && number !== null) found.latencyMs = number;
    if (name === 'fault') {
      const [fault = '', times] = value.split('*');
      found.fault = { name: fault, attempts: times === undefined ? Number.MAX_SAFE_INTEGER : (wholeNumber(times) ?? 1) };
    }
  }
  return found;
}
