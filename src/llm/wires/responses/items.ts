/**
 * Items of a response as parts of an answer, with what must go back for the model to go on with its thoughts: the ids, the encrypted thoughts
 * and the phases of messages. Items of tools that the provider runs are left out: a request without them is whole.
 */
import { type Answer, type AnswerPart, answerOf, type ProviderData } from '../../../core/conversation/message.js';
import { type Fields, fieldsOf, textOf } from '../../../core/fields.js';

/** The name under which these fields are kept: that of the package which sends them back. */
export const PARTS_OF = 'openai';

/** What may go back as an id; one that a gateway made may be anything. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;

function idOf({ id }: Fields): string | null {
  return typeof id === 'string' && ID.test(id) ? id : null;
}

/** Parts of a message's content; a text is one. */
export function contentOf({ type, content }: Fields): Fields[] {
  if (type !== 'message') return [];
  if (typeof content === 'string') return [{ type: 'output_text', text: content }];
  return Array.isArray(content) ? content.map(fieldsOf) : [];
}

function messageText(item: Fields): string {
  const texts = contentOf(item).filter(({ type }) => type === 'output_text' || type === 'text');
  return texts.map(({ text }) => textOf(text)).join('');
}

/** What newer models say on the way: before a tool is called, or between. */
function isCommentary({ phase }: Fields): boolean {
  return phase === 'commentary';
}

function hasThoughts({ type, encrypted_content: encrypted }: Fields): boolean {
  return type === 'reasoning' && typeof encrypted === 'string' && encrypted !== '';
}

/** A part a summary: the package makes one item of those with the same id. Without an id they are one part, else they were several items. */
function thoughtParts(item: Fields): AnswerPart[] {
  const summary = Array.isArray(item['summary']) ? item['summary'].map((one) => textOf(fieldsOf(one)['text'])) : [];
  const itemId = idOf(item);
  const data = { ...(itemId === null ? {} : { itemId }), reasoningEncryptedContent: item['encrypted_content'] };
  const texts = itemId === null || summary.length === 0 ? [summary.join('\n\n')] : summary;
  return texts.map((text) => ({ type: 'reasoning', text, providerData: { [PARTS_OF]: data } }));
}

interface Around {
  /** A message belongs to the thoughts before it: its id may go back only with theirs. */
  thoughtsHaveIds: boolean;
  /** Some message is no commentary. */
  hasFinal: boolean;
}

function messagePart(item: Fields, { thoughtsHaveIds, hasFinal }: Around): AnswerPart[] {
  const text = messageText(item);
  if (text === '') return [];
  const itemId = thoughtsHaveIds ? idOf(item) : null;
  const phase = textOf(item['phase']);
  const data = { ...(itemId === null ? {} : { itemId }), ...(phase === '' ? {} : { phase }) };
  const providerData: ProviderData | null = Object.keys(data).length === 0 ? null : { [PARTS_OF]: data };
  const isAside = hasFinal && isCommentary(item);
  return [{ type: 'text', text, ...(isAside ? { isAside } : {}), ...(providerData === null ? {} : { providerData }) }];
}

function callPart(item: Fields, at: number): AnswerPart {
  const { call_id: callId, id, name, arguments: input } = item;
  // Some servers send arguments as an object.
  const text = typeof input === 'object' && input !== null ? JSON.stringify(input) : textOf(input);
  return { type: 'tool-call', id: textOf(callId) || textOf(id) || `call_${at + 1}`, name: textOf(name), input: text };
}

/**
 * Text alone needs nothing to go back with it. Thoughts are dropped that nobody can read and that cannot go back: without their encrypted form,
 * or with nothing after them that they led to.
 */
export function answerIn(items: readonly Fields[]): Answer {
  const end = items.findLastIndex((item) => item['type'] === 'function_call' || messageText(item) !== '');
  const kept = items.slice(0, end + 1);
  const thoughts = kept.filter(hasThoughts);
  const thoughtsHaveIds = thoughts.length > 0 && thoughts.every((item) => idOf(item) !== null);
  const isPlain = thoughts.length === 0 && !kept.some(({ type }) => type === 'function_call');
  if (isPlain && !kept.some(isCommentary)) return kept.map(messageText).join('');
  const hasFinal = kept.some((item) => messageText(item) !== '' && !isCommentary(item));
  return answerOf(
    kept.flatMap((item, at) => {
      if (item['type'] === 'message') return messagePart(item, { thoughtsHaveIds, hasFinal });
      if (item['type'] === 'function_call') return [callPart(item, at)];
      return hasThoughts(item) ? thoughtParts(item) : [];
    }),
  );
}
