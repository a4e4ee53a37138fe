/** What a call with a schema asks its server for, by way of the provider packages, and what comes of it. */
import type { LanguageModelV3CallOptions } from '@ai-sdk/provider';
import { answerText } from '../core/conversation/message.js';
import type { ModelCall, ModelReply } from './port.js';
import type { Wire } from './wires/wire.js';

type PackageOptions = NonNullable<LanguageModelV3CallOptions['providerOptions']>;

/** Names that packages read their options under, of those that tell a strict schema from another. */
const STRICT_OPTIONS = ['openai', 'openaiCompatible'];

/** Name of the tool that a package has models call which keep to no schema otherwise. */
const FORMAT_TOOL = 'json';

/** Of each package both. */
function joined(wires: PackageOptions | undefined, ours: PackageOptions): PackageOptions {
  const names = [...new Set([...Object.keys(wires ?? {}), ...Object.keys(ours)])];
  return Object.fromEntries(names.map((name) => [name, { ...ours[name], ...wires?.[name] }]));
}

/** Options of the wire, and what the answer is to meet, as far as the server can be asked for it. */
export function formatOptions(
  wire: Wire,
  call: ModelCall,
): Pick<LanguageModelV3CallOptions, 'responseFormat' | 'providerOptions'> {
  const options = wire.options?.(call);
  const plain = options === undefined ? {} : { providerOptions: options };
  if (!call.answerSchema) return plain;
  const format = wire.answerFormat?.(call) ?? 'schema';
  if (format === 'text') return plain;
  if (format === 'object') return { ...plain, responseFormat: { type: 'json' } };
  const { name, schema, strict } = call.answerSchema;
  const strictOptions = Object.fromEntries(STRICT_OPTIONS.map((key) => [key, { strictJsonSchema: strict }]));
  return { responseFormat: { type: 'json', name, schema }, providerOptions: joined(options, strictOptions) };
}

/** The arguments of that tool are the answer. */
export function withoutFormatTool(reply: ModelReply, { answerSchema }: Pick<ModelCall, 'answerSchema'>): ModelReply {
  const { answer, finish } = reply;
  if (!answerSchema || typeof answer === 'string' || answerText(answer).trim() !== '') return reply;
  const call = answer.find((part) => part.type === 'tool-call' && part.name === FORMAT_TOOL && part.byProvider === undefined);
  if (call?.type !== 'tool-call') return reply;
  return { ...reply, answer: call.input, finish: finish === 'tool' ? 'stop' : finish };
}
