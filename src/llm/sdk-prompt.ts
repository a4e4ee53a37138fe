/** Messages in the shape of the provider packages, which build the request of them. An answer goes back whole and in order. */
import type { LanguageModelV3Message, LanguageModelV3ToolResultPart, SharedV3ProviderMetadata } from '@ai-sdk/provider';
import type { AnswerPart, Message, ProviderData, ToolResult } from '../core/conversation/message.js';

type Assistant = Extract<LanguageModelV3Message, { role: 'assistant' }>;
type Options = { providerOptions?: SharedV3ProviderMetadata };

export function promptOf(messages: readonly Message[]): LanguageModelV3Message[] {
  return messages.map(sentMessage);
}

function sentMessage(message: Message): LanguageModelV3Message {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.text };
    case 'user':
      return { role: 'user', content: message.parts.map(({ text }) => ({ type: 'text', text })) };
    case 'assistant':
      return { role: 'assistant', content: message.parts.map(sentPart) };
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
      const output: LanguageModelV3ToolResultPart['output'] = { type: 'json', value: part.result as never };
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

/** Arguments that are no JSON go back empty: some wires would send them as a text, which others refuse. */
function argumentsOf(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    return {};
  }
}

function optionsOf(data: ProviderData | undefined): Options {
  return data === undefined ? {} : { providerOptions: data as SharedV3ProviderMetadata };
}
