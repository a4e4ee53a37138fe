/**
 * What the text of a body says: one JSON value, also with something before or after it, a list or lines of them, or an event stream that
 * nobody asked for, joined to the completion that it would have been.
 */

import { type Fields, isFields } from '../../core/fields.js';

export interface BodyValue {
  /** Undefined when there is none. */
  value: unknown;
  /** An event stream, or a list of pieces, that ends before its answer does. */
  cut: boolean;
}

const NOTHING: BodyValue = { value: undefined, cut: false };

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** End of the JSON object or list that begins at `start`; -1 when it has none. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  let inText = false;
  for (let at = start; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (inText) {
      if (char === 0x5c) at += 1;
      else if (char === 0x22) inText = false;
    } else if (char === 0x22) inText = true;
    else if (char === 0x7b || char === 0x5b) depth += 1;
    else if (char === 0x7d || char === 0x5d) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/** The JSON values at the beginning of a text, one after the other; what follows the last one is left. */
function valuesOf(text: string): unknown[] {
  const values: unknown[] = [];
  for (let at = 0; at < text.length; ) {
    while (/[\s,]/.test(text.charAt(at))) at += 1;
    if (text[at] !== '{' && text[at] !== '[') break;
    const end = endOfValue(text, at);
    const value = end < 0 ? undefined : parsed(text.slice(at, end));
    if (value === undefined) break;
    values.push(value);
    at = end;
  }
  return values;
}

const STREAM = /^(?:data|event|id|retry)\s?:/;
const LINE_END = /\r\n|\n|\r/;

/** Data of the events of a stream (the WHATWG's text/event-stream), without those that are no JSON. */
function eventsOf(text: string): { values: unknown[]; done: boolean } {
  const values: unknown[] = [];
  let data: string[] = [];
  let done = false;
  const end = () => {
    const whole = data.join('\n').trim();
    if (whole === '[DONE]') done = true;
    // Some send an object a line without a blank line between the events.
    const found = whole === '' ? [] : (parsed(whole) ?? data.map(parsed).filter((value) => value !== undefined));
    if (data.some((line) => line.trim() === '[DONE]')) done = true;
    values.push(...(Array.isArray(found) ? found : [found]));
    data = [];
  };
  for (const line of text.split(LINE_END)) {
    if (line === '') end();
    else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
  }
  end();
  return { values, done };
}

function firstChoice(value: unknown): Fields | null {
  const choices = isFields(value) ? value['choices'] : null;
  return Array.isArray(choices) && isFields(choices[0]) ? choices[0] : null;
}

function isPiece(value: unknown): boolean {
  const choice = firstChoice(value);
  return choice !== null && isFields(choice['delta']) && !isFields(choice['message']);
}

/** Token counts of a piece, wherever providers put them. */
function usageOfPiece(piece: Fields): unknown {
  const groq = isFields(piece['x_groq']) ? piece['x_groq']['usage'] : null;
  return piece['usage'] ?? groq ?? firstChoice(piece)?.['usage'] ?? null;
}

/** Text, or parts (Mistral) and then text. */
function appended(before: unknown, more: unknown): unknown {
  if (typeof more === 'string' && !Array.isArray(before)) return `${before ?? ''}${more}`;
  const added = partsOf(more);
  return added.length === 0 ? before : [...partsOf(before), ...added];
}

function partsOf(content: unknown): unknown[] {
  if (Array.isArray(content)) return content;
  return typeof content === 'string' ? [{ type: 'text', text: content }] : [];
}

/** The completion that pieces (`chat.completion.chunk`) make up. */
function joined(pieces: readonly unknown[], done: boolean): BodyValue {
  const whole: Fields = {};
  const message: Fields = {};
  const choice: Fields = { index: 0, message, finish_reason: null };
  for (const piece of pieces.filter(isFields)) {
    for (const name of ['id', 'model', 'created', 'service_tier']) whole[name] ??= piece[name];
    whole['usage'] = usageOfPiece(piece) ?? whole['usage'];
    // An error in mid stream is one within the answer.
    if (piece['error'] !== undefined && piece['error'] !== null) choice['error'] = piece['error'];
    const own = firstChoice(piece);
    if (own === null || (own['index'] ?? 0) !== 0) continue;
    choice['finish_reason'] = own['finish_reason'] ?? choice['finish_reason'];
    if (own['error'] !== undefined && own['error'] !== null) choice['error'] = own['error'];
    const delta = isFields(own['delta']) ? own['delta'] : {};
    message['content'] = appended(message['content'], delta['content']);
    message['refusal'] = appended(message['refusal'], delta['refusal']);
    if (Array.isArray(delta['tool_calls']) && delta['tool_calls'].length > 0) message['tool_calls'] = delta['tool_calls'];
  }
  const ended = done || choice['finish_reason'] !== null || choice['error'] !== undefined;
  return ended ? { value: { ...whole, choices: [choice] }, cut: false } : { value: undefined, cut: true };
}

function combined(values: readonly unknown[], done: boolean): BodyValue {
  if (values.some(isPiece)) return joined(values, done);
  const value = values.find((one) => firstChoice(one) !== null) ?? values.find((one) => isFields(one) && 'error' in one);
  return { value: value ?? values[0], cut: false };
}

/** Lines with which some providers say that they still work (`: keep-alive`), and a byte order mark. */
function withoutKeepAlives(text: string): string {
  let at = 0;
  for (;;) {
    while (at < text.length && (text.charCodeAt(at) <= 0x20 || text.charCodeAt(at) === 0xfeff)) at++;
    if (text[at] !== ':') return text.slice(at);
    const end = text.slice(at).search(/[\r\n]/);
    at = end === -1 ? text.length : at + end + 1;
  }
}

/** Never throws. */
export function bodyValue(text: string): BodyValue {
  const whole = parsed(text);
  if (whole !== undefined) {
    if (Array.isArray(whole)) return whole.length > 0 ? combined(whole, false) : { value: whole, cut: false };
    return isPiece(whole) ? joined([whole], false) : { value: whole, cut: false };
  }
  const rest = withoutKeepAlives(text);
  if (STREAM.test(rest)) {
    const { values, done } = eventsOf(rest);
    return values.length === 0 ? { value: undefined, cut: true } : combined(values, done);
  }
  const values = valuesOf(rest);
  return values.length === 0 ? NOTHING : combined(values, false);
}
