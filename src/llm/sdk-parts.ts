/** Messages and answers in the shapes of the provider packages, both ways: nothing is lost between an answer and the next question. */
import type {
  LanguageModelV3Content,
  LanguageModelV3Message,
  LanguageModelV3ToolResultPart,
  SharedV3ProviderMetadata,
} from '@ai-sdk/provider';
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

/** The parts of an answer that belong to the conversation; sources and files do not. */
export function answerPartsOf(content: readonly LanguageModelV3Content[]): AnswerPart[] {
  return content.flatMap((part): AnswerPart[] => {
    switch (part.type) {
      case 'text':
      case 'reasoning':
        return [{ type: part.type, text: part.text, ...dataOf(part.providerMetadata) }];
      case 'tool-call': {
        const { toolCallId: id, toolName: name, input, providerExecuted, providerMetadata } = part;
        return [
          { type: 'tool-call', id, name, input, ...(providerExecuted ? { byProvider: true } : {}), ...dataOf(providerMetadata) },
        ];
      }
      case 'tool-result': {
        const { toolCallId: id, toolName: name, result, providerMetadata } = part;
        return [{ type: 'provider-result', id, name, result, ...dataOf(providerMetadata) }];
      }
      default:
        return [];
    }
  });
}

function dataOf(metadata: SharedV3ProviderMetadata | undefined): { providerData?: ProviderData } {
  return metadata === undefined || Object.keys(metadata).length === 0 ? {} : { providerData: metadata };
}
