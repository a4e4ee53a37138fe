/** Messages of a conversation, in parts: what goes to a model, and what it answered, whole and in order. Plain JSON. */

/**
 * What a provider gave with a part and needs back unchanged with it: signatures of thoughts, ids of items. By provider, as its package
 * names it; nobody else reads it.
 */
export type ProviderData = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Part {
  providerData?: ProviderData;
}

export interface TextPart extends Part {
  type: 'text';
  text: string;
  /** Said on the way to the answer, and no part of its text. */
  isAside?: true;
}

/** Thoughts of the model; the text may be empty where the provider keeps them hidden. */
export interface ReasoningPart extends Part {
  type: 'reasoning';
  text: string;
}

export interface ToolCallPart extends Part {
  type: 'tool-call';
  id: string;
  name: string;
  /** The arguments as the model wrote them: JSON as a rule. */
  input: string;
  /** The provider runs the tool itself; its result is another part of the same answer. */
  byProvider?: true;
}

/** Result of a tool that the provider ran. */
export interface ProviderResultPart extends Part {
  type: 'provider-result';
  id: string;
  name: string;
  result: unknown;
  /** The result says what went wrong. */
  isError?: true;
}

/** A part of an answer. */
export type AnswerPart = TextPart | ReasoningPart | ToolCallPart | ProviderResultPart;

/** What a tool call came to. */
export interface ToolResult {
  id: string;
  name: string;
  text: string;
  /** The text tells the model what went wrong. */
  isError?: true;
}

export type Message =
  | { role: 'system'; text: string }
  | { role: 'user'; parts: readonly TextPart[] }
  | { role: 'assistant'; parts: readonly AnswerPart[] }
  | { role: 'tool'; results: readonly ToolResult[] };

export function userMessage(text: string): Message {
  return { role: 'user', parts: [{ type: 'text', text }] };
}

/** An answer as it is stored: text alone is a text, anything more is its parts in their order. */
export type Answer = string | readonly AnswerPart[];

export function answerOf(parts: readonly AnswerPart[]): Answer {
  const [first] = parts;
  if (first === undefined) return '';
  return parts.length === 1 && first.type === 'text' && first.providerData === undefined ? first.text : parts;
}

export function answerParts(answer: Answer): readonly AnswerPart[] {
  return typeof answer === 'string' ? [{ type: 'text', text: answer }] : answer;
}

/** What people read of an answer: its text parts, joined, without what was said on the way. */
export function answerText(answer: Answer): string {
  if (typeof answer === 'string') return answer;
  let text = '';
  for (const part of answer) if (part.type === 'text' && part.isAside !== true) text += part.text;
  return text;
}

/** All text of a message, whoever reads it. */
export function messageText(message: Message): string {
  switch (message.role) {
    case 'system':
      return message.text;
    case 'tool':
      return message.results.map(({ text }) => text).join('');
    default:
      return answerText(message.parts);
  }
}

/** All texts of a message that a provider may count as input: also thoughts, arguments, results and what goes back unread. */
export function* countedTexts(message: Message): Generator<string, void> {
  if (message.role === 'system') yield message.text;
  else if (message.role === 'tool') for (const { name, text } of message.results) yield name + text;
  else for (const part of message.parts) yield* countedPart(part);
}

function* countedPart(part: AnswerPart): Generator<string, void> {
  if (part.type === 'tool-call') yield part.name + part.input;
  else if (part.type === 'provider-result') yield part.name + JSON.stringify(part.result ?? null);
  else yield part.text;
  if (part.providerData !== undefined) yield JSON.stringify(part.providerData);
}
