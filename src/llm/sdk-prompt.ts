/** Messages in the shape of the provider packages, which build the request of them. An answer goes back whole and in order. */
import type { LanguageModelV3Message, LanguageModelV3ToolResultPart, SharedV3ProviderMetadata } from '@ai-sdk/provider';
import type { AnswerPart, Message, ProviderData, ToolResult } from '../core/conversation/message.js';
import { fieldsOf } from '../core/fields.js';

type Assistant = Extract<LanguageModelV3Message, { role: 'assistant' }>;
type Options = { providerOptions?: SharedV3ProviderMetadata };

/**
 * `partsOf`: the name under which the wire keeps what it needs back; null: none. A conversation that went on with another model has parts of
 * the one before: its thoughts stay behind, and so does what only it can read.
 */
export function promptOf(messages: readonly Message[], partsOf: string | null): LanguageModelV3Message[] {
  return messages.map((message) => sentMessage(message, partsOf));
}

/** Thoughts without anything to prove them by go back where nothing is asked for: the chat wire. */
function goesBack({ type, providerData }: AnswerPart, partsOf: string | null): boolean {
  if (type !== 'reasoning' && type !== 'provider-result') return true;
  return partsOf === null ? providerData === undefined : providerData !== undefined && partsOf in providerData;
}

function sentMessage(message: Message, partsOf: string | null): LanguageModelV3Message {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.text };
    case 'user':
      return { role: 'user', content: message.parts.map(({ text }) => ({ type: 'text', text })) };
    case 'assistant':
      return { role: 'assistant', content: message.parts.filter((part) => goesBack(part, partsOf)).map(sentPart) };
    case 'tool':
      return { role: 'tool', content: message.results.map(sentResult) };
  }
}

function sentPart(part: AnswerPart): Assistant['content'][number] {
  const back = optionsOf(part.providerData);
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return { type: part.type, text: part.text, ...back };
    case 'tool-call': {
      const { id: toolCallId, name: toolName, input, byProvider } = part;
      return {
        ...{ type: 'tool-call', toolCallId, toolName, input: argumentsOf(input), ...back },
        ...(byProvider ? { providerExecuted: true } : {}),
      };
    }
    case 'provider-result': {
      const type = part.isError ? 'error-json' : 'json';
      const output: LanguageModelV3ToolResultPart['output'] = { type, value: part.result as never };
      return { type: 'tool-result', toolCallId: part.id, toolName: part.name, output, ...back };
    }
  }
}

/** Only one wire knows of errors as such: on the others they are text, so the text says it. */
function sentResult({ id, name, text, isError }: ToolResult): LanguageModelV3ToolResultPart {
  const output: LanguageModelV3ToolResultPart['output'] = isError
    ? { type: 'error-text', value: `ERROR: ${text}` }
    : { type: 'text', value: text };
  return { type: 'tool-result', toolCallId: id, toolName: name, output };
}

/** Arguments that are no JSON object go back empty: some wires would send them as a text, which others refuse. */
function argumentsOf(input: string): unknown {
  try {
    return fieldsOf(JSON.parse(input));
  } catch {
    return {};
  }
}

function optionsOf(data: ProviderData | undefined): Options {
  return data === undefined ? {} : { providerOptions: data as SharedV3ProviderMetadata };
}
