/** Messages and tools as Ollama's chat takes them (docs.ollama.com/api/chat, docs.ollama.com/capabilities/tool-calling, November 2026). */
import type { LanguageModelV3CallOptions, LanguageModelV3Message, LanguageModelV3Prompt } from '@ai-sdk/provider';
import { isFields } from '../../../core/fields.js';
import { isIdOfPlace } from './read.js';

export interface OllamaMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  thinking?: string;
  tool_calls?: { id?: string; type: 'function'; function: { index: number; name: string; arguments: object } }[];
  tool_name?: string;
  tool_call_id?: string;
}

type Assistant = Extract<LanguageModelV3Message, { role: 'assistant' }>;
type ToolMessage = Extract<LanguageModelV3Message, { role: 'tool' }>;
type Result = Extract<ToolMessage['content'][number], { type: 'tool-result' }>;

/** A message has one text and one chain of thoughts; which of them goes into the prompt again is up to the model's template. */
function assistantMessage({ content }: Assistant): OllamaMessage {
  const joined = (type: 'text' | 'reasoning') => content.map((part) => (part.type === type ? part.text : '')).join('');
  const thinking = joined('reasoning');
  const calls = content.filter((part) => part.type === 'tool-call');
  return {
    role: 'assistant',
    content: joined('text'),
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(sentCall) }),
  };
}

/** Only ids that the server gave go back: those of their place are ours, and older versions have none. */
function sentCall({ toolCallId, toolName, input }: { toolCallId: string; toolName: string; input: unknown }, index: number) {
  const id = isIdOfPlace(toolCallId) ? {} : { id: toolCallId };
  // Anything but an object is refused.
  return { ...id, type: 'function' as const, function: { index, name: toolName, arguments: isFields(input) ? input : {} } };
}

function resultText({ output }: Result): string {
  if (output.type === 'text' || output.type === 'error-text') return output.value;
  return JSON.stringify('value' in output ? output.value : output);
}

/** Ollama matches results with calls by name and place. */
function toolMessages({ content }: ToolMessage): OllamaMessage[] {
  const results = content.filter((part): part is Result => part.type === 'tool-result');
  return results.map((result) => ({
    role: 'tool',
    content: resultText(result),
    tool_name: result.toolName,
    ...(isIdOfPlace(result.toolCallId) ? {} : { tool_call_id: result.toolCallId }),
  }));
}

function sent(message: LanguageModelV3Message): OllamaMessage[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.content }];
    case 'user':
      return [{ role: 'user', content: message.content.map((part) => (part.type === 'text' ? part.text : '')).join('') }];
    case 'assistant':
      return [assistantMessage(message)];
    case 'tool':
      return toolMessages(message);
  }
}

export function messagesOf(prompt: LanguageModelV3Prompt): OllamaMessage[] {
  return prompt.flatMap(sent);
}

/** None where the model is to call none: the API has no field for a choice. */
export function toolsOf({ tools = [], toolChoice }: LanguageModelV3CallOptions): object[] {
  if (toolChoice?.type === 'none') return [];
  return tools.flatMap((tool) => {
    if (tool.type !== 'function') return [];
    const { name, description, inputSchema: parameters } = tool;
    return [{ type: 'function', function: { name, ...(description === undefined ? {} : { description }), parameters } }];
  });
}
